// What an operator asks for by the name of a tunnel.

#include "ike/engine/state.h"
#include "ike/v1/ending.h"
#include "ike/v1/quick_mode.h"
#include "ike/v2/child_lifetime.h"
#include "ike/v2/ending.h"

namespace adit::ike {

namespace {

using Status = OperatorAnswer::Status;

OperatorAnswer answer_for(std::size_t named, std::string name) {
  return {named == 0 ? Status::not_found : Status::started, std::move(name)};
}

/// What a request to refresh met.
struct Refreshed {
  std::size_t begun = 0;
  std::size_t under_way = 0;     ///< replaced already, by whichever end
  std::size_t without_rule = 0;  ///< the policy has changed: none would make them anew
  std::size_t all() const { return begun + under_way + without_rule; }
};

OperatorAnswer answer_for(const Refreshed& refreshed, std::string name) {
  if (refreshed.begun != 0) return {Status::started, std::move(name)};
  if (refreshed.under_way != 0) return {Status::already, std::move(name)};
  return {refreshed.without_rule != 0 ? Status::no_key_exchange_rule : Status::not_found, std::move(name)};
}

std::string counted(std::size_t count, std::string_view kind) {
  return std::to_string(count) + " " + std::string{kind} + " tunnels";
}

}  // namespace

std::vector<IkeSpi> Engine::State::ike_sas_named(const StackName& stack, std::optional<IkeTunnelId> tunnel) {
  std::vector<IkeSpi> named;
  if (!tunnel) {
    for_each_sa(stack, [&](const v2::IkeSa& sa) { named.push_back(sa.our_spi()); });
    return named;
  }
  const auto found = newest_of_tunnel_.find(*tunnel);
  const v2::IkeSa* sa = found == newest_of_tunnel_.end() ? nullptr : find(found->second);
  if (sa == nullptr || sa->stack != stack) return named;
  named.push_back(found->second);
  // A newer SA of the tunnel that is on its way, and an older one that is on its way out, are the tunnel too.
  for (auto entry = by_tunnel_.lower_bound({*tunnel, IkeSpi{}}); entry != by_tunnel_.end() && entry->first == *tunnel;
       ++entry) {
    if (entry->second != found->second) named.push_back(entry->second);
  }
  return named;
}

std::vector<DynamicTunnelId> Engine::State::tunnels_named(const StackName& stack,
                                                          std::optional<DynamicTunnelId> tunnel) const {
  std::vector<DynamicTunnelId> named;
  if (tunnel) {
    const auto found = tunnels_.find(*tunnel);
    if (found != tunnels_.end() && found->second.traffic->stack == stack) named.push_back(*tunnel);
    return named;
  }
  for (const auto& [id, entry] : tunnels_) {
    if (entry.traffic->stack == stack) named.push_back(id);
  }
  return named;
}

void Engine::State::take(DeactivateIkeTunnel& request) {
  const std::vector<IkeSpi> named = ike_sas_named(request.stack, request.tunnel);
  for (const IkeSpi spi : named) {
    v2::IkeSa* sa = find(spi);
    if (sa == nullptr) continue;
    v2::Turn current = turn();
    v2::want_delete(current, *sa, v2::Ending::by_operator);
    settle(*sa);
  }
  const std::vector<IkeSpi> named_v1 = phase1_sas_named(request.stack, request.tunnel);
  for (const IkeSpi cookie : named_v1) {
    v1::Phase1Sa* sa = find_phase1(cookie);
    if (sa == nullptr) continue;
    v1::Turn current = v1_turn();
    v1::want_delete(current, *sa, v2::Ending::by_operator);
    settle(*sa);
  }
  const std::size_t count = named.size() + named_v1.size();
  step_->answers.push_back(
      answer_for(count, request.tunnel ? "K" + std::to_string(request.tunnel->value()) : counted(count, "IKE")));
}

void Engine::State::take(DeactivateDynamicTunnel& request) {
  const std::vector<DynamicTunnelId> named = tunnels_named(request.stack, request.tunnel);
  for (const DynamicTunnelId id : named) {
    for (const IkeSpi spi : owners_of(id)) {
      if (v1::Phase1Sa* sa = find_phase1(spi)) {
        v1::Turn current = v1_turn();
        v1::delete_tunnel(current, *sa, id, v2::Ending::by_operator);
        settle_any(spi);
        continue;
      }
      v2::IkeSa* sa = find(spi);
      if (sa == nullptr) continue;
      v2::Turn current = turn();
      v2::delete_tunnel(current, *sa, id, v2::Ending::by_operator);
      if (v2::IkeSa* still = find(spi)) settle(*still);
    }
  }
  step_->answers.push_back(answer_for(
      named.size(), request.tunnel ? "Y" + std::to_string(request.tunnel->value()) : counted(named.size(), "dynamic")));
}

void Engine::State::take(RefreshIkeTunnel& request) {
  Refreshed refreshed;
  for (const IkeSpi spi : ike_sas_named(request.stack, request.tunnel)) {
    v2::IkeSa& sa = *find(spi);
    if (sa.state != v2::SaState::established) continue;
    if (sa.reauthenticated_by || sa.reauthenticates || sa.reauthentication_wanted) {
      ++refreshed.under_way;
      continue;
    }
    reauthenticate(sa);
    ++(sa.reauthenticated_by || sa.reauthentication_wanted ? refreshed.begun : refreshed.without_rule);
    settle(sa);
  }
  for (const IkeSpi cookie : phase1_sas_named(request.stack, request.tunnel)) {
    v1::Phase1Sa& sa = *find_phase1(cookie);
    if (!v1::is_up(sa.state)) continue;
    if (sa.refreshed_by || sa.refreshes || has_newer(sa)) {
      ++refreshed.under_way;
      continue;
    }
    refresh(sa);
    ++(sa.refreshed_by ? refreshed.begun : refreshed.without_rule);
    settle(sa);
  }
  step_->answers.push_back(answer_for(
      refreshed, request.tunnel ? "K" + std::to_string(request.tunnel->value()) : counted(refreshed.all(), "IKE")));
}

void Engine::State::take(RefreshDynamicTunnel& request) {
  Refreshed refreshed;
  for (const DynamicTunnelId id : tunnels_named(request.stack, request.tunnel)) {
    if (v1::Phase1Sa* sa = find_phase1(tunnels_.at(id).sa)) {
      v1::Turn current = v1_turn();
      for (std::size_t i = 0; i < sa->children.size(); ++i) {
        if (sa->children[i].name.tunnel != id || sa->children[i].state != ChildState::active) continue;
        ++(v1::want_rekey(current, *sa, sa->children[i]) ? refreshed.begun : refreshed.under_way);
      }
      settle(*sa);
      continue;
    }
    v2::IkeSa* sa = find(tunnels_.at(id).sa);
    if (sa == nullptr) continue;
    v2::Turn current = turn();
    for (std::size_t i = 0; i < sa->children.size(); ++i) {
      if (sa->children[i].name.tunnel != id || sa->children[i].state != ChildState::active) continue;
      ++(v2::want_rekey(current, *sa, sa->children[i]) ? refreshed.begun : refreshed.under_way);
    }
    settle(*sa);
  }
  step_->answers.push_back(answer_for(
      refreshed, request.tunnel ? "Y" + std::to_string(request.tunnel->value()) : counted(refreshed.all(), "dynamic")));
}

}  // namespace adit::ike
