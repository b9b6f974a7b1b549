// Filter rules that ask for tunnels, and the key exchange rules that would have to build them (reference §4.8, §5.1).

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "policy/identity_match.h"
#include "policy/lint/key_exchange_index.h"
#include "policy/lint/subject.h"
#include "policy/match.h"

namespace adit::policy::lint {
namespace {

bool may_start(const DynVpnAction& action) { return action.initiation != Initiation::remote_only; }
bool may_answer(const DynVpnAction& action) { return action.initiation != Initiation::local_only; }

/// The ends of a tunnel that this side starts: one address or a range of them, where the packets decide.
struct Ends {
  IpRange local, remote;
  std::optional<Identity> local_identity, remote_identity;
  auto operator<=>(const Ends&) const = default;

  static Ends of(const Filter& filter) {
    const LocalStart& start = *filter.local_start;
    return {.local = start.local_endpoint ? IpRange::of(*start.local_endpoint) : filter.source,
            .remote = start.remote_endpoint ? IpRange::of(*start.remote_endpoint) : filter.destination,
            .local_identity = start.local_identity,
            .remote_identity = start.remote_identity};
  }
};

const KeyExchangeRule* rule_for(KeyExchangeIndex& index, const KeyExchangePolicy& policy, const Ends& ends) {
  const auto all = static_cast<std::uint32_t>(policy.rules.size());
  for (const std::uint32_t number : index.meeting(ends.local, ends.remote, all)) {
    const KeyExchangeRule& rule = policy.rules[number];
    if (ends.local_identity && !same_identity(rule.local_identity, *ends.local_identity)) continue;
    if (!ends.remote_identity || rule.remote_identity.matches(*ends.remote_identity)) return &rule;
  }
  return nullptr;
}

std::string ends_text(const Ends& ends) {
  std::string text = ends.local.to_string() + " and " + ends.remote.to_string();
  if (ends.local_identity) text += ", local identity " + ends.local_identity->to_string();
  if (ends.remote_identity) text += ", remote identity " + ends.remote_identity->to_string();
  return text;
}

void check_tunnel(const Subject& subject, const Filter& filter, const KeyExchangeRule* rule, const Ends& ends,
                  Remarks& remarks) {
  const DynVpnAction& action = *filter.vpn;
  // A peer that starts comes from where it likes: any rule may serve it.
  const bool can_be_answered = may_answer(action) && !subject.policy.key_exchange.rules.empty();
  if (may_start(action) && rule == nullptr) {
    remarks.add(
        {.kind = Kind::tunnel_without_key_exchange,
         .at = filter.at,
         .other = std::nullopt,
         .problem = fmt::format("IpFilterRule {}: no KeyExchangeRule fits {}: this side cannot start its tunnels",
                                filter.rule, ends_text(ends)),
         .advice = can_be_answered ? "a KeyExchangeRule for these ends, or Initiation RemoteOnly if only the peer "
                                     "is to start"
                                   : "a KeyExchangeRule for these ends"});
  } else if (!may_start(action) && !can_be_answered) {
    remarks.add(
        {.kind = Kind::tunnel_without_key_exchange,
         .at = filter.at,
         .other = std::nullopt,
         .problem = fmt::format("IpFilterRule {}: there is no KeyExchangeRule to answer its peers", filter.rule),
         .advice = "a KeyExchangePolicy with a rule for them"});
  } else if (rule != nullptr && !may_answer(action) && rule->action->how_to_initiate == HowToInitiate::do_not) {
    remarks.add(
        {.kind = Kind::tunnel_cannot_start,
         .at = filter.at,
         .other = rule->action->at,
         .problem = fmt::format("IpFilterRule {}: IpDynVpnAction {} lets only this side start, KeyExchangeAction "
                                "{} has HowToInitiate DoNot",
                                filter.rule, action.name, rule->action->name),
         .advice = "HowToInitiate IKEv2, or Initiation Either"});
  }
  const bool on_demand = filter.local_start->allow_on_demand && may_start(action);
  if (on_demand && filter.routing != Routing::local && !filter.local_start->remote_endpoint &&
      !(rule != nullptr && rule->initiate_to)) {
    remarks.add({.kind = Kind::tunnel_without_endpoint,
                 .at = filter.at,
                 .other = std::nullopt,
                 .problem = fmt::format("IpFilterRule {}: forwarded packets may start its tunnels, and each packet's "
                                        "destination would be asked for one",
                                        filter.rule),
                 .advice = "RemoteSecurityEndpoint in an IpLocalStartAction of this rule"});
  }
}

}  // namespace

void check_tunnels(const Subject& subject, Remarks& remarks) {
  KeyExchangeIndex index{subject.policy.key_exchange.rules};
  std::map<Ends, const KeyExchangeRule*> known;  // many filters, few ends
  for (const Filter& filter : subject.policy.filter.filters) {
    if (filter.vpn == nullptr || filter.direction != Direction::outbound) continue;
    const Ends ends = Ends::of(filter);
    const auto [entry, is_new] = known.try_emplace(ends);
    if (is_new) entry->second = rule_for(index, subject.policy.key_exchange, ends);
    check_tunnel(subject, filter, entry->second, ends, remarks);
  }
}

void check_local_dyn_vpn(const Subject& subject, Remarks& remarks) {
  FilterPolicy always;  // without rules under a condition that leave nothing to activate; empty: there is none
  const auto only_blocks = [](const Filter& filter) { return filter.time != nullptr && filter.vpn == nullptr; };
  if (std::ranges::any_of(subject.policy.filter.filters, only_blocks)) {
    always = subject.policy.filter;
    std::erase_if(always.filters, only_blocks);
  }
  for (const LocalDynVpnRule& rule : subject.policy.local_dyn_vpn) {
    const Filter* anchor = anchor_for(subject.policy.filter, rule);
    // What an earlier rule takes at some times may be activated at the others.
    if (anchor == nullptr && !always.filters.empty()) anchor = anchor_for(always, rule);
    if (anchor == nullptr) {
      remarks.add(
          {.kind = Kind::local_dyn_vpn_without_anchor,
           .at = rule.at,
           .other = std::nullopt,
           .problem = fmt::format("LocalDynVpnRule {}: the first IpFilterRule that contains {} here, {} there has "
                                  "no IpDynVpnAction, or there is none",
                                  rule.name, rule.local.to_string(), rule.remote.to_string()),
           .advice = "an IpFilterRule with IpDynVpnAction whose addresses, protocol and ports contain it"});
    } else if (!may_start(*anchor->vpn)) {
      remarks.add({.kind = Kind::local_dyn_vpn_cannot_start,
                   .at = rule.at,
                   .other = anchor->vpn->at,
                   .problem = fmt::format("LocalDynVpnRule {}: IpDynVpnAction {} of IpFilterRule {} has Initiation "
                                          "RemoteOnly",
                                          rule.name, anchor->vpn->name, anchor->rule),
                   .advice = "Initiation Either or LocalOnly, or no LocalDynVpnRule for it"});
    }
  }
}

}  // namespace adit::policy::lint
