#pragma once
// The one place that decides which rule a packet, a negotiation or a peer falls under. pagent, iked, stackd, `ipsec -t`
// and the tests all ask here.

#include <optional>

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

/// The pair of selectors that an SA may carry under a filter.
struct SelectorPair {
  TrafficSelector local, remote;
  auto operator<=>(const SelectorPair&) const = default;
};

/// For the responder of a Child SA (reference §4.7): the first filter, in order, that intersects what the peer
/// proposes, and the intersection: one contiguous pairing, the most specific selectors of the peer (RFC 7296 §2.9)
/// tried first. Nothing when no filter intersects, or one that is no dynamic IpSec rule and stands before it covers all
/// that is proposed: of a part, packets decide (docs/policy.md).
struct NarrowedSelectors {
  const Filter* filter = nullptr;  ///< the anchor, as an outbound filter
  SelectorPair selectors;
};
std::optional<NarrowedSelectors> narrow(const FilterPolicy& policy, const TrafficSelectors& proposed_local,
                                        const TrafficSelectors& proposed_remote,
                                        const std::optional<Identity>& peer_for_filtering);

/// For an SA that we start: by a packet (granularities of the filter's LocalStart, reference §4.8), or by a
/// LocalDynVpnRule, which must lie inside one dynamic filter.
SelectorPair selectors_for(const Filter& outbound_filter, const PacketSelectors& packet);
const Filter* anchor_for(const FilterPolicy& policy, const LocalDynVpnRule& rule);
/// The outbound dynamic filter of a rule by name that a packet matches; for Acquire.
const Filter* anchor_for(const FilterPolicy& policy, std::string_view rule_name, const PacketSelectors& packet);

/// What is known of the two ends when a KeyExchangeRule is looked for; what is absent is no criterion (reference §5.1).
struct KeyExchangeSearch {
  std::optional<IpAddress> local_address, remote_address;
  std::optional<Identity> local_identity, remote_identity;
};
const KeyExchangeRule* find_rule(const KeyExchangePolicy& policy, const KeyExchangeSearch& known);

}  // namespace adit::policy
