#include "policy/agreement/child.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "policy/agreement/differences.h"

namespace adit::policy::agreement {
namespace {

using Mode = EncapsulationChoice;

std::string name_of(Mode mode) {
  switch (mode) {
    case Mode::tunnel:
      return "Tunnel";
    case Mode::transport:
      return "Transport";
    case Mode::either:
      return "Either";
  }
  return "?";
}

std::string text_of(const SelectorPair& pair) { return Traffic::of(pair).to_string(); }

/// Transport mode is between the security endpoints themselves (RFC 4301 §4.1).
bool is_between(const Ends& ends, const Traffic& traffic) {
  const auto is_all_at = [](const TrafficSelectors& selectors, const IpAddress& address) {
    return std::ranges::all_of(
        selectors, [&](const TrafficSelector& selector) { return selector.addresses == IpRange::of(address); });
  };
  return is_all_at(traffic.local, ends.initiator) && is_all_at(traffic.remote, ends.responder);
}

/// The responder's filter, and the traffic as the initiator sees it.
struct Agreed {
  const Filter* filter = nullptr;
  Traffic traffic;
};

std::optional<Agreed> narrow_traffic(IkeVersion version, const Wish& wish, const Side& responder, const MetRules& rules,
                                     const Ends& ends, std::vector<Step>& steps) {
  const auto peer =
      rules.responder->action->filter_by_identity ? std::optional{rules.initiator->local_identity} : std::nullopt;
  const auto narrowed = narrow(responder.policy.filter, {wish.selectors.remote}, {wish.selectors.local}, peer);
  Step step{.what = "traffic", .initiator = wish.filter->at};
  if (!narrowed) {
    const bool has_tunnels = std::ranges::any_of(responder.policy.filter.filters,
                                                 [](const Filter& filter) { return filter.vpn != nullptr; });
    step.result =
        fmt::format("{}: {}", text_of(wish.selectors),
                    has_tunnels ? "no IpFilterRule with IpDynVpnAction there takes it, or one without comes first"
                                : "no IpFilterRule there has an IpDynVpnAction");
    steps.push_back(std::move(step));
    return std::nullopt;
  }
  const Filter& filter = *narrowed->filter;
  const Traffic traffic{.local = narrowed->traffic.remote, .remote = narrowed->traffic.local};
  const bool is_whole = traffic == Traffic::of(wish.selectors);
  step.responder = filter.at;
  const auto responder_as_filtered =
      rules.initiator->action->filter_by_identity ? std::optional{rules.responder->local_identity} : std::nullopt;
  if (!is_meant_for(*wish.filter, responder_as_filtered)) {
    step.result = fmt::format("IpFilterRule {} is for peers with RemoteIdentity {}, the responder has another one",
                              wish.filter->rule, wish.filter->remote_identity->text);
  } else if (!ends_at(filter, ends.initiator)) {
    step.result = fmt::format("IpFilterRule {} there is for the security endpoint {}, the initiator is {}", filter.rule,
                              filter.local_start->remote_endpoint->to_string(), ends.initiator.to_string());
  } else if (filter.vpn->initiation == Initiation::local_only) {
    step.result = fmt::format("IpDynVpnAction {} there has Initiation LocalOnly", filter.vpn->name);
  } else if (version == IkeVersion::v1 && !is_whole) {
    step.result =
        fmt::format("asked for {}; IpFilterRule {} there has {}, and IKEv1 cannot narrow", text_of(wish.selectors),
                    filter.rule, text_of({filter.remote_selector(), filter.local_selector()}));
  } else {
    step.agreed = true;
    step.result = traffic.to_string();
    if (!is_whole) step.result += fmt::format(", narrowed from {}", text_of(wish.selectors));
  }
  const bool agreed = step.agreed;
  steps.push_back(std::move(step));
  if (!agreed) return std::nullopt;
  return Agreed{.filter = &filter, .traffic = traffic};
}

/// IKEv2: USE_TRANSPORT_MODE asked for and answered (RFC 7296 §1.3.1).
bool agree_on_mode(const Wish& wish, const Agreed& agreed, const Ends& ends, std::vector<Step>& steps) {
  const DynVpnAction& here = *wish.filter->vpn;
  const DynVpnAction& there = *agreed.filter->vpn;
  const bool can = is_between(ends, agreed.traffic);
  const bool asked = here.how_to_encap_ikev2 == Mode::transport ||
                     (here.how_to_encap_ikev2 == Mode::either && is_between(ends, Traffic::of(wish.selectors)));
  const bool granted = asked && can && there.how_to_encap_ikev2 != Mode::tunnel;
  const bool refused_there = there.how_to_encap_ikev2 == Mode::transport && !granted;
  const bool refused_here = here.how_to_encap_ikev2 == Mode::transport && !granted;
  Step step{.what = "mode", .agreed = !refused_here && !refused_there, .initiator = here.at, .responder = there.at};
  step.result = granted ? "Transport" : "Tunnel";
  if (!step.agreed) {
    step.result = fmt::format("HowToEncapIKEv2: {} here, {} there", name_of(here.how_to_encap_ikev2),
                              name_of(there.how_to_encap_ikev2));
    if (!can) step.result += "; the traffic is not between the security endpoints alone";
  }
  steps.push_back(std::move(step));
  return steps.back().agreed;
}

Attributes attributes_of(const DataOffer& offer, IkeVersion version) {
  Attributes list = {{"protocol", offer.is_bundle() ? "AH and ESP"
                                  : offer.ah        ? "AH"
                                                    : "ESP"},
                     {"cipher", to_string(offer.encryption, offer.key_bits)},
                     {"integrity", offer.integrity == IntegrityId::none ? "None" : to_string(offer.integrity)}};
  if (version == IkeVersion::v1) list.emplace_back("mode", name_of(offer.how_to_encap));
  return list;
}

/// The offers of an action that can be made for this traffic.
struct Offers {
  std::vector<Attributes> attributes;
  std::vector<const DataOffer*> offers;

  Offers(const DynVpnAction& action, IkeVersion version, bool can_be_transport) {
    for (const DataOffer& offer : action.offers) {
      if (version == IkeVersion::v1 && offer.how_to_encap == Mode::transport && !can_be_transport) continue;
      if (version == IkeVersion::v2 && offer.is_bundle()) continue;  // a proposal is for one protocol (RFC 7296 §3.3)
      offers.push_back(&offer);
      attributes.push_back(attributes_of(offer, version));
    }
  }
};

bool takes_life(const DataOffer& proposed, const DataOffer& accepted) {
  return proposed.lifetime >= accepted.lifetime_least && proposed.lifetime <= accepted.lifetime_most;
}

bool agree_on_protection(IkeVersion version, const Wish& wish, const Agreed& agreed, const Ends& ends,
                         std::vector<Step>& steps) {
  const bool can_be_transport = is_between(ends, agreed.traffic);
  const Offers here{*wish.filter->vpn, version, can_be_transport};
  const Offers there{*agreed.filter->vpn, version, can_be_transport};
  Step step{.what = "child proposal", .initiator = wish.filter->vpn->at, .responder = agreed.filter->vpn->at};
  if (here.offers.empty() || there.offers.empty()) {
    const bool is_here = here.offers.empty();
    const DynVpnAction& without = is_here ? *wish.filter->vpn : *agreed.filter->vpn;
    const bool has_bundle = std::ranges::any_of(without.offers, &DataOffer::is_bundle);
    step.result = fmt::format("no IpDataOffer {} that fits this traffic{}", is_here ? "here" : "there",
                              version == IkeVersion::v2 && has_bundle ? "; AH with encryption is IKEv1's alone" : "");
    steps.push_back(std::move(step));
    return false;
  }
  const auto take = [&](std::size_t i, std::size_t j) {
    step.initiator = here.offers[i]->at;
    step.responder = there.offers[j]->at;
    step.agreed = version == IkeVersion::v2 || takes_life(*here.offers[i], *there.offers[j]);
    step.result = step.agreed ? listed(here.attributes[i])
                              : fmt::format("lifetime: {} minutes here, {} to {} accepted there",
                                            here.offers[i]->lifetime.count(), there.offers[j]->lifetime_least.count(),
                                            there.offers[j]->lifetime_most.count());
    return step.agreed;
  };
  // IKEv2: the responder's order of preference; IKEv1: the proposer's.
  const bool by_responder = version == IkeVersion::v2;
  const Offers& outer = by_responder ? there : here;
  const Offers& inner = by_responder ? here : there;
  for (std::size_t a = 0; a < outer.offers.size() && !step.agreed; ++a) {
    for (std::size_t b = 0; b < inner.offers.size() && !step.agreed; ++b) {
      if (outer.attributes[a] == inner.attributes[b]) take(by_responder ? b : a, by_responder ? a : b);
    }
  }
  if (step.result.empty()) {
    const auto [i, j] = nearest_pair(here.attributes, there.attributes);
    step.initiator = here.offers[i]->at;
    step.responder = there.offers[j]->at;
    step.result = differences(here.attributes[i], there.attributes[j]);
  }
  steps.push_back(std::move(step));
  return steps.back().agreed;
}

std::string text_of(GroupId group) {
  return group == GroupId::none ? "None" : fmt::format("Group{}", std::to_underlying(group));
}

std::string refused_group(const DynVpnAction& asks, const DynVpnAction& answers, std::string_view who) {
  if (std::ranges::find(answers.acceptable_pfs, asks.initiate_with_pfs) != answers.acceptable_pfs.end()) return {};
  return fmt::format("InitiateWithPfs {} of {}, {}, is not among AcceptablePfs of {}", text_of(asks.initiate_with_pfs),
                     asks.name, who, answers.name);
}

/// Either end may rekey a Child SA (RFC 7296 §2.8); quick mode asks for its group at once.
void agree_on_pfs(IkeVersion version, const Wish& wish, const Agreed& agreed, std::vector<Step>& steps) {
  const DynVpnAction& here = *wish.filter->vpn;
  const DynVpnAction& there = *agreed.filter->vpn;
  Step step{.what = version == IkeVersion::v1 ? "PFS" : "PFS of rekeying", .initiator = here.at, .responder = there.at};
  step.result = refused_group(here, there, "here");
  if (step.result.empty() && version == IkeVersion::v2) step.result = refused_group(there, here, "there");
  step.agreed = step.result.empty();
  if (step.agreed) {
    step.result = fmt::format("{} here, {} there", text_of(here.initiate_with_pfs), text_of(there.initiate_with_pfs));
  }
  steps.push_back(std::move(step));
}

}  // namespace

void play_child(IkeVersion version, const Wish& wish, const Side& responder, const MetRules& rules, const Ends& ends,
                std::vector<Step>& steps) {
  const auto agreed = narrow_traffic(version, wish, responder, rules, ends, steps);
  if (!agreed) return;
  if (version == IkeVersion::v2 && !agree_on_mode(wish, *agreed, ends, steps)) return;
  if (!agree_on_protection(version, wish, *agreed, ends, steps)) return;
  agree_on_pfs(version, wish, *agreed, steps);
}

}  // namespace adit::policy::agreement
