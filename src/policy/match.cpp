#include "policy/match.h"

#include <algorithm>

#include "policy/identity_match.h"

namespace adit::policy {
namespace {

// Selectors of a peer that are looked at, on each side: its proposal must not cost more than a bounded search. Real
// peers send the packet's own and one or two wide ones (RFC 7296 §2.9).
constexpr std::size_t most_selectors = 16;

bool fits_service(const Filter& filter, const PacketSelectors& packet) {
  const ServiceSelector& service = filter.service;
  if (service.opaque) return packet.ports_hidden;
  if (service.protocol != IpProtocol::any && service.protocol != packet.protocol) return false;
  if (service.source_ports.is_all() && service.destination_ports.is_all()) return true;
  // A later fragment shows no ports: it falls to rules that ask for none.
  if (packet.ports_hidden) return false;
  return service.source_ports.contains(packet.source_port) &&
         service.destination_ports.contains(packet.destination_port);
}

bool fits_traffic(const Filter& filter, const PacketSelectors& packet) {
  if (!filter.source.contains(packet.source) || !filter.destination.contains(packet.destination)) return false;
  return fits_service(filter, packet) && (!filter.fragments_only || packet.is_fragment);
}

// A connection that must be opened from outside is not opened by a packet that leaves, and the other way round.
bool opens_the_wrong_way(const Filter& filter, const PacketSelectors& packet) {
  if (!packet.opens_connection || filter.connect == ConnectQualifier::none) return false;
  const bool leaves = filter.direction == Direction::outbound;
  return filter.connect == (leaves ? ConnectQualifier::inbound : ConnectQualifier::outbound);
}

bool fits_routing(Routing wanted, const PacketPath& path) {
  return wanted == Routing::either || wanted == (path.routed ? Routing::routed : Routing::local);
}

bool is_anchor(const Filter& filter) { return filter.action == FilterAction::ipsec && filter.vpn != nullptr; }

bool contains(const Filter& filter, const SelectorPair& pair) {
  return filter.local_selector().contains(pair.local) && filter.remote_selector().contains(pair.remote);
}

std::optional<SelectorPair> intersection(const Filter& filter, const SelectorPair& pair) {
  const auto local = filter.local_selector().intersection(pair.local);
  const auto remote = filter.remote_selector().intersection(pair.remote);
  if (!local || !remote) return std::nullopt;
  // One SA has one protocol: where only one side names it, it holds for both.
  const std::uint8_t protocol = std::max(local->protocol, remote->protocol);
  const bool is_one = (local->protocol == protocol || local->protocol == IpProtocol::any) &&
                      (remote->protocol == protocol || remote->protocol == IpProtocol::any);
  if (!is_one) return std::nullopt;
  SelectorPair common{*local, *remote};
  common.local.protocol = common.remote.protocol = protocol;
  return common;
}

// Whether the identity of the peer lets it use the filter; asked only with FilterByIdentity Yes.
bool is_meant_for(const Filter& filter, const std::optional<Identity>& peer) {
  return !peer || !filter.remote_identity || same_identity(*filter.remote_identity, *peer);
}

// The filter that decides about a pairing, and what of it an SA may carry.
std::optional<NarrowedSelectors> narrow_pair(const FilterPolicy& policy, const SelectorPair& proposed,
                                             const std::optional<Identity>& peer) {
  for (const Filter& filter : policy.filters) {
    if (filter.direction != Direction::outbound || filter.fragments_only || !is_meant_for(filter, peer)) continue;
    // A permit or deny rule that covers a part, such as the one for IKE itself, takes that part out of the SA's traffic
    // when packets are matched; only one that covers all of it leaves nothing to protect.
    if (!is_anchor(filter)) {
      if (contains(filter, proposed)) return std::nullopt;
      continue;
    }
    if (auto common = intersection(filter, proposed)) return NarrowedSelectors{&filter, *std::move(common)};
  }
  return std::nullopt;
}

}  // namespace

bool matches(const Filter& filter, const PacketSelectors& packet, const PacketPath& path) {
  if (filter.direction != path.direction || !fits_routing(filter.routing, path)) return false;
  if (filter.security_class != 0 && filter.security_class != path.security_class) return false;
  return fits_traffic(filter, packet) && !opens_the_wrong_way(filter, packet);
}

const Filter* first_match(const FilterPolicy& policy, const PacketSelectors& packet, const PacketPath& path) {
  const auto found =
      std::ranges::find_if(policy.filters, [&](const Filter& filter) { return matches(filter, packet, path); });
  return found == policy.filters.end() ? nullptr : &*found;
}

std::optional<NarrowedSelectors> narrow(const FilterPolicy& policy, const TrafficSelectors& proposed_local,
                                        const TrafficSelectors& proposed_remote,
                                        const std::optional<Identity>& peer_for_filtering) {
  const std::size_t locals = std::min(proposed_local.size(), most_selectors);
  const std::size_t remotes = std::min(proposed_remote.size(), most_selectors);
  std::optional<NarrowedSelectors> best;
  for (std::size_t i = 0; i < locals; ++i) {
    for (std::size_t j = 0; j < remotes; ++j) {
      const SelectorPair proposed{proposed_local[i], proposed_remote[j]};
      if (!best) {
        best = narrow_pair(policy, proposed, peer_for_filtering);
        continue;
      }
      // The first pairing is the packet's own; a wider one under the same filter serves it, and its followers, too.
      const auto wider = intersection(*best->filter, proposed);
      if (wider && wider->local.contains(best->selectors.local) && wider->remote.contains(best->selectors.remote)) {
        best->selectors = *wider;
      }
    }
  }
  return best;
}

SelectorPair selectors_for(const Filter& outbound_filter, const PacketSelectors& packet) {
  static const LocalStart by_packet;
  const LocalStart& start = outbound_filter.local_start != nullptr ? *outbound_filter.local_start : by_packet;
  SelectorPair pair{outbound_filter.local_selector(), outbound_filter.remote_selector()};
  if (start.local_address == Granularity::packet) pair.local.addresses = IpRange::of(packet.source);
  if (start.remote_address == Granularity::packet) pair.remote.addresses = IpRange::of(packet.destination);
  if (start.protocol == Granularity::packet) pair.local.protocol = pair.remote.protocol = packet.protocol;
  if (!packet.ports_hidden && pair.local.protocol != IpProtocol::any) {
    if (start.local_port == Granularity::packet) pair.local.ports = PortRange::of(packet.source_port);
    if (start.remote_port == Granularity::packet) pair.remote.ports = PortRange::of(packet.destination_port);
  }
  return pair;
}

const Filter* anchor_for(const FilterPolicy& policy, const LocalDynVpnRule& rule) {
  const SelectorPair wanted{rule.local, rule.remote};
  for (const Filter& filter : policy.filters) {
    if (filter.direction != Direction::outbound || filter.fragments_only || !contains(filter, wanted)) continue;
    return is_anchor(filter) ? &filter : nullptr;
  }
  return nullptr;
}

const Filter* anchor_for(const FilterPolicy& policy, std::string_view rule_name, const PacketSelectors& packet) {
  const auto found = std::ranges::find_if(policy.filters, [&](const Filter& filter) {
    return filter.direction == Direction::outbound && filter.rule == rule_name && is_anchor(filter) &&
           fits_traffic(filter, packet);
  });
  return found == policy.filters.end() ? nullptr : &*found;
}

const KeyExchangeRule* find_rule(const KeyExchangePolicy& policy, const KeyExchangeSearch& known) {
  const auto lies_in = [](const std::vector<IpRange>& locations, const std::optional<IpAddress>& address) {
    if (!address || locations.empty()) return true;
    return std::ranges::any_of(locations, [&](const IpRange& range) { return range.contains(*address); });
  };
  const auto found = std::ranges::find_if(policy.rules, [&](const KeyExchangeRule& rule) {
    if (!lies_in(rule.local_locations, known.local_address)) return false;
    if (!lies_in(rule.remote_locations, known.remote_address)) return false;
    if (known.local_identity && !same_identity(rule.local_identity, *known.local_identity)) return false;
    return !known.remote_identity || rule.remote_identity.matches(*known.remote_identity);
  });
  return found == policy.rules.end() ? nullptr : &*found;
}

}  // namespace adit::policy
