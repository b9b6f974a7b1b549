#pragma once
// Explicit congestion notification through a tunnel (RFC 6040, normal mode), which RFC 7296 §2.24 asks of every tunnel.

#include <cstdint>
#include <optional>

namespace adit::stack {

enum class Ecn : std::uint8_t { not_capable = 0, ect1 = 1, ect0 = 2, congested = 3 };

constexpr Ecn ecn_of(std::uint8_t traffic_class) { return static_cast<Ecn>(traffic_class & 3); }
constexpr std::uint8_t dscp_bits(std::uint8_t traffic_class) { return traffic_class & 0xfc; }

/// The mark of the packet that leaves the tunnel (RFC 6040 §4.2, figure 4); nothing: it must be dropped.
constexpr std::optional<Ecn> decapsulated(Ecn inner, Ecn outer) {
  if (outer == Ecn::congested) {
    if (inner == Ecn::not_capable) return std::nullopt;
    return Ecn::congested;
  }
  if (inner == Ecn::ect0 && outer == Ecn::ect1) return Ecn::ect1;
  return inner;
}

}  // namespace adit::stack
