#include "policy/agreement/play.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "policy/agreement/child.h"
#include "policy/agreement/manual.h"
#include "policy/agreement/moments.h"
#include "policy/agreement/representative.h"
#include "policy/in_force.h"
#include "policy/match.h"

namespace adit::policy::agreement {
namespace {

/// What starts a tunnel: packets of a rule, or a LocalDynVpnRule.
struct Beginning {
  std::string name;
  SourceRange at;
  Wish wish;
  std::optional<PacketSelectors> packet;  ///< that stands for those of the rule
};

/// What of a range a KeyExchangeRule's locations allow.
std::optional<IpRange> allowed(const std::vector<IpRange>& locations, const IpRange& range) {
  if (locations.empty()) return range;
  for (const IpRange& location : locations) {
    if (const auto common = location.intersection(range)) return common;
  }
  return std::nullopt;
}

PacketSelectors packet_of(const Filter& filter, const KeyExchangePolicy& policy) {
  IpRange source = filter.source;
  IpRange destination = filter.destination;
  const LocalStart& start = *filter.local_start;
  for (const KeyExchangeRule& rule : policy.rules) {
    const auto from = start.local_endpoint ? std::optional{source} : allowed(rule.local_locations, source);
    const auto to = start.remote_endpoint ? std::optional{destination} : allowed(rule.remote_locations, destination);
    if (!from || !to) continue;
    source = *from;
    destination = *to;
    break;
  }
  return {.source = representative(source),
          .destination = representative(destination),
          .protocol = filter.service.protocol,
          .source_port = filter.service.source_ports.first,
          .destination_port = filter.service.destination_ports.first};
}

std::vector<Beginning> beginnings(const PolicySnapshot& policy) {
  std::vector<Beginning> found;
  for (const Filter& filter : policy.filter.filters) {
    if (found.size() >= most_tunnels) return found;
    const bool is_anchor = filter.vpn != nullptr && filter.direction == Direction::outbound;
    if (!is_anchor || filter.vpn->initiation == Initiation::remote_only) continue;
    const PacketSelectors packet = packet_of(filter, policy.key_exchange);
    const std::string part = filter.extension > 1 ? fmt::format(" filter {}", filter.extension) : "";
    found.push_back({.name = fmt::format("IpFilterRule {}{}", filter.rule, part),
                     .at = filter.at,
                     .wish = {.filter = &filter, .selectors = selectors_for(filter, packet)},
                     .packet = packet});
  }
  for (const LocalDynVpnRule& rule : policy.local_dyn_vpn) {
    if (found.size() >= most_tunnels) return found;
    const Filter* anchor = anchor_for(policy.filter, rule);
    if (anchor == nullptr || anchor->vpn->initiation == Initiation::remote_only) continue;
    found.push_back({.name = fmt::format("LocalDynVpnRule {}", rule.name),
                     .at = rule.at,
                     .wish = {.filter = anchor, .selectors = {rule.local, rule.remote}},
                     .packet = std::nullopt});
  }
  return found;
}

std::string version_of(HowToInitiate how) {
  switch (how) {
    case HowToInitiate::main:
      return "IKEv1 Main";
    case HowToInitiate::aggressive:
      return "IKEv1 Aggressive";
    case HowToInitiate::ikev2:
      return "IKEv2";
    case HowToInitiate::do_not:
      return "DoNot";
  }
  return "?";
}

/// The rule and the addresses that the initiator begins with, as the engine finds them (reference §4.8, §5.1).
struct Start {
  const KeyExchangeRule* rule = nullptr;
  std::optional<IpAddress> local, remote;
};

Start start_of(const PolicySnapshot& policy, const Beginning& beginning) {
  const LocalStart& begin = *beginning.wish.filter->local_start;
  const auto single = [](const TrafficSelector& selector) {
    return selector.addresses.is_single() ? std::optional{selector.addresses.first} : std::nullopt;
  };
  Start start{.local = begin.local_endpoint, .remote = begin.remote_endpoint};
  if (!start.local)
    start.local = beginning.packet ? std::optional{beginning.packet->source} : single(beginning.wish.selectors.local);
  if (!start.remote) {
    start.remote =
        beginning.packet ? std::optional{beginning.packet->destination} : single(beginning.wish.selectors.remote);
  }
  start.rule = find_rule(policy.key_exchange, {.local_address = start.local,
                                               .remote_address = start.remote,
                                               .local_identity = begin.local_identity,
                                               .remote_identity = begin.remote_identity});
  if (start.rule == nullptr) return start;
  if (!begin.remote_endpoint && start.rule->initiate_to) {
    start.remote = IpAddress::parse(*start.rule->initiate_to);
  }
  const auto& locations = start.rule->local_locations;
  if (!start.local && locations.size() == 1 && locations.front().is_single()) start.local = locations.front().first;
  return start;
}

bool may_begin(const Start& start) {
  return start.rule == nullptr || start.rule->action->how_to_initiate != HowToInitiate::do_not;
}

/// Whether a side may start what the other one only answers: a tunnel between the same two addresses, where known.
bool starts_towards(const PolicySnapshot& policy, const std::vector<Beginning>& own, const Start& other) {
  const auto may_be = [](const std::optional<IpAddress>& one, const std::optional<IpAddress>& another) {
    return !one || !another || *one == *another;
  };
  return std::ranges::any_of(own, [&](const Beginning& beginning) {
    const Start start = start_of(policy, beginning);
    return start.rule != nullptr && may_begin(start) && may_be(start.local, other.remote) &&
           may_be(start.remote, other.local);
  });
}

Outcome outcome_of(const Side& initiator, const Side& responder, const Beginning& beginning) {
  Outcome outcome{.tunnel = beginning.name, .at = beginning.at};
  const Start start = start_of(initiator.policy, beginning);
  const auto text = [](const std::optional<IpAddress>& address) {
    return address ? address->to_string() : "an address unknown";
  };
  outcome.ends = fmt::format("{} to {}", text(start.local), text(start.remote));
  const auto fail = [&](std::string what, std::string result, std::optional<SourceRange> at) {
    outcome.steps.push_back({.what = std::move(what),
                             .agreed = false,
                             .result = std::move(result),
                             .initiator = std::move(at),
                             .responder = std::nullopt});
    return outcome;
  };
  if (start.rule == nullptr) return fail("rules by address", "no KeyExchangeRule here fits these ends", beginning.at);
  const HowToInitiate how = start.rule->action->how_to_initiate;
  outcome.version = version_of(how);
  if (how == HowToInitiate::do_not) {
    return fail(
        "start",
        fmt::format("neither side starts: KeyExchangeAction {} here has HowToInitiate DoNot", start.rule->action->name),
        start.rule->action->at);
  }
  if (!start.local || !start.remote) {
    return fail("start", "nothing says which address to start with", start.rule->at);
  }
  const Ends ends{.initiator = *start.local, .responder = *start.remote};
  const bool is_v2 = how == HowToInitiate::ikev2;
  const MetRules rules = is_v2 ? play_v2(*start.rule, responder, ends, outcome.steps)
                               : play_v1(initiator, *start.rule, responder, ends, outcome.steps);
  if (rules.responder != nullptr) {
    play_child(is_v2 ? IkeVersion::v2 : IkeVersion::v1, beginning.wish, responder, rules, ends, outcome.steps);
  }
  return outcome;
}

}  // namespace

namespace {

std::vector<Outcome> play_at_one_time(const Side& initiator, const Side& responder) {
  std::vector<Outcome> outcomes;
  std::optional<std::vector<Beginning>> of_responder;
  for (const Beginning& beginning : beginnings(initiator.policy)) {
    // HowToInitiate DoNot is as Initiation RemoteOnly, while the other side starts.
    if (const Start start = start_of(initiator.policy, beginning); !may_begin(start)) {
      if (!of_responder) of_responder = beginnings(responder.policy);
      if (starts_towards(responder.policy, *of_responder, start)) continue;
    }
    outcomes.push_back(outcome_of(initiator, responder, beginning));
  }
  for (const auto& tunnel : manual_tunnels(initiator.policy.filter)) {
    if (outcomes.size() >= most_tunnels) break;
    outcomes.push_back(play_manual(initiator.policy, *tunnel, responder.policy));
  }
  return outcomes;
}

PolicyPointer at_moment(const PolicySnapshot& policy, const CalendarTime& moment) {
  return in_force(std::make_shared<const PolicySnapshot>(policy), moment);
}

}  // namespace

std::vector<Outcome> play(const Side& initiator, const Side& responder) {
  const std::vector<CalendarTime> times = moments(initiator.policy, responder.policy);
  if (times.empty()) return play_at_one_time(initiator, responder);
  // Of each tunnel what it comes to, each outcome at the first moment that has it.
  std::vector<std::vector<Outcome>> tunnels;
  for (const CalendarTime& moment : times) {
    const PolicyPointer here = at_moment(initiator.policy, moment);
    const PolicyPointer there = at_moment(responder.policy, moment);
    for (Outcome& outcome : play_at_one_time({*here, initiator.origins}, {*there, responder.origins})) {
      const auto is_it = [&](const std::vector<Outcome>& known) {
        return known.front().tunnel == outcome.tunnel && known.front().at == outcome.at;
      };
      auto tunnel = std::ranges::find_if(tunnels, is_it);
      if (tunnel == tunnels.end()) tunnel = tunnels.insert(tunnels.end(), std::vector<Outcome>{});
      const auto is_same = [&](const Outcome& known) {
        return known.ends == outcome.ends && known.steps == outcome.steps;
      };
      if (std::ranges::any_of(*tunnel, is_same)) continue;
      outcome.when = moment_text(moment);
      tunnel->push_back(std::move(outcome));
    }
  }
  std::vector<Outcome> outcomes;
  for (std::vector<Outcome>& tunnel : tunnels) {
    if (tunnel.size() == 1) tunnel.front().when.clear();
    std::ranges::move(tunnel, std::back_inserter(outcomes));
  }
  return outcomes;
}

}  // namespace adit::policy::agreement
