#pragma once
// The IPv6 headers before AH, put together again: a raw socket gives what follows them, and tells of them apart
// (RFC 3542 §4, §6 to §9). AH covers them (RFC 4302 §3.3.3.1.2).

#include <cstdint>

#include "base/bytes.h"

namespace adit::stack::user {

struct ReceivedDatagram;

/// Extension headers in the order in which the kernel tells of them, which is theirs in the packet.
struct ExtensionHeaders {
  std::uint16_t size = 0;       ///< octets of all
  std::uint16_t last_at = 0;    ///< where the last begins
  std::uint8_t first_type = 0;  ///< what the IPv6 header calls the first
  bool too_many = false;        ///< more than receive_headroom has room for

  /// Adds one behind those in `kept`, and names it in the one before: a Fragment header between has gone with
  /// reassembly.
  void keep(std::uint8_t type, Bytes header, MutableBytes kept);
};

/// Makes a datagram of AH the whole packet: the IPv6 header and the extension headers in its headroom. Of one with more
/// than fits, nothing.
void put_back_ipv6_headers(ReceivedDatagram& datagram);

}  // namespace adit::stack::user
