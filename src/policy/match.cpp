#include "policy/match.h"

#include <algorithm>

#include "policy/identity_match.h"

namespace adit::policy {
namespace {

// Selectors of a peer that are looked at, on each side, and parts of them that are tried: its proposal must not cost
// more than a bounded search. Real peers send the packet's own and a few wide ones (RFC 7296 §2.9).
constexpr std::size_t most_proposed = most_traffic_selectors;
constexpr std::size_t most_tried = 32;

std::optional<Mismatch> service_mismatch(const Filter& filter, const PacketSelectors& packet) {
  const ServiceSelector& service = filter.service;
  if (service.opaque) return packet.ports_hidden ? std::nullopt : std::optional{Mismatch::fragment};
  if (service.protocol != IpProtocol::any && service.protocol != packet.protocol) return Mismatch::protocol;
  if (service.source_ports.is_all() && service.destination_ports.is_all()) return std::nullopt;
  // A later fragment shows no ports: it falls to rules that ask for none.
  if (packet.ports_hidden) return Mismatch::hidden_ports;
  if (!service.source_ports.contains(packet.source_port)) return Mismatch::source_port;
  if (!service.destination_ports.contains(packet.destination_port)) return Mismatch::destination_port;
  return std::nullopt;
}

std::optional<Mismatch> traffic_mismatch(const Filter& filter, const PacketSelectors& packet) {
  if (!filter.source.contains(packet.source)) return Mismatch::source;
  if (!filter.destination.contains(packet.destination)) return Mismatch::destination;
  if (const auto service = service_mismatch(filter, packet)) return service;
  return filter.fragments_only && !packet.is_fragment ? std::optional{Mismatch::fragment} : std::nullopt;
}

bool fits_traffic(const Filter& filter, const PacketSelectors& packet) { return !traffic_mismatch(filter, packet); }

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

// What two selectors of an SA make together: one protocol. Where only one side names it, it holds for both; where each
// names another, no packet belongs to both.
std::optional<SelectorPair> of_one_protocol(const SelectorPair& pair) {
  const std::uint8_t protocol = std::max(pair.local.protocol, pair.remote.protocol);  // any is 0
  const bool is_one = (pair.local.protocol == protocol || pair.local.protocol == IpProtocol::any) &&
                      (pair.remote.protocol == protocol || pair.remote.protocol == IpProtocol::any);
  if (!is_one) return std::nullopt;
  SelectorPair common = pair;
  common.local.protocol = common.remote.protocol = protocol;
  return common;
}

std::optional<SelectorPair> intersection(const Filter& filter, const SelectorPair& pair) {
  const auto local = filter.local_selector().intersection(pair.local);
  const auto remote = filter.remote_selector().intersection(pair.remote);
  if (!local || !remote) return std::nullopt;
  return of_one_protocol({*local, *remote});
}

// The filter that decides about a pairing, and what of it an SA may carry.
struct Decided {
  const Filter* filter;
  SelectorPair common;
};
std::optional<Decided> decide(const FilterPolicy& policy, const SelectorPair& proposed,
                              const std::optional<Identity>& peer) {
  for (const Filter& filter : policy.filters) {
    if (filter.direction != Direction::outbound || filter.fragments_only || !is_meant_for(filter, peer)) continue;
    // A permit or deny rule that covers a part, such as the one for IKE itself, takes that part out of the SA's traffic
    // when packets are matched; only one that covers all of it leaves nothing to protect.
    if (!is_anchor(filter)) {
      if (contains(filter, proposed)) return std::nullopt;
      continue;
    }
    if (auto common = intersection(filter, proposed)) return Decided{&filter, *std::move(common)};
  }
  return std::nullopt;
}

bool lies_in(const TrafficSelector& selector, const TrafficSelectors& others) {
  return std::ranges::any_of(others, [&](const TrafficSelector& other) { return other.contains(selector); });
}

/// Whether the others hold all of it together: a peer may answer with one range where it was asked for two that adjoin
/// (RFC 7296 §2.9 has it choose a subset of all that is proposed).
bool lies_in_all_of(TrafficSelector selector, const TrafficSelectors& others) {
  IpRange& rest = selector.addresses;
  for (const IpAddress last = rest.last;;) {
    rest.last = rest.first;  // what holds the lowest address that is left reaches how far?
    std::optional<IpAddress> reached;
    for (const TrafficSelector& other : others) {
      if (other.contains(selector) && reached < other.addresses.last) reached = other.addresses.last;
    }
    if (!reached) return false;
    if (*reached >= last) return true;
    rest.first = *reached->next();
  }
}

void add(TrafficSelectors& selectors, const TrafficSelector& one) {
  std::erase_if(selectors, [&](const TrafficSelector& other) { return one.contains(other); });
  selectors.push_back(one);
}

// Grows what one pairing has begun by all that is proposed and falls under the same rule.
class Narrowing {
 public:
  Narrowing(const FilterPolicy& policy, const std::optional<Identity>& peer, const Decided& first)
      : policy_{policy}, peer_{peer}, first_{first}, traffic_{Traffic::of(first.common)} {}

  void grow(const TrafficSelectors& proposed_local, const TrafficSelectors& proposed_remote) {
    grow(traffic_.local, proposed_local, &Filter::local_selector,
         [this](const TrafficSelector& local) { return goes_with_all(local, traffic_.remote, Side::local); });
    grow(traffic_.remote, proposed_remote, &Filter::remote_selector,
         [this](const TrafficSelector& remote) { return goes_with_all(remote, traffic_.local, Side::remote); });
  }
  Traffic take() {
    name_protocol(traffic_.local, traffic_.remote);
    name_protocol(traffic_.remote, traffic_.local);
    return Traffic::of(traffic_.local, traffic_.remote);
  }

 private:
  enum class Side : std::uint8_t { local, remote };

  void grow(TrafficSelectors& selectors, const TrafficSelectors& proposed,
            TrafficSelector (Filter::*selector_of)() const, const auto& may_be_added) {
    std::size_t tried = 0;
    for (std::size_t i = 0; i < std::min(proposed.size(), most_proposed); ++i) {
      for (const Filter& filter : policy_.filters) {
        if (!is_of_rule(filter)) continue;
        const auto common = (filter.*selector_of)().intersection(proposed[i]);
        if (!common || lies_in(*common, selectors)) continue;
        if (tried++ == most_tried) return;
        if (!may_be_added(*common)) continue;
        add(selectors, *common);
        if (selectors.size() == most_traffic_selectors) return;
      }
    }
  }
  bool is_of_rule(const Filter& filter) const {
    return filter.direction == Direction::outbound && filter.rule == first_.filter->rule && is_anchor(filter) &&
           !filter.fragments_only;
  }
  // An SA carries every pairing of its selectors: each must fall under its rule as a whole (RFC 7296 §2.9.1).
  bool goes_with_all(const TrafficSelector& one, const TrafficSelectors& others, Side side) const {
    return std::ranges::all_of(others, [&](const TrafficSelector& other) {
      const auto pair = of_one_protocol(side == Side::local ? SelectorPair{one, other} : SelectorPair{other, one});
      if (!pair) return true;  // no packet is of both
      return falls_under_rule(*pair);
    });
  }
  bool falls_under_rule(const SelectorPair& pair) const {
    for (const Filter& filter : policy_.filters) {
      if (filter.direction != Direction::outbound || filter.fragments_only || !is_meant_for(filter, peer_)) continue;
      if (is_of_rule(filter)) {
        if (contains(filter, pair)) return true;
      } else if (is_anchor(filter) ? intersection(filter, pair).has_value() : contains(filter, pair)) {
        return false;
      }
    }
    return false;
  }
  // For peers that want one protocol to stand on both sides.
  static void name_protocol(TrafficSelectors& selectors, const TrafficSelectors& others) {
    const std::uint8_t protocol = others.front().protocol;
    if (!std::ranges::all_of(others, [&](const TrafficSelector& other) { return other.protocol == protocol; })) return;
    for (TrafficSelector& selector : selectors) {
      if (selector.protocol == IpProtocol::any) selector.protocol = protocol;
    }
  }

  const FilterPolicy& policy_;
  const std::optional<Identity>& peer_;
  const Decided& first_;
  Traffic traffic_;
};

}  // namespace

std::optional<Mismatch> mismatch(const Filter& filter, const PacketSelectors& packet, const PacketPath& path) {
  if (filter.direction != path.direction) return Mismatch::direction;
  if (!fits_routing(filter.routing, path)) return Mismatch::routing;
  if (const auto traffic = traffic_mismatch(filter, packet)) return traffic;
  if (filter.security_class != 0 && filter.security_class != path.security_class) return Mismatch::security_class;
  return opens_the_wrong_way(filter, packet) ? std::optional{Mismatch::opens_connection} : std::nullopt;
}

bool matches(const Filter& filter, const PacketSelectors& packet, const PacketPath& path) {
  return !mismatch(filter, packet, path);
}

const Filter* first_match(const FilterPolicy& policy, const PacketSelectors& packet, const PacketPath& path) {
  const auto found =
      std::ranges::find_if(policy.filters, [&](const Filter& filter) { return matches(filter, packet, path); });
  return found == policy.filters.end() ? nullptr : &*found;
}

Traffic Traffic::of(const TrafficSelectors& local, const TrafficSelectors& remote) {
  const auto as_set = [](const TrafficSelectors& selectors) {
    TrafficSelectors set;
    for (const TrafficSelector& one : selectors) {
      if (!lies_in(one, set)) add(set, one);
    }
    std::ranges::sort(set);
    return set;
  };
  return {as_set(local), as_set(remote)};
}

bool Traffic::contains(const Traffic& other) const {
  const auto all_lie_in = [](const TrafficSelectors& selectors, const TrafficSelectors& others) {
    return std::ranges::all_of(selectors, [&](const TrafficSelector& one) { return lies_in_all_of(one, others); });
  };
  return all_lie_in(other.local, local) && all_lie_in(other.remote, remote);
}

std::string Traffic::to_string() const {
  return adit::to_string(local) + " here, " + adit::to_string(remote) + " there";
}

bool is_meant_for(const Filter& filter, const std::optional<Identity>& peer_for_filtering) {
  return !peer_for_filtering || !filter.remote_identity || filter.remote_identity->matches(*peer_for_filtering);
}

bool ends_at(const Filter& filter, const IpAddress& peer) {
  return !filter.local_start || !filter.local_start->remote_endpoint || filter.local_start->remote_endpoint == peer;
}

std::optional<Narrowed> narrow(const FilterPolicy& policy, const TrafficSelectors& proposed_local,
                               const TrafficSelectors& proposed_remote,
                               const std::optional<Identity>& peer_for_filtering) {
  const std::size_t locals = std::min(proposed_local.size(), most_proposed);
  const std::size_t remotes = std::min(proposed_remote.size(), most_proposed);
  for (std::size_t i = 0; i < locals; ++i) {
    for (std::size_t j = 0; j < remotes; ++j) {
      const auto first = decide(policy, {proposed_local[i], proposed_remote[j]}, peer_for_filtering);
      if (!first) continue;
      Narrowing narrowing{policy, peer_for_filtering, *first};
      narrowing.grow(proposed_local, proposed_remote);
      return Narrowed{first->filter, narrowing.take()};
    }
  }
  return std::nullopt;
}

namespace {

/// What granularity says of type and code, for the protocol of the packet. OSPF has none: its packets stay on one link.
struct TypeGranularity {
  Granularity type = Granularity::rule, code = Granularity::rule;
};
TypeGranularity type_granularity(const LocalStart& start, std::uint8_t protocol) {
  switch (protocol) {
    case IpProtocol::icmp:
      return {start.icmp_type, start.icmp_code};
    case IpProtocol::icmpv6:
      return {start.icmpv6_type, start.icmpv6_code};
    case IpProtocol::mobility:
      return {start.mipv6_type};
    default:
      return {};
  }
}

// The packet's type, with its code or with all codes that the rule has of it, as far as they are one range.
PortRange types_for(const PortRange& of_rule, const PacketSelectors& packet, TypeGranularity granularity) {
  const auto code_is = [&](std::uint16_t code) {
    return static_cast<std::uint16_t>((packet.source_port & 0xff00) | code);
  };
  const bool has_code = packet.protocol != IpProtocol::mobility;
  const bool is_one_type = of_rule.first >> 8 == of_rule.last >> 8;
  if (granularity.code == Granularity::packet && (granularity.type == Granularity::packet || is_one_type)) {
    return PortRange::of(packet.source_port);
  }
  if (granularity.type != Granularity::packet) return of_rule;
  if (!has_code) return PortRange::of(packet.source_port);
  return {std::max(of_rule.first, code_is(0)), std::min(of_rule.last, code_is(0xff))};
}

}  // namespace

SelectorPair selectors_for(const Filter& outbound_filter, const PacketSelectors& packet) {
  static const LocalStart by_packet;
  const LocalStart& start = outbound_filter.local_start != nullptr ? *outbound_filter.local_start : by_packet;
  SelectorPair pair{outbound_filter.local_selector(), outbound_filter.remote_selector()};
  if (start.local_address == Granularity::packet) pair.local.addresses = IpRange::of(packet.source);
  if (start.remote_address == Granularity::packet) pair.remote.addresses = IpRange::of(packet.destination);
  if (start.protocol == Granularity::packet) pair.local.protocol = pair.remote.protocol = packet.protocol;
  const bool has_ports = !packet.ports_hidden && upper_fields(packet.protocol) == UpperFields::ports;
  if (has_ports && pair.local.protocol != IpProtocol::any) {
    if (start.local_port == Granularity::packet) pair.local.ports = PortRange::of(packet.source_port);
    if (start.remote_port == Granularity::packet) pair.remote.ports = PortRange::of(packet.destination_port);
  }
  const bool has_type = !packet.ports_hidden && upper_fields(packet.protocol) == UpperFields::type;
  if (has_type && pair.local.protocol != IpProtocol::any && pair.local.ports.contains(packet.source_port)) {
    pair.local.ports = types_for(pair.local.ports, packet, type_granularity(start, packet.protocol));
  }
  return pair;
}

std::optional<SelectorPair> selectors_of(const PacketSelectors& packet, const SelectorPair& asked) {
  TrafficSelector local{
      .protocol = packet.protocol, .ports = asked.local.ports, .addresses = IpRange::of(packet.source)};
  TrafficSelector remote{
      .protocol = packet.protocol, .ports = asked.remote.ports, .addresses = IpRange::of(packet.destination)};
  if (!packet.ports_hidden && upper_fields(packet.protocol) != UpperFields::none) {
    local.ports = PortRange::of(packet.source_port);
    remote.ports = PortRange::of(packet.destination_port);
  }
  if (!asked.local.contains(local) || !asked.remote.contains(remote)) return std::nullopt;
  return SelectorPair{local, remote};
}

const Filter* anchor_for(const FilterPolicy& policy, const LocalDynVpnRule& rule) {
  const SelectorPair wanted{rule.local, rule.remote};
  for (const Filter& filter : policy.filters) {
    if (filter.direction != Direction::outbound || filter.fragments_only) continue;
    // Addresses first: they tell most filters apart, and a policy may have ten thousand of them and of such rules.
    if (!filter.source.contains(rule.local.addresses) || !filter.destination.contains(rule.remote.addresses)) continue;
    if (!contains(filter, wanted)) continue;
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

const Filter* anchor_for(const FilterPolicy& policy, std::string_view rule_name, const Traffic& traffic) {
  const Filter* anchor = nullptr;
  for (const TrafficSelector& local : traffic.local) {
    for (const TrafficSelector& remote : traffic.remote) {
      const auto pair = of_one_protocol({local, remote});
      if (!pair) continue;
      const auto found = std::ranges::find_if(policy.filters, [&](const Filter& filter) {
        return filter.direction == Direction::outbound && filter.rule == rule_name && is_anchor(filter) &&
               contains(filter, *pair);
      });
      if (found == policy.filters.end()) return nullptr;
      if (anchor == nullptr) anchor = &*found;
    }
  }
  return anchor;
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
