// Reauthentication (RFC 7296 §2.8.3): a new IKE SA from IKE_SA_INIT, with Child SAs for the same traffic, and the old
// one goes when all of that is up: make before break.

#include <algorithm>

#include "ike/engine/state.h"
#include "ike/v2/child_install.h"
#include "ike/v2/child_lifetime.h"
#include "ike/v2/ending.h"
#include "ike/v2/ike_succession.h"
#include "ike/v2/requests.h"
#include "ike/v2/sa_init.h"
#include "ike/v2/timing.h"

namespace adit::ike {

namespace {

constexpr Seconds pause_after_failure{60}, pause_without_rule{600};

bool is_pending(const v2::IkeSa& sa) {
  return sa.state != v2::SaState::established || !sa.wishes.empty() || sa.negotiation != nullptr ||
         std::ranges::any_of(sa.children,
                             [](const v2::ChildSa& child) { return child.state == ChildState::in_negotiation; });
}

}  // namespace

bool Engine::State::carry_over(v2::IkeSa& old, v2::IkeSa& fresh) {
  v2::Turn current = turn();
  bool is_asked = false;
  for (v2::ChildSa& child : old.children) {
    if (child.state != ChildState::active || child.superseded || std::exchange(child.carried_over, true)) continue;
    const bool is_there =
        std::ranges::any_of(fresh.children, [&](const v2::ChildSa& other) { return other.traffic == child.traffic; });
    if (is_there) continue;
    is_asked = true;
    fresh.wishes.push_back({.name = next_generation(child.name.tunnel),
                            .filter = v2::filter_in_force(current, old, child),
                            .traffic = child.traffic,
                            .first = std::nullopt,
                            .local_dyn_vpn_rule = child.local_dyn_vpn_rule,
                            .activation = child.activation});
    tunnels_.at(child.name.tunnel).sa = fresh.our_spi();
  }
  return is_asked;
}

const v2::ChildSa* Engine::State::not_carried(const v2::IkeSa& old, const v2::IkeSa& fresh) {
  const auto found = std::ranges::find_if(old.children, [&](const v2::ChildSa& child) {
    if (child.state != ChildState::active || child.superseded) return false;
    const bool is_there = std::ranges::any_of(fresh.children, [&](const v2::ChildSa& other) {
      return other.state == ChildState::active &&
             (other.name.tunnel == child.name.tunnel || other.traffic == child.traffic);
    });
    return !is_there && doubles_of(old, child).empty();
  });
  return found == old.children.end() ? nullptr : &*found;
}

void Engine::State::reauthenticate(v2::IkeSa& old) {
  if (old.state != v2::SaState::established || old.reauthenticated_by) return;
  const bool has_interval = old.rule->action->reauth_interval != Minutes{0};
  if (old.reauthenticates) {  // it is itself on its way to replace another: later
    if (has_interval) old.reauth_at = now_ + pause_after_failure;
    return;
  }
  v2::Turn current = turn();
  const v2::RulePointer rule = v2::rule_in_force(current, old);
  if (rule == nullptr || rule->action->how_to_initiate != policy::HowToInitiate::ikev2) {
    if (has_interval) old.reauth_at = now_ + pause_without_rule;  // the policy may change again
    return v2::tell(
        current, CatalogueId::no_key_exchange_rule,
        {{"peer", old.remote.to_string()},
         {"reason", "K" + std::to_string(old.tunnel.value()) + " is not reauthenticated: the policy has changed"}});
  }
  // Where the peer is still about to verify our IKE_AUTH response, it goes over to this SA when it has: it must be told
  // that it goes, and does not hear it before.
  old.reauthentication_wanted = !v2::is_confirmed(old);
  if (old.reauthentication_wanted) return v2::check_liveness(current, old);
  auto fresh = std::make_unique<v2::IkeSa>();
  fresh->stack = old.stack;
  fresh->tunnel = old.tunnel;
  fresh->generation = old.generation + 1;
  fresh->role = Role::initiator;
  fresh->initiator_spi = draw_ike_spi();
  // Where the peer is now: through its NAT only that way leads to it, and port 4500 serves IKE_SA_INIT too (§2.23).
  fresh->local = old.local;
  fresh->remote = old.remote;
  fresh->rule = rule;
  fresh->reauthenticates = old.our_spi();
  carry_over(old, *fresh);
  for (v2::ChildWish& wish : std::exchange(old.wishes, {})) {
    if (wish.rekeys) {  // its tunnel gets a new SA anyway
      wish_failed(old, wish.name.tunnel, v2::Ending::superseded);
      v2::rekey_failed(current, old, *wish.rekeys);  // unless that comes to nothing
      continue;
    }
    tunnels_.at(wish.name.tunnel).sa = fresh->initiator_spi;
    fresh->wishes.push_back(std::move(wish));
  }
  old.rekey_wanted = false;
  old.reauthenticated_by = fresh->our_spi();
  v2::IkeSa& added = enter(std::move(fresh));
  ++statistics_.initiated;
  v2::initiate(current, added);
  touch(added);  // for its timer: the request may be lost
}

void Engine::State::finish_reauthentication(v2::IkeSa& sa) {
  if (is_pending(sa)) return;
  v2::IkeSa* old = find(*sa.reauthenticates);
  v2::Turn current = turn();
  if (old != nullptr && old->state == v2::SaState::established) {
    // Since it began the peer may have made further children under the old SA, or be about to: the peer's own
    // reauthentication made that one, and goes on.
    if (old->negotiation != nullptr || !old->waiting.empty()) return;
    if (carry_over(*old, sa)) return v2::go_on(current, sa);
    if (const v2::ChildSa* lost = not_carried(*old, sa)) {  // break before make: the old one stays
      v2::tell(current, CatalogueId::negotiation_failed,
               {{"tunnel", "K" + std::to_string(sa.tunnel.value())},
                {"peer", sa.remote.to_string()},
                {"reason", "reauthenticated, but Y" + std::to_string(lost->name.tunnel.value()) +
                               " did not come up anew: the older IKE SA stays"}});
      return v2::want_delete(current, sa, v2::Ending::failed);
    }
  }
  sa.reauthenticates.reset();
  newest_of_tunnel_.insert_or_assign(sa.tunnel, sa.our_spi());
  v2::tell(current, CatalogueId::ike_sa_reauthenticated,
           {{"tunnel", "K" + std::to_string(sa.tunnel.value())},
            {"generation", std::to_string(sa.generation)},
            {"peer", sa.remote.to_string()}});
  if (old == nullptr || old->state != v2::SaState::established) return;
  touch(*old);
  v2::want_delete(current, *old, v2::Ending::superseded);
}

void Engine::State::reauthentication_failed(v2::IkeSa& sa) {
  v2::IkeSa* old = find(*sa.reauthenticates);
  if (old == nullptr || old->reauthenticated_by != sa.our_spi()) return;
  old->reauthenticated_by.reset();
  for (v2::ChildSa& child : old->children) {
    child.carried_over = false;
    if (const auto tunnel = tunnels_.find(child.name.tunnel); tunnel != tunnels_.end()) {
      tunnel->second.sa = old->our_spi();
    }
  }
  if (old->state != v2::SaState::established) return;
  // An SA whose rekey the peer refused, or that was to be reauthenticated, has nothing else to live on.
  const bool is_due = old->rule->action->reauth_interval != Minutes{0} || !old->refresh_at;
  if (is_due) old->reauth_at = now_ + pause_after_failure;
  // A peer that did not answer may be gone, or have lost this SA (RFC 7296 §2.4).
  v2::Turn current = turn();
  if (now_ > sa.last_inbound) v2::check_liveness(current, *old);
  touch(*old);
}

}  // namespace adit::ike
