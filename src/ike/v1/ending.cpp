#include "ike/v1/ending.h"

#include <algorithm>
#include <ranges>

#include "ike/v1/doubles.h"
#include "ike/v1/informational.h"
#include "ike/v1/machine.h"
#include "ike/v1/quick_mode_parts.h"

namespace adit::ike::v1 {

namespace {

constexpr Seconds farewell_takes{8};  // the repetitions of a Delete, before the SA is forgotten

/// Whether phase 2 SAs live on where another phase 1 SA can take them.
bool spares_children(Ending ending) {
  return ending == Ending::superseded || ending == Ending::by_peer || ending == Ending::expired ||
         ending == Ending::too_many;
}

/// The stack has the pair, or is to have it, and what both ends wait for before they send by it, message 3 or
/// CONNECTED, neither comes nor goes any more.
bool is_short_of_message_3(const QuickMode& quick_mode) {
  switch (quick_mode.state) {
    case QuickMode::State::installing:
      return !quick_mode.peer_commits;
    case QuickMode::State::preparing:
    case QuickMode::State::answered:
    case QuickMode::State::held:
      return quick_mode.installs_early;
    case QuickMode::State::offered:
    case QuickMode::State::confirmed:
    case QuickMode::State::done:
      break;
  }
  return false;
}

void hand_on_children(Turn& turn, Phase1Sa& sa, Ending ending) {
  for (const auto& quick_mode : sa.quick_modes) {
    if (!is_short_of_message_3(*quick_mode)) continue;
    // The peer that has message 2 may send by the pair already.
    const contract::ChildSaName name = quick_mode->wish.name;
    const ChildSa* child = sa.find_child(name);
    const bool is_told = child != nullptr && ending != Ending::by_peer && sa.state != Phase1State::closed;
    if (is_told) send_delete(turn, sa, *child);
    remove_child(turn, sa, name, Ending::failed);
  }
  Phase1Sa* sibling = spares_children(ending) ? turn.shard.heir_of(sa) : nullptr;
  if (sibling == nullptr) return;
  turn.shard.inherit(sa, *sibling);
  hand_on_farewells(turn, sa, *sibling);
  turn.shard.touch(*sibling);
}

void end_quick_modes(Turn& turn, Phase1Sa& sa, Ending ending) {
  while (!sa.quick_modes.empty()) {
    const std::unique_ptr<QuickMode> quick_mode = std::move(sa.quick_modes.back());
    sa.quick_modes.pop_back();
    abandon(turn, sa, *quick_mode, ending);
  }
}

void end_children(Turn& turn, Phase1Sa& sa, Ending ending) {
  hand_on_children(turn, sa, ending);
  while (!sa.children.empty()) remove_child(turn, sa, sa.children.back().name, ending);
  for (const ChildWish& wish : std::exchange(sa.wishes, {})) turn.shard.wish_failed(sa, wish.name.tunnel, ending);
  end_quick_modes(turn, sa, ending);
}

void tell_end(Turn& turn, const Phase1Sa& sa, Ending ending) {
  tell(turn, CatalogueId::ike_sa_deleted,
       {{"tunnel", name_of_tunnel(sa)},
        {"generation", std::to_string(sa.generation)},
        {"peer", sa.remote.to_string()},
        {"reason", std::string{v2::reason_of(ending)}}});
}

/// Until the last Deletes of either end have come, which a Delete of the SA may overtake.
void linger(Turn& turn, Phase1Sa& sa) {
  sa.refresh_at.reset();
  sa.liveness_at.reset();
  sa.keep_alive_at.reset();
  sa.outstanding.reset();
  sa.dpd.reset();
  sa.repeats = 0;
  sa.expires_at = turn.now + farewell_takes;
}

/// Of all children, or of a tunnel's. All that end together are named in one Delete (RFC 2408 §3.15), the newest first:
/// told one by one and out of order, the peer would go over to one that this end has no more.
void tell_deletes(Turn& turn, Phase1Sa& sa, std::optional<DynamicTunnelId> tunnel = {}) {
  for (const auto protocol : {contract::SaProtocol::esp, contract::SaProtocol::ah}) {
    std::vector<InboundSpi> spis;
    for (const ChildSa& child : sa.children | std::views::reverse) {
      if (tunnel && child.name.tunnel != *tunnel) continue;
      if (const auto spi = inbound_spi(child, protocol)) spis.push_back(*spi);
    }
    if (!spis.empty()) send_delete(turn, sa, protocol, spis);
  }
}

}  // namespace

void fail(Turn& turn, Phase1Sa& sa, const std::string& reason) {
  ++turn.statistics.failed;
  tell(turn, CatalogueId::negotiation_failed,
       {{"tunnel", name_of_tunnel(sa)}, {"peer", sa.remote.to_string()}, {"reason", reason}});
  close(turn, sa, sa.ending);
}

void give_up(Turn& turn, Phase1Sa& sa) {
  switch (sa.state) {
    case Phase1State::established:
      tell(turn, CatalogueId::peer_is_dead, {{"peer", sa.remote.to_string()}, {"tunnel", name_of_tunnel(sa)}});
      return close(turn, sa, Ending::peer_dead);
    case Phase1State::closing:
      return close(turn, sa, sa.ending);
    default:
      break;
  }
  if (sa.establishing == nullptr || sa.establishing->failure_told) {
    ++turn.statistics.failed;
    return close(turn, sa, sa.ending);
  }
  if (is_half_open(sa.state) && !sa.establishing->undecryptable) return close(turn, sa, Ending::failed);
  const std::string& error = sa.establishing->unprotected_error;
  if (!error.empty()) return fail(turn, sa, "the peer answered with " + error);
  if (sa.establishing->undecryptable) {
    return fail(turn, sa, "what the peer sent last cannot be read: the pre-shared keys may differ");
  }
  if (sa.ending != Ending::failed) return fail(turn, sa, std::string{v2::reason_of(sa.ending)});
  fail(turn, sa, "no answer");
}

void close(Turn& turn, Phase1Sa& sa, Ending ending) {
  const bool was_up = is_up(sa.state);
  sa.ending = ending;
  sa.state = Phase1State::closed;
  end_children(turn, sa, ending);
  sa.outstanding.reset();
  sa.dpd.reset();
  if (was_up) tell_end(turn, sa, ending);
}

void want_delete(Turn& turn, Phase1Sa& sa, Ending ending) {
  if (sa.state == Phase1State::closing && sa.keeps_for_heir) return end_children(turn, sa, ending);
  if (sa.state == Phase1State::closing || sa.state == Phase1State::closed) return;
  sa.ending = ending;
  happen(turn, sa, Phase1Event::delete_wanted);
}

void start_delete(Turn& turn, Phase1Sa& sa) {
  hand_on_children(turn, sa, sa.ending);
  tell_deletes(turn, sa);
  end_children(turn, sa, sa.ending);
  send_delete(turn, sa);
  tell_end(turn, sa, sa.ending);
  linger(turn, sa);
}

void end_by_peer(Turn& turn, Phase1Sa& sa) {
  if (is_up(sa.state)) {
    sa.ending = Ending::by_peer;
    sa.state = Phase1State::closing;
    sa.keeps_for_heir = turn.shard.awaits_heir(sa);
    if (sa.keeps_for_heir) {
      hand_on_children(turn, sa, sa.ending);
      end_quick_modes(turn, sa, sa.ending);
    } else {
      end_children(turn, sa, sa.ending);
    }
    tell_end(turn, sa, sa.ending);
    linger(turn, sa);
  }
  // It needs no Delete of its own.
  std::erase_if(sa.farewells, [&](const Farewell& farewell) {
    return !sa.keeps_for_heir || farewell.payload.protocol == wire::ProtocolId::ike;
  });
}

void await_heir(Turn& turn, Phase1Sa& sa) { sa.expires_at = turn.now + farewell_takes; }

void leave(Turn& turn, Phase1Sa& sa, Ending ending) {
  if (is_up(sa.state)) {
    hand_on_children(turn, sa, ending);
    tell_deletes(turn, sa);
    send_delete(turn, sa);
  }
  close(turn, sa, ending);
}

void delete_child(Turn& turn, Phase1Sa& sa, contract::ChildSaName name, Ending ending) {
  ChildSa* child = sa.find_child(name);
  if (child == nullptr) return;
  if (ending == Ending::superseded && child->installed && !child->retired) {
    // What takes over begins to send before the peer removes this one.
    child->retired = true;
    turn.step.stack.emplace_back(contract::RetireChildSa{.stack = sa.stack, .name = name});
  }
  send_delete(turn, sa, *child);
  remove_child(turn, sa, name, ending);
}

void remove_child(Turn& turn, Phase1Sa& sa, contract::ChildSaName name, Ending ending) {
  ChildSa* child = sa.find_child(name);
  if (child == nullptr) return;
  if (child->installed && ending == Ending::superseded) {
    if (!child->retired) turn.step.stack.emplace_back(contract::RetireChildSa{.stack = sa.stack, .name = name});
    turn.shard.remove_later({.stack = sa.stack, .name = name});
  } else if (child->installed) {
    turn.step.stack.emplace_back(contract::RemoveChildSa{.stack = sa.stack, .name = name});
  }
  if (child->state == ChildState::active) {
    tell(turn, CatalogueId::child_sa_deleted,
         {{"tunnel", "Y" + std::to_string(name.tunnel.value())}, {"reason", std::string{v2::reason_of(ending)}}});
  }
  turn.shard.child_removed(sa, *child, ending);
  std::erase_if(sa.replaced, [&](const Phase1Sa::Replaced& entry) { return entry.old == name; });
  if (QuickMode* quick_mode = sa.quick_mode_of(name)) {
    // Nothing comes of it any more.
    if (quick_mode->role == Role::responder) {
      refuse_last_message(turn, *quick_mode);
    } else {
      abandon(turn, sa, *quick_mode, ending);
      finish(turn, *quick_mode);
    }
  }
  const policy::Traffic traffic = std::move(child->traffic);
  sa.children.erase(sa.children.begin() + (child - sa.children.data()));
  choose_current(turn, sa, traffic);
}

void delete_tunnel(Turn& turn, Phase1Sa& sa, DynamicTunnelId tunnel, Ending ending) {
  const auto given_up = std::erase_if(sa.wishes, [&](const ChildWish& wish) { return wish.name.tunnel == tunnel; });
  for (std::size_t i = 0; i < given_up; ++i) turn.shard.wish_failed(sa, tunnel, ending);
  for (std::size_t i = sa.quick_modes.size(); i-- > 0;) {
    if (sa.quick_modes[i]->wish.name.tunnel != tunnel || sa.quick_modes[i]->state == QuickMode::State::done) continue;
    if (sa.quick_modes[i]->role == Role::responder) {
      refuse_last_message(turn, *sa.quick_modes[i]);
      continue;
    }
    const std::unique_ptr<QuickMode> quick_mode = std::move(sa.quick_modes[i]);
    sa.quick_modes.erase(sa.quick_modes.begin() + static_cast<std::ptrdiff_t>(i));
    abandon(turn, sa, *quick_mode, ending);
  }
  std::vector<contract::ChildSaName> names;
  for (const ChildSa& child : sa.children) {
    if (child.name.tunnel == tunnel) names.push_back(child.name);
  }
  tell_deletes(turn, sa, tunnel);
  // The newest first: one that the peer may not have yet must not begin to send for want of another.
  for (const contract::ChildSaName name : names | std::views::reverse) remove_child(turn, sa, name, ending);
}

}  // namespace adit::ike::v1
