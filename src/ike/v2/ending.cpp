#include "ike/v2/ending.h"

#include "ike/v2/child_lifetime.h"
#include "ike/v2/ike_rekey.h"
#include "ike/v2/machine.h"
#include "ike/v2/requests.h"
#include "ike/v2/sending.h"
#include "ike/v2/timing.h"

namespace adit::ike::v2 {

namespace {

std::string name_of_tunnel(const IkeSa& sa) { return "K" + std::to_string(sa.tunnel.value()); }

/// The peer removes the pair when it reads the Delete, whose response may take its time. Where another pair carries the
/// traffic, none of it need go by this one until then.
void retire_if_doubled(Turn& turn, const IkeSa& sa, ChildSa& child) {
  if (!child.installed || child.retired || turn.shard.doubles_of(sa, child).empty()) return;
  child.retired = true;
  turn.step.stack.emplace_back(contract::RetireChildSa{.stack = sa.stack, .name = child.name});
}

}  // namespace

void fail(Turn& turn, IkeSa& sa, const std::string& reason) {
  ++turn.statistics.failed;
  tell(turn, CatalogueId::negotiation_failed,
       {{"tunnel", name_of_tunnel(sa)}, {"peer", sa.remote.to_string()}, {"reason", reason}});
  close(turn, sa, sa.ending);
}

void give_up(Turn& turn, IkeSa& sa) {
  switch (sa.state) {
    case SaState::established:
      if (IkeSa* successor = yield_to_rival(turn, sa)) {  // the peer's own rekey came through, and ours did not
        check_liveness(turn, *successor);
        return close(turn, sa, Ending::superseded);
      }
      tell(turn, CatalogueId::peer_is_dead, {{"peer", sa.remote.to_string()}, {"tunnel", name_of_tunnel(sa)}});
      return close(turn, sa, Ending::peer_dead);
    case SaState::superseded:
    case SaState::deleting:
      return close(turn, sa, sa.ending);
    case SaState::half_open:
    case SaState::refused:
      return close(turn, sa, Ending::failed);
    default:
      break;
  }
  if (sa.establishing != nullptr && sa.establishing->failure_told) {
    ++turn.statistics.failed;
    return close(turn, sa, sa.ending);
  }
  const bool has_error = sa.establishing != nullptr && !sa.establishing->unprotected_error.empty();
  if (has_error) return fail(turn, sa, "the peer answered IKE_SA_INIT with " + sa.establishing->unprotected_error);
  if (sa.ending != Ending::failed) return fail(turn, sa, std::string{reason_of(sa.ending)});
  fail(turn, sa, "no answer");
}

void close(Turn& turn, IkeSa& sa, Ending ending) {
  const bool was_up = is_authenticated(sa.state);
  sa.ending = ending;
  const std::vector<ChildWish> wishes = std::exchange(sa.wishes, {});
  const std::unique_ptr<ChildNegotiation> negotiation = std::move(sa.negotiation);
  if (negotiation != nullptr) turn.shard.release(negotiation->inbound_spi);
  while (!sa.children.empty()) remove_child(turn, sa, sa.children.back(), ending);
  for (const ChildWish& wish : wishes) turn.shard.wish_failed(sa, wish.name.tunnel, ending);
  if (negotiation != nullptr) turn.shard.wish_failed(sa, negotiation->wish.name.tunnel, ending);
  IkeSa* rival = rival_of(turn, sa);
  sa.rekey.reset();
  sa.outstanding.reset();
  sa.state = SaState::closed;
  if (rival != nullptr) {  // who wanted it handed over has done so
    turn.shard.touch(*rival);
    leave(turn, *rival, ending);
  }
  if (!was_up) return;
  tell(turn, CatalogueId::ike_sa_deleted,
       {{"tunnel", name_of_tunnel(sa)},
        {"generation", std::to_string(sa.generation)},
        {"peer", sa.remote.to_string()},
        {"reason", std::string{reason_of(ending)}}});
}

void want_delete(Turn& turn, IkeSa& sa, Ending ending) {
  if (sa.state == SaState::deleting) return;
  sa.ending = ending;
  happen(turn, sa, SaEvent::delete_wanted);
}

void start_delete(Turn& turn, IkeSa& sa) {
  sa.expires_at.reset();
  sa.refresh_at.reset();
  sa.reauth_at.reset();
  sa.patience_until.reset();
  sa.liveness_at.reset();
  sa.keep_alive_at.reset();
  if (sa.ending == Ending::expired) {
    yield_to_rival(turn, sa);  // what the peer made of it lives on
  } else if (IkeSa* rival = rival_of(turn, sa)) {
    want_delete(turn, *rival, sa.ending);
    turn.shard.touch(*rival);
  }
  for (ChildSa& child : sa.children) {
    if (child.state != ChildState::half_closed) child.ending = sa.ending;
    child.state = ChildState::half_closed;
    // What the peer removes when it reads the Delete must not be sent by any more (RFC 7296 §2.8).
    if (sa.ending == Ending::superseded) {
      retire_in_stack(turn, sa, child);
    } else {
      retire_if_doubled(turn, sa, child);
    }
  }
  go_on(turn, sa);
}

void finish_delete(Turn& turn, IkeSa& sa, const Received& response) {
  sa.outstanding.reset();
  if (sa.rekey != nullptr) take_rekey_answer(turn, sa, response.payloads);
  if (sa.delete_sent) return close(turn, sa, sa.ending);
  go_on(turn, sa);  // it was the answer to an older request: the Delete's turn has come
}

void leave(Turn& turn, IkeSa& sa, Ending ending) {
  if (is_authenticated(sa.state) && !sa.outstanding) {
    wire::Payloads payloads;
    payloads.add(wire::Delete{.protocol = wire::ProtocolId::ike});
    send_request(turn, sa, wire::ExchangeType::informational, payloads);
  }
  close(turn, sa, ending);
}

void delete_child(Turn& turn, IkeSa& sa, ChildSa& child, Ending ending) {
  if (child.state == ChildState::half_closed) return;
  child.state = ChildState::half_closed;
  child.ending = ending;
  if (turn.now < child.expires_at) retire_if_doubled(turn, sa, child);  // at its end the stack takes it away itself
  sa.spis_to_delete.push_back({child.transforms.protocol, child.inbound_spi});
  go_on(turn, sa);
}

void retire_in_stack(Turn& turn, IkeSa& sa, ChildSa& child) {
  // The peer removes it as soon as it reads the Delete: by then nothing may be sent by it or be under way.
  constexpr Duration retirement{200'000};
  if (!child.installed) return;
  child.retired = true;
  turn.step.stack.emplace_back(contract::RetireChildSa{.stack = sa.stack, .name = child.name});
  sa.deletes_wait_until = turn.now + retirement;
}

void retire_child(Turn& turn, IkeSa& sa, ChildSa& child) {
  retire_in_stack(turn, sa, child);
  delete_child(turn, sa, child, Ending::superseded);
}

void await_delete(Turn& turn, IkeSa& sa) {
  constexpr Seconds peer_deletes_within{60};
  sa.expires_at = turn.now + peer_deletes_within;
  sa.refresh_at.reset();
  sa.reauth_at.reset();
  sa.patience_until.reset();
  sa.liveness_at.reset();
  sa.keep_alive_at.reset();
  sa.ending = Ending::superseded;
}

void remove_child(Turn& turn, IkeSa& sa, ChildSa& child, Ending ending) {
  // What the peer sent before its Delete, or before it had ours, may come in after it: another way, another queue.
  // Where another SA carries the traffic on, this one still receives that, and sends no more (RFC 7296 §1.4.1, §2.8).
  const bool is_carried_on = ending == Ending::superseded || (ending == Ending::by_peer && !turn.shard.is_alone(child));
  if (child.installed && is_carried_on) {
    // Retired, so that a pair that waits for this one to go begins to send.
    if (!child.retired) {
      turn.step.stack.emplace_back(contract::RetireChildSa{.stack = sa.stack, .name = child.name});
    }
    turn.shard.remove_later({.stack = sa.stack, .name = child.name});
  } else if (child.installed) {
    turn.step.stack.emplace_back(contract::RemoveChildSa{.stack = sa.stack, .name = child.name});
  }
  if (child.state == ChildState::active || child.state == ChildState::half_closed) {
    tell(turn, CatalogueId::child_sa_deleted,
         {{"tunnel", "Y" + std::to_string(child.name.tunnel.value())}, {"reason", std::string{reason_of(ending)}}});
  }
  turn.shard.child_removed(sa, child, ending);
  const std::optional<contract::ChildSaName> replaced = child.replaces;
  sa.erase(child);
  if (!replaced || sa.state != SaState::established) return;
  // What was to replace it has gone first: it carries on.
  if (ChildSa* old = sa.find_child(*replaced); old != nullptr && old->superseded) {
    old->superseded = false;
    rekey_failed(turn, sa, *replaced);
  }
}

void delete_tunnel(Turn& turn, IkeSa& sa, DynamicTunnelId tunnel, Ending ending) {
  const auto given_up = std::erase_if(sa.wishes, [&](const ChildWish& wish) { return wish.name.tunnel == tunnel; });
  if (sa.negotiation != nullptr && sa.negotiation->wish.name.tunnel == tunnel) sa.negotiation->cancelled = true;
  for (ChildSa& child : sa.children) {
    if (child.name.tunnel != tunnel) continue;
    delete_child(turn, sa, child, ending);
  }
  for (std::size_t i = 0; i < given_up; ++i) turn.shard.wish_failed(sa, tunnel, ending);
}

}  // namespace adit::ike::v2
