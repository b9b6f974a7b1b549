#pragma once
// What stands before every packet on a TUN device opened with IFF_VNET_HDR: which checksum is still to be computed, and
// into what sizes a packet longer than the MTU is to be cut (virtio 1.2 §5.1.6, struct virtio_net_hdr).

#include <cstdint>
#include <cstring>

#include "base/bytes.h"

namespace adit::stack {

enum class GsoType : std::uint8_t { none = 0, tcp_v4 = 1, tcp_v6 = 4, udp = 5 };

/// In the machine's byte order, as Linux has it unless told otherwise (TUNSETVNETBE, TUNSETVNETLE).
struct OffloadHeader {
  static constexpr std::size_t size = 10;
  static constexpr std::uint8_t needs_checksum = 1;  // of flags
  static constexpr std::uint8_t ecn = 0x80;          // of gso_type: the packet carries CWR

  std::uint8_t flags = 0;
  std::uint8_t gso_type = 0;
  std::uint16_t header_size = 0;
  std::uint16_t segment_size = 0;     ///< octets of payload in each segment but the last
  std::uint16_t checksum_start = 0;   ///< where the transport header begins
  std::uint16_t checksum_offset = 0;  ///< from there to the field

  static OffloadHeader read(const std::uint8_t* at) {
    OffloadHeader header;
    std::memcpy(&header, at, size);
    return header;
  }
  void write(std::uint8_t* at) const { std::memcpy(at, this, size); }
  GsoType type() const { return static_cast<GsoType>(gso_type & ~ecn); }
  bool operator==(const OffloadHeader&) const = default;
};
static_assert(sizeof(OffloadHeader) == OffloadHeader::size);

}  // namespace adit::stack
