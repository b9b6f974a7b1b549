#pragma once
// The one place that decides which rule a packet, a negotiation or a peer falls under. pagent, iked, stackd, `ipsec -t`
// and the tests all ask here.

#include <optional>
#include <string>

#include "policy/model.h"

namespace adit::policy {

/// How a packet meets the stack: its direction, and whether it is forwarded (reference §4.3).
struct PacketPath {
  Direction direction{};
  bool routed = false;
  std::uint8_t security_class = 0;
};

/// The first filter that matches (reference §4.1), or nothing: the implicit deny decides.
const Filter* first_match(const FilterPolicy& policy, const PacketSelectors& packet, const PacketPath& path);
bool matches(const Filter& filter, const PacketSelectors& packet, const PacketPath& path);

/// What of a packet a filter does not want, the first of them; nothing when the filter matches. For people who ask why.
enum class Mismatch : std::uint8_t {
  direction,
  routing,
  source,
  destination,
  protocol,
  source_port,
  destination_port,
  hidden_ports,  ///< the filter asks for ports, which a fragment does not show
  fragment,
  security_class,
  opens_connection
};
std::optional<Mismatch> mismatch(const Filter& filter, const PacketSelectors& packet, const PacketPath& path);

/// A selector of each side.
struct SelectorPair {
  TrafficSelector local, remote;
  auto operator<=>(const SelectorPair&) const = default;
};

/// What an SA carries: what goes from any of the one side to any of the other, and back (RFC 7296 §2.9). As a set: no
/// selector lies within another of its side, and they are in order, so that equal traffic compares equal.
struct Traffic {
  TrafficSelectors local, remote;
  static Traffic of(const TrafficSelectors& local, const TrafficSelectors& remote);
  static Traffic of(const SelectorPair& pair) { return {{pair.local}, {pair.remote}}; }
  bool carries(const PacketSelectors& outbound_packet) const { return carry(local, remote, outbound_packet); }
  bool contains(const Traffic& other) const;
  /// `10.1.0.0/24, 10.3.0.0/24 here, 10.2.0.0/24 there`
  std::string to_string() const;
  auto operator<=>(const Traffic&) const = default;
};

/// For the responder of a Child SA (reference §4.7): the first filter, in order, that has something in common with what
/// the peer proposes, its first selectors tried first; and with it all of the proposal that the filter's rule covers,
/// every selector of one side with every one of the other (RFC 7296 §2.9). Nothing when there is no such filter, or one
/// that is no dynamic IpSec rule and stands before it covers all that is proposed: of a part, packets decide
/// (docs/policy.md).
struct Narrowed {
  const Filter* filter = nullptr;  ///< the anchor, as an outbound filter
  Traffic traffic;                 ///< at most most_traffic_selectors on a side
};
std::optional<Narrowed> narrow(const FilterPolicy& policy, const TrafficSelectors& proposed_local,
                               const TrafficSelectors& proposed_remote,
                               const std::optional<Identity>& peer_for_filtering);

/// Whether the peer of an IKE SA may have an SA under the filter: its identity, asked only with FilterByIdentity Yes,
/// and where the SA ends (reference §3.3, §4.7). A peer is where it is seen from here, behind a NAT too.
bool is_meant_for(const Filter& filter, const std::optional<Identity>& peer_for_filtering);
bool ends_at(const Filter& filter, const IpAddress& peer);

/// For an SA that we start: by a packet (granularities of the filter's LocalStart, reference §4.8), or by a
/// LocalDynVpnRule, which must lie inside one dynamic filter.
SelectorPair selectors_for(const Filter& outbound_filter, const PacketSelectors& packet);
/// The packet's own selectors, which stand before those asked for (RFC 7296 §2.9): nothing where the packet lies
/// outside of `asked`, and no more of it than can be seen.
std::optional<SelectorPair> selectors_of(const PacketSelectors& packet, const SelectorPair& asked);
const Filter* anchor_for(const FilterPolicy& policy, const LocalDynVpnRule& rule);
/// The outbound dynamic filter of a rule by name that a packet matches; for Acquire.
const Filter* anchor_for(const FilterPolicy& policy, std::string_view rule_name, const PacketSelectors& packet);
/// An outbound dynamic filter of a rule by name whose filters together cover the traffic; for an SA that is there.
const Filter* anchor_for(const FilterPolicy& policy, std::string_view rule_name, const Traffic& traffic);

/// What is known of the two ends when a KeyExchangeRule is looked for; what is absent is no criterion (reference §5.1).
struct KeyExchangeSearch {
  std::optional<IpAddress> local_address, remote_address;
  std::optional<Identity> local_identity, remote_identity;
};
const KeyExchangeRule* find_rule(const KeyExchangePolicy& policy, const KeyExchangeSearch& known);

}  // namespace adit::policy
