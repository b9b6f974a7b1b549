#pragma once
// The conditions of one filter as an nftables expression.

#include <optional>
#include <string>

#include "policy/model.h"
#include "stack/nftables_ruleset.h"

namespace adit::stack {

/// A set of the dimensions of a filter.
struct Dimensions {
  unsigned bits = 0;
  constexpr Dimensions operator|(Dimensions other) const { return {bits | other.bits}; }
  constexpr Dimensions operator&(Dimensions other) const { return {bits & other.bits}; }
  constexpr Dimensions without(Dimensions other) const { return {bits & ~other.bits}; }
  constexpr bool has(Dimensions one) const { return (bits & one.bits) != 0; }
  constexpr bool empty() const { return bits == 0; }
  auto operator<=>(const Dimensions&) const = default;

  static constexpr Dimensions all();
};
inline constexpr Dimensions by_source{1}, by_destination{2}, by_protocol{4}, by_source_port{8}, by_destination_port{16};
inline constexpr Dimensions by_address = by_source | by_destination;
constexpr Dimensions Dimensions::all() { return by_address | by_protocol | by_source_port | by_destination_port; }

/// With a blank at its end. Nothing for a filter that can match no packet: a security class that no interface has.
std::optional<std::string> match_expression(const policy::Filter& filter, const RulesetOptions& options);
/// What is left to ask of a packet that fits in the dimensions `known`: empty when nothing is.
std::string remaining_expression(const policy::Filter& filter, const RulesetOptions& options, Dimensions known);
/// TCP and UDP have two ports; the types of other protocols stand in both ranges.
bool has_ports(const policy::ServiceSelector& service);
/// The dimensions in which the filter has one value, and a packet that shows it fits.
Dimensions single_dimensions(const policy::Filter& filter);

/// `{ "eth0", "eth1" }`, those of a class; not of a class that no interface has.
std::string interfaces_of(std::uint8_t security_class, const RulesetOptions& options);

/// `10.2.0.0/16`, `10.2.0.1-10.2.0.9`
std::string address_text(const IpRange& range);

}  // namespace adit::stack
