// How tunnels begin on this side: by traffic, by command, by AutoActivate.

#include <algorithm>

#include "ike/engine/state.h"
#include "ike/v1/quick_mode.h"
#include "ike/v2/proposals.h"
#include "ike/v2/requests.h"
#include "ike/v2/sa_init.h"
#include "policy/match.h"

namespace adit::ike {

namespace {

constexpr std::uint16_t ike_port = 500;
constexpr std::size_t most_parts = 256;  // tunnels asked for with the same selectors, each narrowed by the peer

using Status = OperatorAnswer::Status;

std::string y_name(DynamicTunnelId id) { return "Y" + std::to_string(id.value()); }

std::optional<IpAddress> single(const TrafficSelector& selector) {
  return selector.addresses.is_single() ? std::optional{selector.addresses.first} : std::nullopt;
}

}  // namespace

v2::IkeSa* Engine::State::find_for(const StackName& stack, const IpAddress& local, const IpAddress& remote,
                                   const policy::KeyExchangeRule& rule) {
  const PathKey key{stack, local, remote};
  for (auto entry = by_path_.lower_bound({key, IkeSpi{}}); entry != by_path_.end() && entry->first == key; ++entry) {
    v2::IkeSa* sa = find(entry->second);
    if (sa == nullptr || sa->rule->name != rule.name || sa->reauthenticated_by) continue;
    const bool can_take_more =
        sa->state == v2::SaState::established || (sa->role == Role::initiator && sa->state < v2::SaState::half_open);
    if (can_take_more) return sa;
  }
  return nullptr;
}

v2::IkeSa& Engine::State::enter(std::unique_ptr<v2::IkeSa> sa) {
  v2::IkeSa& added = *sa;
  added.path_local = added.local.address;
  added.path_remote = added.remote.address;
  by_path_.emplace(PathKey{added.stack, added.local.address, added.remote.address}, added.our_spi());
  by_tunnel_.emplace(added.tunnel, added.our_spi());
  newest_of_tunnel_.emplace(added.tunnel, added.our_spi());
  if (added.local_identity && added.remote_identity) {  // a successor's
    by_peer_.emplace(PeerKey{added.stack, *added.local_identity, *added.remote_identity}, added.our_spi());
  }
  sas_.emplace(added.our_spi(), std::move(sa));
  return added;
}

std::vector<DynamicTunnelId> Engine::State::parts_of(const TrafficKey& traffic) const {
  std::vector<DynamicTunnelId> known;
  for (auto entry = by_traffic_.lower_bound({traffic, DynamicTunnelId{}});
       entry != by_traffic_.end() && entry->first == traffic && known.size() < most_parts; ++entry) {
    known.push_back(entry->second);
  }
  return known;
}

std::optional<DynamicTunnelId> Engine::State::tunnel_for(const TrafficKey& traffic,
                                                         const std::optional<PacketSelectors>& packet) const {
  const std::vector<DynamicTunnelId> known = parts_of(traffic);
  if (known.empty()) return std::nullopt;
  // The peer may have narrowed to a part without the packet (RFC 7296 §2.9): that gets a tunnel of its own.
  const auto carries = [&](const v2::ChildSa* child) {
    return child != nullptr && (!packet || child->traffic.carries(*packet));
  };
  const auto serves = [&](DynamicTunnelId tunnel) {
    if (tunnels_.at(tunnel).pending != 0) return true;
    for (auto owner = owners_.lower_bound({tunnel, 0}); owner != owners_.end() && owner->first.tunnel == tunnel;
         ++owner) {
      const auto v1_owner = phase1_sas_.find(owner->second);
      if (v1_owner == phase1_sas_.end()) {
        if (carries(sas_.at(owner->second)->find_child(owner->first))) return true;
      } else if (carries(v1_owner->second->find_child(owner->first)) &&
                 !v1::is_stalled(*v1_owner->second, owner->first)) {
        return true;
      }
    }
    return false;
  };
  const auto found = std::ranges::find_if(known, serves);
  return found == known.end() ? std::nullopt : std::optional{*found};
}

OperatorAnswer Engine::State::start(const StackName& stack, Start wanted) {
  const policy::PolicyPointer policy = policy_of(stack);
  if (wanted.filter == nullptr || wanted.filter->vpn == nullptr) return {Status::no_filter_rule, "no IpDynVpnAction"};
  const policy::Filter& filter = *wanted.filter;
  if (filter.vpn->offers.empty()) return {Status::no_data_offer, filter.vpn->name};
  if (filter.vpn->initiation == policy::Initiation::remote_only) {
    return {Status::forbidden, "IpDynVpnAction " + filter.vpn->name + " has Initiation RemoteOnly"};
  }
  const TrafficKey traffic{stack, policy::Traffic::of(wanted.selectors)};
  if (const auto known = tunnel_for(traffic, wanted.packet)) {
    if (wanted.activation == Activation::automatic) {  // whoever began it: when it ends, the rule's turn comes
      tunnels_.at(*known).auto_activate = true;
      tunnels_.at(*known).rule = wanted.local_dyn_vpn_rule;
    }
    return {Status::already, y_name(*known)};
  }
  if (parts_of(traffic).size() >= most_parts) {
    return {Status::forbidden,
            "the peer has made " + std::to_string(most_parts) + " parts of this traffic, and none is for the packet"};
  }

  const policy::LocalStart& begin = *filter.local_start;
  if (begin.unknown_host) return {Status::forbidden, "no address was found for host " + *begin.unknown_host};
  std::optional<IpAddress> local = begin.local_endpoint;
  std::optional<IpAddress> remote = begin.remote_endpoint;
  if (!local) local = wanted.packet ? std::optional{wanted.packet->source} : single(wanted.selectors.local);
  if (!remote) remote = wanted.packet ? std::optional{wanted.packet->destination} : single(wanted.selectors.remote);
  const policy::KeyExchangeRule* rule =
      policy::find_rule(policy->key_exchange, {.local_address = local,
                                               .remote_address = remote,
                                               .local_identity = begin.local_identity,
                                               .remote_identity = begin.remote_identity});
  if (rule == nullptr) {
    return {Status::no_key_exchange_rule, "none for " + (local ? local->to_string() : "any address") + " and " +
                                              (remote ? remote->to_string() : "any address")};
  }
  if (!begin.remote_endpoint && rule->initiate_to) {
    remote = IpAddress::parse(*rule->initiate_to);
    if (!remote) return {Status::forbidden, "no address was found for host " + *rule->initiate_to};
  }
  if (!local && rule->local_locations.size() == 1 && rule->local_locations.front().is_single()) {
    local = rule->local_locations.front().first;
  }
  if (!local || !remote) {
    return {Status::forbidden, "KeyExchangeRule " + rule->name + ": the security endpoint's address is not known"};
  }

  using How = policy::HowToInitiate;
  const How how = rule->action->how_to_initiate;
  const bool by_v1 = how == How::main || how == How::aggressive;
  // With DoNot an SA that the peer began may still take what is wished for.
  v2::IkeSa* sa = by_v1 ? nullptr : find_for(stack, *local, *remote, *rule);
  const bool under_v1 =
      by_v1 || (sa == nullptr && how == How::do_not && find_phase1_for(stack, *local, *remote, rule->name) != nullptr);
  if (sa == nullptr && !under_v1 && how == How::do_not) {
    return {Status::forbidden, "KeyExchangeAction " + rule->action->name + ": HowToInitiate is DoNot"};
  }
  if (!under_v1 && !v2::can_be_offered(*filter.vpn, v2::Path::direct)) {
    return {Status::no_data_offer, filter.vpn->name + " for IKEv2, which has no AH around ESP"};
  }

  const DynamicTunnelId tunnel = number_dynamic_tunnel();
  v2::ChildWish wish{.name = {.tunnel = tunnel, .generation = 1},
                     .filter = wanted.filter,
                     .traffic = policy::Traffic::of(wanted.selectors),
                     .first = wanted.packet ? policy::selectors_of(*wanted.packet, wanted.selectors) : std::nullopt,
                     .local_dyn_vpn_rule = wanted.local_dyn_vpn_rule,
                     .activation = wanted.activation};
  const TrafficKey& key = by_traffic_.emplace(traffic, tunnel).first->first;
  Tunnel entry{.pending = 1,
               .traffic = &key,
               .auto_activate = wanted.activation == Activation::automatic,
               .on_demand = wanted.activation == Activation::on_demand,
               .rule = wanted.local_dyn_vpn_rule};
  if (under_v1) {
    start_v1(stack, {*local, ike_port}, {*remote, ike_port}, v2::share(policy, rule), std::move(wish),
             std::move(entry));
    return {Status::started, y_name(tunnel)};
  }
  v2::Turn current = turn();
  if (sa != nullptr) {
    entry.sa = sa->our_spi();
    tunnels_.emplace(tunnel, std::move(entry));
    sa->wishes.push_back(std::move(wish));
    v2::go_on(current, *sa);
    settle(*sa);
    return {Status::started, y_name(tunnel)};
  }

  auto fresh = std::make_unique<v2::IkeSa>();
  fresh->stack = stack;
  fresh->tunnel = IkeTunnelId{++last_ike_tunnel_};
  fresh->role = Role::initiator;
  fresh->initiator_spi = draw_ike_spi();
  fresh->local = {*local, ike_port};
  fresh->remote = {*remote, ike_port};
  fresh->rule = v2::share(policy, rule);
  fresh->wishes.push_back(std::move(wish));
  entry.sa = fresh->initiator_spi;
  tunnels_.emplace(tunnel, std::move(entry));
  v2::IkeSa& added = enter(std::move(fresh));
  ++statistics_.initiated;
  v2::initiate(current, added);
  settle(added);
  return {Status::started, y_name(tunnel)};
}

OperatorAnswer Engine::State::activate(const StackName& stack, const std::string& rule_name, Activation activation) {
  const policy::PolicyPointer policy = policy_of(stack);
  if (policy == nullptr) return {Status::not_found, "stack " + stack.text + " has no policy"};
  const policy::LocalDynVpnRule* rule = policy->find_local_dyn_vpn(rule_name);
  if (rule == nullptr) return {Status::not_found, rule_name};
  if (activation == Activation::automatic && !rule->auto_activate) return {Status::forbidden, "AutoActivate is No"};
  const policy::Filter* filter = policy::anchor_for(policy->filter, *rule);
  if (filter == nullptr) {
    return {Status::no_filter_rule,
            "LocalDynVpnRule " + rule_name + " lies in no single IpFilterRule with an IpDynVpnAction"};
  }
  return start(stack, {.filter = v2::share(policy, filter),
                       .selectors = {.local = rule->local, .remote = rule->remote},
                       .local_dyn_vpn_rule = rule_name,
                       .activation = activation,
                       .packet = std::nullopt});
}

void Engine::State::take(ActivateRule& request) {
  OperatorAnswer answer = activate(request.stack, request.local_dyn_vpn_rule, Activation::command);
  if (answer.status == Status::forbidden) {
    step_->log.push_back(
        {CatalogueId::initiation_forbidden, {{"tunnel", request.local_dyn_vpn_rule}, {"reason", answer.detail}}});
  }
  step_->answers.push_back(std::move(answer));
}

void Engine::State::activate_automatic_rules(const StackName& stack) {
  const policy::PolicyPointer policy = policy_of(stack);
  const auto known = stacks_.find(stack);
  if (policy == nullptr || known == stacks_.end() || !known->second.up) return;
  for (const policy::LocalDynVpnRule& rule : policy->local_dyn_vpn) {
    if (!rule.auto_activate) continue;
    const OperatorAnswer answer = activate(stack, rule.name, Activation::automatic);
    if (answer.status == Status::started || answer.status == Status::already) continue;
    step_->log.push_back(
        {CatalogueId::activation_failed, {{"rule", "LocalDynVpnRule " + rule.name}, {"reason", answer.detail}}});
  }
}

void Engine::State::take(contract::Acquire& acquire) {
  const policy::PolicyPointer policy = policy_of(acquire.stack);
  if (policy == nullptr) return;
  const auto fail = [&](const std::string& reason) {
    step_->log.push_back({CatalogueId::activation_failed,
                          {{"rule", "IpFilterRule " + acquire.filter_rule},
                           {"reason", reason},
                           {"packet", acquire.packet.to_string()}}});
  };
  const policy::Filter* filter = policy::anchor_for(policy->filter, acquire.filter_rule, acquire.packet);
  if (filter == nullptr || filter->local_start == nullptr)
    return fail("no dynamic filter of that name fits the packet");
  if (!filter->local_start->allow_on_demand) return fail("AllowOnDemand is No");
  const policy::SelectorPair selectors = policy::selectors_for(*filter, acquire.packet);
  if (on_demand_pauses_.rests({acquire.stack, policy::Traffic::of(selectors)}, now_)) return;
  const OperatorAnswer answer = start(acquire.stack, {.filter = v2::share(policy, filter),
                                                      .selectors = selectors,
                                                      .local_dyn_vpn_rule = {},
                                                      .activation = Activation::on_demand,
                                                      .packet = acquire.packet});
  if (answer.status != Status::started && answer.status != Status::already) fail(answer.detail);
}

}  // namespace adit::ike
