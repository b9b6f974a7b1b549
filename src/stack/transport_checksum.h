#pragma once
// The checksum of TCP and UDP (RFC 9293 §3.1, RFC 768, RFC 8200 §8.1), fast enough to be run over every octet that
// passes.

#include <cstdint>

#include "base/bytes.h"

namespace adit::stack {

/// The ones' complement sum of octets as 16-bit words in network order, not inverted. At most 65 535 octets.
std::uint16_t ones_complement_sum(Bytes octets);
/// The sum of two sums.
std::uint16_t ones_complement_add(std::uint16_t a, std::uint16_t b);

/// The sum of the pseudo header: addresses of the IP header at `ip` (4 or 6 by its version), protocol, length.
std::uint16_t pseudo_header_sum(const std::uint8_t* ip, std::uint8_t protocol, std::size_t transport_size);
/// The sum over pseudo header and transport part: 0xffff when the checksum in it is right.
std::uint16_t transport_sum(const std::uint8_t* ip, std::uint8_t protocol, Bytes transport);

}  // namespace adit::stack
