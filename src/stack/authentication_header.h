#pragma once
// The Authentication Header (RFC 4302 §2): its octets, and where it stands among the headers of a packet (§3.1).

#include <cstdint>
#include <expected>
#include <optional>

#include "base/ip_address.h"
#include "stack/drop.h"

namespace adit::stack {

/// Headers that stand before AH at most: 60 octets of IPv4 with options; of IPv6, 40 and as much of extension headers
/// as anybody puts before an upper layer.
inline constexpr std::size_t most_before_ah = 128;

struct AuthenticationHeader {
  static constexpr std::size_t fixed_size = 12;  ///< of the part before the ICV

  std::uint8_t next_header = 0;
  std::size_t size = 0;  ///< with the ICV and its padding
  std::uint32_t spi = 0, sequence = 0;

  /// Nothing when it claims less than its fixed part or more than there is.
  static std::optional<AuthenticationHeader> read(Bytes octets);
  /// Writes `size` octets; the ICV as zeros, which also are the padding.
  void write(std::uint8_t* at) const;
};

/// Size of the whole header: a multiple of 32 bits in IPv4, of 64 in IPv6 (§3.3.3.2.1). `icv_field` octets of ICV, with
/// GMAC's IV.
std::size_t ah_size(IpFamily family, std::size_t icv_field);

/// An IPv4 identification for AH to cover: other than 0, which a raw socket would fill in with another (raw(7)).
constexpr std::uint16_t covered_identification(std::uint64_t sequence) {
  return static_cast<std::uint16_t>(1 + sequence % 0xffff);
}

/// The headers before AH.
struct HeadersBeforeAh {
  std::size_t size = 0;            ///< octets
  std::size_t next_header_at = 0;  ///< of the field that says what follows them
};

/// Where AH is put into a packet in transport mode (§3.1.1): after what routers on the way read. Drop::fragment,
/// Drop::malformed; Drop::unsupported_header when they are too long, or the packet still has stops before it.
std::expected<HeadersBeforeAh, Drop> place_of_ah(Bytes packet);
/// Where AH stands in a packet that came in. Nothing when it has none behind the headers that may precede it.
std::optional<HeadersBeforeAh> find_ah(Bytes packet);

}  // namespace adit::stack
