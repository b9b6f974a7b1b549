#pragma once
// The selector fields of an IP packet's octets (RFC 4301 §4.4.1.1). The octets may come from anybody.

#include <optional>

#include "base/traffic_selector.h"

namespace adit::stack {

/// IPv6 extension headers passed over at most on the way to the upper layer. More than that is no honest packet; what
/// stands behind them is taken for hidden.
inline constexpr unsigned most_extension_headers = 8;

/// Nothing for octets that are no IPv4 or IPv6 packet, or fewer than their length field says. What is missing of an
/// upper header, or lies in another fragment, gives ports_hidden.
std::optional<PacketSelectors> read_selectors(Bytes packet);

}  // namespace adit::stack
