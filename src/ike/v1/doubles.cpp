#include "ike/v1/doubles.h"

#include <algorithm>

#include "ike/v1/timing.h"

namespace adit::ike::v1 {

namespace {

/// What this end made, and was up for less when the peer asked for another, may have crossed with it: the peer's
/// message 1 was under way, or lost and repeated.
constexpr Seconds crosses{15};
/// Before this end deletes what has lost by its rank: longer than the Deletes of what has been replaced take, for until
/// those have come the other end may rank it higher.
constexpr Seconds undecided{15};

using Owned = std::pair<Phase1Sa*, ChildSa*>;

std::vector<Owned> active_ones(Turn& turn, const Phase1Sa& sa, const policy::Traffic& traffic) {
  std::vector<Owned> all = turn.shard.same_traffic(sa, traffic);
  std::erase_if(all, [](const Owned& each) { return each.second->state != ChildState::active; });
  return all;
}

/// What has replaced it; null when nothing has, or that has gone since: then it is as good as before.
const ChildSa* successor_of(const std::vector<Owned>& all, const ChildSa& child) {
  if (!child.replaced_by) return nullptr;
  const auto found =
      std::ranges::find_if(all, [&](const Owned& each) { return each.second->name == child.replaced_by; });
  return found == all.end() ? nullptr : found->second;
}

/// For sure: this end has asked for the one in place of the other.
bool is_replaced_here(const std::vector<Owned>& all, const ChildSa& child) {
  const ChildSa* successor = successor_of(all, child);
  return successor != nullptr && successor->creator == Role::initiator;
}

/// The highest of those that nothing replaces, as far as this end knows.
const ChildSa* highest(const std::vector<Owned>& all) {
  const ChildSa* found = nullptr;
  for (const auto& [owner, child] : all) {
    if (successor_of(all, *child) == nullptr && (found == nullptr || found->rank < child->rank)) found = child;
  }
  return found;
}

void become_current(Turn& turn, Phase1Sa& owner, ChildSa& child) {
  std::erase_if(owner.replaced, [&](const Phase1Sa::Replaced& entry) { return entry.old == child.name; });
  if (!std::exchange(child.superseded, false)) return;
  const Duration left = child.expires_at - turn.now;
  if (child.lifesize_reached) {
    child.refresh_at = turn.now;
  } else if (child.expires_at != child.vpn_life_expires_at && left > Duration{0}) {
    child.refresh_at = refresh_time(turn, left);
  }
}

void become_superseded(Turn& turn, Phase1Sa& owner, ChildSa& child, std::optional<Seconds> deleted_after) {
  child.superseded = true;  // RFC 2408 §4.3: the newer one is sent by
  child.refresh_at.reset();
  const auto planned = std::ranges::find(owner.replaced, child.name, &Phase1Sa::Replaced::old);
  const bool is_planned = planned != owner.replaced.end();
  if (!deleted_after) {
    if (is_planned) owner.replaced.erase(planned);
  } else if (!is_planned) {
    owner.replaced.push_back({child.name, turn.now + *deleted_after});
  } else {
    planned->delete_at = std::min(planned->delete_at, turn.now + *deleted_after);
  }
}

/// Who made it ends it, when what takes over is known to both; what the peer seems to have replaced the peer ends.
std::optional<Seconds> time_to_delete(const std::vector<Owned>& all, const ChildSa& child, const ChildSa& current) {
  if (is_replaced_here(all, child)) return hand_over;
  const bool loses = child.creator == Role::initiator && child.rank < current.rank;
  return loses ? std::optional{undecided} : std::nullopt;
}

}  // namespace

void note_what_it_replaces(Turn& turn, const Phase1Sa& sa, const ChildSa& child) {
  const std::vector<Owned> all = active_ones(turn, sa, child.traffic);
  for (const auto& [owner, other] : all) {
    if (other->name == child.name) continue;
    const bool is_certain = child.creator == Role::initiator && child.replaces == other->name;
    const bool seems_so = child.creator == Role::responder && !is_replaced_here(all, *other) &&
                          (other->creator == Role::responder || other->up_at + crosses <= turn.now);
    if (is_certain || seems_so) other->replaced_by = child.name;
  }
}

void choose_current(Turn& turn, const Phase1Sa& sa, const policy::Traffic& traffic) {
  const std::vector<Owned> all = active_ones(turn, sa, traffic);
  const ChildSa* current = highest(all);
  for (const auto& [owner, child] : all) {
    if (child == current) {
      become_current(turn, *owner, *child);
    } else {
      become_superseded(turn, *owner, *child, time_to_delete(all, *child, *current));
    }
    turn.shard.touch(*owner);
  }
}

ChildSa* current_of(Turn& turn, const Phase1Sa& sa, const policy::Traffic& traffic) {
  for (const auto& [owner, child] : turn.shard.same_traffic(sa, traffic)) {
    if (child->state == ChildState::active && !child->superseded) return child;
  }
  return nullptr;
}

}  // namespace adit::ike::v1
