#pragma once
// Numbers that must not be taken for each other: a type for each.

#include <compare>
#include <concepts>
#include <cstdint>
#include <functional>
#include <string>

namespace adit {

template <class Tag, std::unsigned_integral Rep>
class StrongId {
 public:
  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep value) : value_{value} {}
  constexpr Rep value() const { return value_; }
  auto operator<=>(const StrongId&) const = default;

 private:
  Rep value_ = 0;
};

using Spi = StrongId<struct SpiTag, std::uint32_t>;                        // of AH or ESP, as read from a message
using InboundSpi = StrongId<struct InboundSpiTag, std::uint32_t>;          // we chose it; the peer sends with it
using OutboundSpi = StrongId<struct OutboundSpiTag, std::uint32_t>;        // the peer chose it; we send with it
using IkeSpi = StrongId<struct IkeSpiTag, std::uint64_t>;                  // RFC 7296 §2.6; 0 while not known
using MessageId = StrongId<struct MessageIdTag, std::uint32_t>;            // RFC 7296 §2.2
using IkeTunnelId = StrongId<struct IkeTunnelTag, std::uint64_t>;          // "K" number of the operators' reports
using DynamicTunnelId = StrongId<struct DynamicTunnelTag, std::uint64_t>;  // "Y" number
using ManualTunnelId = StrongId<struct ManualTunnelTag, std::uint64_t>;    // "M" number

/// The name of a TCP/IP stack: a network namespace with one stackd. Compared without case by the commands (-p).
struct StackName {
  std::string text;
  auto operator<=>(const StackName&) const = default;
};

}  // namespace adit

template <class Tag, std::unsigned_integral Rep>
struct std::hash<adit::StrongId<Tag, Rep>> {
  std::size_t operator()(adit::StrongId<Tag, Rep> id) const noexcept { return std::hash<Rep>{}(id.value()); }
};
template <>
struct std::hash<adit::StackName> {
  std::size_t operator()(const adit::StackName& name) const noexcept { return std::hash<std::string>{}(name.text); }
};
