#include "ike/v2/child_lifetime.h"

#include <algorithm>
#include <utility>

#include "ike/v2/child_install.h"
#include "ike/v2/ending.h"
#include "ike/v2/requests.h"
#include "ike/v2/timing.h"

namespace adit::ike::v2 {

namespace {

constexpr Seconds usage_wait{2};  // for the stack, before a child counts as used
constexpr Duration least_retry{5'000'000};
constexpr Seconds doubles_pause{2};  // while a reauthentication is or may be under way

bool is_living(const ChildSa& child) { return child.state == ChildState::active && !child.superseded; }

bool is_being_rekeyed(const IkeSa& sa, const contract::ChildSaName& name) {
  if (sa.negotiation != nullptr && sa.negotiation->wish.rekeys == name) return true;
  const bool is_replaced = std::ranges::any_of(sa.children, [&](const ChildSa& other) {
    return other.replaces == name && other.state != ChildState::half_closed;
  });
  return is_replaced || std::ranges::any_of(sa.wishes, [&](const ChildWish& wish) { return wish.rekeys == name; });
}

/// The peer's rekey of the same child, if it has made one.
ChildSa* rival_for(IkeSa& sa, const contract::ChildSaName& replaced) {
  const auto found = std::ranges::find_if(sa.children, [&](const ChildSa& other) {
    return other.replaces == replaced && other.creator == Role::responder &&
           (other.state == ChildState::active || other.state == ChildState::in_negotiation);
  });
  return found == sa.children.end() ? nullptr : &*found;
}

void refresh_if_used(Turn& turn, IkeSa& sa, ChildSa& child) {
  if (child.usage_asked) {  // no answer: rather a rekey too many than traffic without an SA
    child.usage_asked = false;
    child.refresh_at.reset();
    want_rekey(turn, sa, child);
    return;
  }
  child.usage_asked = true;
  child.refresh_at = turn.now + usage_wait;
  turn.step.stack.emplace_back(QueryCounters{.stack = sa.stack, .name = child.name});
}

/// Until when it is too early to choose between children of these IKE SAs; nothing: it is not. One of them may have
/// come to replace the other, which its maker is about to delete; or the peer may never get to it: it is asked.
std::optional<Instant> too_early_until(Turn& turn, std::initializer_list<IkeSa*> sas) {
  std::optional<Instant> until;
  for (IkeSa* sa : sas) {
    if (sa->state != SaState::established) continue;
    if (turn.now < sa->established_at + doubles_pause) {
      until = std::max(until.value_or(turn.now), sa->established_at + doubles_pause);
    } else if (!is_confirmed(*sa)) {
      check_liveness(turn, *sa);
      turn.shard.touch(*sa);
      until = std::max(until.value_or(turn.now), turn.now + doubles_pause);
    }
  }
  return until;
}

/// Two ends that began at once have two SAs for the same traffic: the one with the lowest nonce goes, as after crossed
/// rekeys (RFC 7296 §2.8.1), deleted by the end that made it.
void resolve_doubles(Turn& turn, IkeSa& sa, ChildSa& child) {
  if (child.superseded) return;
  for (const auto& [other_sa, other] : turn.shard.doubles_of(sa, child)) {
    if (other->first_rank == child.first_rank) continue;  // one rekeys the other, whose Delete is on its way
    if (const auto until = too_early_until(turn, {&sa, other_sa})) {
      child.doubled_at = until;
      return;
    }
    // A rekey under way changes nothing of it: the other end may have chosen before it hears of that.
    const bool child_goes = child.first_rank < other->first_rank;
    IkeSa& loser_sa = child_goes ? sa : *other_sa;
    ChildSa& loser = child_goes ? child : *other;
    if (loser.creator != Role::initiator) continue;  // the peer's to delete
    if (loser_sa.reauthenticates) {                  // what it replaces goes first, and that may be the other
      child.doubled_at = turn.now + doubles_pause;
      continue;
    }
    const bool is_last = loser_sa.children.size() == 1 && loser_sa.wishes.empty() && loser_sa.negotiation == nullptr;
    turn.shard.touch(loser_sa);
    if (is_last && loser_sa.state == SaState::established) {
      want_delete(turn, loser_sa, Ending::superseded);
    } else {
      retire_child(turn, loser_sa, loser);
    }
    if (child_goes) return;
  }
}

}  // namespace

std::optional<Instant> next_deadline(const ChildSa& child) {
  if (child.state != ChildState::active) return std::nullopt;
  Instant next = child.expires_at;
  if (child.refresh_at) next = std::min(next, *child.refresh_at);
  if (child.doubled_at) next = std::min(next, *child.doubled_at);
  return next;
}

void look_at_children(Turn& turn, IkeSa& sa) {
  for (std::size_t i = 0; i < sa.children.size(); ++i) {
    ChildSa& child = sa.children[i];
    if (child.state != ChildState::active) continue;
    if (child.expires_at <= turn.now) {
      delete_child(turn, sa, child, child.superseded ? Ending::superseded : Ending::expired);
      continue;
    }
    if (child.refresh_at && *child.refresh_at <= turn.now) refresh_if_used(turn, sa, child);
    if (child.doubled_at && *child.doubled_at <= turn.now) {
      child.doubled_at.reset();
      resolve_doubles(turn, sa, child);
      if (sa.state != SaState::established) return;
    }
  }
}

bool want_rekey(Turn& turn, IkeSa& sa, ChildSa& child) {
  if (sa.state != SaState::established || !is_living(child) || is_being_rekeyed(sa, child.name)) return false;
  child.refresh_at.reset();
  // Another IKE SA is about to carry the traffic. It may never come up: then this one must not run out meanwhile.
  if (sa.reauthenticated_by && !std::exchange(child.rekey_put_off, true)) {
    rekey_failed(turn, sa, child.name);
    return false;
  }
  // Selectors as they are: not narrower, and no packet's own before them (RFC 7296 §2.9.2).
  sa.wishes.push_back({.name = turn.shard.next_generation(child.name.tunnel),
                       .rekeys = child.name,
                       .filter = filter_in_force(turn, sa, child),
                       .traffic = child.traffic,
                       .first = std::nullopt,
                       .local_dyn_vpn_rule = child.local_dyn_vpn_rule,
                       .activation = child.activation});
  go_on(turn, sa);
  return true;
}

void note_usage(Turn& turn, IkeSa& sa, ChildSa& child, const contract::ChildSaCounters& counters) {
  if (counters.outbound_packets > child.sent_packets) sa.has_sent = true;
  child.sent_packets = counters.outbound_packets;
  if (!child.usage_asked) return;
  child.usage_asked = false;
  child.refresh_at.reset();
  if (counters.outbound_packets != 0 || counters.inbound_packets != 0) {
    want_rekey(turn, sa, child);
    return;
  }
  // It may be used yet: it is looked at again, the nearer its end the sooner.
  const Duration left = child.expires_at - turn.now;
  if (left > 2 * least_retry) {
    child.refresh_at = turn.now + left / 2;
    return;
  }
  tell(turn, CatalogueId::unused_not_refreshed,
       {{"tunnel", "Y" + std::to_string(child.name.tunnel.value())},
        {"peer", sa.remote.to_string()},
        {"what", "rekeyed"}});
}

void rekey_failed(Turn& turn, IkeSa& sa, const contract::ChildSaName& name) {
  ChildSa* child = sa.find_child(name);
  if (child == nullptr || !is_living(*child)) return;
  // The nearer its end, the sooner again, but never in a rush. Of its lifesize it is not known how near that is.
  const Duration left = child->lifesize_reached ? least_retry : child->expires_at - turn.now;
  child->refresh_at = turn.now + std::max(least_retry, left / 4);
}

bool loses_to_rival(IkeSa& sa, const contract::ChildSaName& replaced, NonceRank ours) {
  const ChildSa* rival = rival_for(sa, replaced);
  return rival != nullptr && ours < rival->rank;
}

bool peer_was_first(IkeSa& sa, const contract::ChildSaName& name) {
  ChildSa* child = sa.find_child(name);
  if (child == nullptr) return true;
  child->superseded = child->superseded || rival_for(sa, name) != nullptr;
  return child->superseded;
}

// Both ends asked, both were answered as usual, and one of the two new SAs goes (RFC 7296 §2.25.1).
void settle_rekey(Turn& turn, IkeSa& sa, ChildSa& made) {
  const contract::ChildSaName replaced = *made.replaces;
  ChildSa* old = sa.find_child(replaced);
  if (loses_to_rival(sa, replaced, made.rank)) {
    // Ours has the lowest of the four nonces: we made it, we delete it. The old one is the peer's to delete.
    if (old != nullptr) old->superseded = true;
    return retire_child(turn, sa, made);
  }
  if (old == nullptr) return;
  // The peer removes it when it reads the Delete: should the new one go, a third one sends, or none, but not this one.
  if (old->installed && !old->retired) {
    old->retired = true;
    turn.step.stack.emplace_back(contract::RetireChildSa{.stack = sa.stack, .name = old->name});
  }
  delete_child(turn, sa, *old, Ending::superseded);
}

}  // namespace adit::ike::v2
