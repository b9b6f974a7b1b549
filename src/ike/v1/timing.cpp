#include "ike/v1/timing.h"

#include <algorithm>

#include "ike/v1/doubles.h"
#include "ike/v1/ending.h"
#include "ike/v1/informational.h"
#include "ike/v1/machine.h"
#include "ike/v1/phase1.h"
#include "ike/v1/quick_mode.h"

namespace adit::ike::v1 {

namespace {

constexpr Seconds counters_wait{2};              // for the stack, before the peer is asked instead
constexpr std::size_t most_counters = 32;        // children asked about in one look
constexpr std::uint8_t keep_alive_octet = 0xff;  // RFC 3948 §2.3
constexpr unsigned least_margin_permille = 40;   // of a lifetime or lifesize, between refresh and end
constexpr unsigned margin_jitter_permille = 60;  // drawn on top of it
constexpr std::uint64_t octets_a_kbyte = 1024;

unsigned drawn_margin_permille(Turn& turn) {
  return least_margin_permille + turn.random.number<std::uint32_t>() % margin_jitter_permille;
}

/// Repeats what is due of one exchange; false when it has been repeated often enough.
bool repeat(Turn& turn, const Phase1Sa& sa, std::optional<v2::Retransmission>& outstanding) {
  if (!outstanding || !outstanding->is_due(turn.now)) return true;
  if (outstanding->is_exhausted(turn.options)) return false;
  ++turn.statistics.retransmitted;
  outstanding->again(turn.options, turn.now);
  for (const ByteString& datagram : outstanding->datagrams) {
    turn.step.send.push_back({.stack = sa.stack, .local = sa.local, .remote = sa.remote, .octets = datagram});
  }
  return true;
}

/// Whether the peer has made a newer SA in the meantime while it left this refresh without an answer for longer than a
/// certificate service may take at its end.
bool is_in_vain(Turn& turn, const Phase1Sa& sa) {
  const bool is_refresh = sa.role == Role::initiator && sa.refreshes && sa.wishes.empty() && !is_up(sa.state);
  return is_refresh && turn.now >= sa.begun_at + turn.options.certificate_wait && turn.shard.is_overtaken(sa);
}

void look_at_repetitions(Turn& turn, Phase1Sa& sa) {
  if (sa.outstanding && sa.outstanding->is_due(turn.now) && is_in_vain(turn, sa)) {
    return close(turn, sa, Ending::superseded);
  }
  if (!repeat(turn, sa, sa.outstanding)) {
    tell(turn, CatalogueId::retransmissions_exhausted,
         {{"exchange", wire::name_of(static_cast<wire::ExchangeType>(sa.outstanding->exchange))},
          {"local", sa.local.to_string()},
          {"peer", sa.remote.to_string()},
          {"count", std::to_string(sa.outstanding->transmissions)}});
    sa.outstanding.reset();
    return happen(turn, sa, Phase1Event::timed_out);
  }
  // An exchange of its own each time: a peer that could not read the first one may have kept its IV.
  if (sa.dpd && sa.dpd->is_due(turn.now)) sa.dpd->datagrams = {liveness_question(turn, sa)};
  if (!repeat(turn, sa, sa.dpd)) {
    sa.dpd.reset();
    return happen(turn, sa, Phase1Event::timed_out);
  }
  for (std::size_t i = sa.quick_modes.size(); i-- > 0;) {
    QuickMode& quick_mode = *sa.quick_modes[i];
    if (quick_mode.state == QuickMode::State::preparing && quick_mode.forget_at <= turn.now) {
      refuse_prepared(turn, sa, quick_mode);
    } else if (!repeat(turn, sa, quick_mode.outstanding)) {
      quick_mode_timed_out(turn, sa, quick_mode);
    }
  }
  for (std::size_t i = 0; i < sa.quick_modes.size(); ++i) {  // it may begin others
    QuickMode& quick_mode = *sa.quick_modes[i];
    const bool is_over = quick_mode.state == QuickMode::State::held && quick_mode.forget_at <= turn.now;
    if (is_over) peer_is_connected(turn, sa, quick_mode);
  }
  for (Farewell& farewell : sa.farewells) {
    if (farewell.next_at > turn.now || sa.keeps_for_heir) continue;
    constexpr Seconds between{2};
    say(turn, sa, farewell);
    --farewell.left;
    farewell.next_at = turn.now + between;
  }
  std::erase_if(sa.farewells, [](const Farewell& farewell) { return farewell.left == 0; });
}

void forget_what_is_past(Turn& turn, Phase1Sa& sa) {
  if (is_up(sa.state) && !sa.last_received.empty() && sa.replay_until <= turn.now) {
    sa.last_received = {};
    sa.last_sent = {};
  }
  std::erase_if(sa.quick_modes, [&](const auto& quick_mode) {
    return quick_mode->state == QuickMode::State::done && quick_mode->forget_at <= turn.now;
  });
}

void look_at_silence(Turn& turn, Phase1Sa& sa) {
  const Seconds interval = sa.rule->action->liveness_interval;
  const auto look_again_at = [&](Instant at) {
    sa.counters_asked = 0;
    sa.counters_told = sa.has_sent = false;
    sa.liveness_at = at;
  };
  if (turn.now < sa.last_inbound + interval) return look_again_at(sa.last_inbound + interval);
  // About all children, any of which may be the one that sends, but not in one step.
  if (sa.counters_asked == 0) sa.counters_told = false;
  std::size_t asked = 0;
  while (asked < most_counters && sa.counters_asked < sa.children.size()) {
    const ChildSa& child = sa.children[sa.counters_asked++];
    if (child.state != ChildState::active) continue;
    turn.step.stack.emplace_back(QueryCounters{.stack = sa.stack, .name = child.name});
    ++asked;
  }
  if (asked != 0) {
    sa.liveness_at = turn.now + counters_wait;
    return;
  }
  // Who sends nothing need not know whether the peer is there (RFC 3706 §5.4).
  const bool is_idle = sa.counters_told && !sa.has_sent;
  look_again_at(turn.now + interval);
  if (!is_idle) check_liveness(turn, sa);
}

void keep_alive(Turn& turn, Phase1Sa& sa) {
  const policy::PolicyPointer policy = turn.shard.policy_of(sa.stack);
  const Seconds interval = policy == nullptr ? Seconds{0} : policy->key_exchange.nat_keep_alive;
  sa.keep_alive_at.reset();
  if (interval == Seconds{0}) return;
  send(turn, sa, {keep_alive_octet});
  sa.keep_alive_at = turn.now + interval;
}

void look_at_children(Turn& turn, Phase1Sa& sa) {
  std::vector<contract::ChildSaName> handed_over, expired, due;
  for (const Phase1Sa::Replaced& entry : sa.replaced) {
    if (entry.delete_at <= turn.now) handed_over.push_back(entry.old);
  }
  for (const contract::ChildSaName name : handed_over) {
    std::erase_if(sa.replaced, [&](const Phase1Sa::Replaced& entry) { return entry.old == name; });
    delete_child(turn, sa, name, Ending::superseded);
  }
  for (const ChildSa& child : sa.children) {
    if (child.expires_at <= turn.now) {
      expired.push_back(child.name);
    } else if (child.refresh_at && *child.refresh_at <= turn.now) {
      due.push_back(child.name);
    }
  }
  for (const contract::ChildSaName name : expired) delete_child(turn, sa, name, Ending::expired);
  for (const contract::ChildSaName name : due) {
    if (ChildSa* child = sa.find_child(name)) want_rekey(turn, sa, *child);
  }
}

/// Of an SA that is not up yet, and can tell the peer nothing.
void end_expired_children(Turn& turn, Phase1Sa& sa) {
  std::vector<contract::ChildSaName> expired;
  for (const ChildSa& child : sa.children) {
    if (child.expires_at <= turn.now) expired.push_back(child.name);
  }
  for (const contract::ChildSaName name : expired) remove_child(turn, sa, name, Ending::expired);
}

void look_at_lifetime(Turn& turn, Phase1Sa& sa) {
  if (!sa.refresh_at || *sa.refresh_at > turn.now) return;
  sa.refresh_at.reset();
  if (sa.children.empty() && !is_busy(sa)) {
    return tell(turn, CatalogueId::unused_not_refreshed,
                {{"tunnel", name_of_tunnel(sa)}, {"peer", sa.remote.to_string()}, {"what", "refreshed"}});
  }
  // IKEv1 proves both peers again at every refresh (RFC 2409 §5).
  turn.shard.refresh(sa);
}

}  // namespace

std::optional<Instant> next_deadline(const Phase1Sa& sa) {
  std::optional<Instant> next;
  const auto consider = [&](std::optional<Instant> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  if (sa.outstanding) consider(sa.outstanding->next_at);
  if (sa.dpd) consider(sa.dpd->next_at);
  if (is_up(sa.state) && !sa.last_received.empty()) consider(sa.replay_until);
  for (const auto& quick_mode : sa.quick_modes) {
    if (quick_mode->outstanding) consider(quick_mode->outstanding->next_at);
    if (quick_mode->state == QuickMode::State::done || quick_mode->state == QuickMode::State::held ||
        quick_mode->state == QuickMode::State::preparing) {
      consider(quick_mode->forget_at);
    }
  }
  if (!sa.keeps_for_heir) {
    for (const Farewell& farewell : sa.farewells) consider(farewell.next_at);
  }
  for (const ChildSa& child : sa.children) {
    consider(child.expires_at);
    if (is_up(sa.state)) consider(child.refresh_at);
  }
  if (is_up(sa.state)) {
    for (const Phase1Sa::Replaced& entry : sa.replaced) consider(entry.delete_at);
  }
  consider(sa.expires_at);
  consider(sa.waits_until);
  consider(sa.liveness_at);
  consider(sa.keep_alive_at);
  consider(sa.refresh_at);
  consider(sa.ask_at);
  return next;
}

void timer_due(Turn& turn, Phase1Sa& sa) {
  if (sa.expires_at && *sa.expires_at <= turn.now) {
    sa.expires_at.reset();
    if (is_up(sa.state)) return want_delete(turn, sa, Ending::expired);
    if (sa.keeps_for_heir && turn.shard.awaits_heir(sa)) return await_heir(turn, sa);
    return happen(turn, sa, Phase1Event::timed_out);
  }
  if (sa.waits_until && *sa.waits_until <= turn.now) {
    sa.waits_until.reset();
    service_kept_silent(turn, sa);
  }
  if (sa.state == Phase1State::closed) return;
  look_at_repetitions(turn, sa);
  if (sa.state == Phase1State::closed) return;
  forget_what_is_past(turn, sa);
  if (!is_up(sa.state)) return end_expired_children(turn, sa);
  look_at_children(turn, sa);
  look_at_lifetime(turn, sa);
  if (sa.liveness_at && *sa.liveness_at <= turn.now) look_at_silence(turn, sa);
  if (sa.keep_alive_at && *sa.keep_alive_at <= turn.now) keep_alive(turn, sa);
  go_on(turn, sa);
}

void become_established(Turn& turn, Phase1Sa& sa) {
  sa.state = Phase1State::established;
  sa.establishing.reset();
  sa.waits_until.reset();
  sa.established_at = turn.now;
  sa.last_inbound = turn.now;
  sa.expires_at = turn.now + sa.choice.lifetime;
  sa.refresh_at = refresh_time(turn, sa.choice.lifetime);
  if (sa.choice.lifesize_kbytes) {
    sa.hard_octets = *sa.choice.lifesize_kbytes * octets_a_kbyte;
    sa.soft_octets = refresh_octets(turn, sa.hard_octets);
  }
  std::vector<policy::Traffic> kept;  // by children that waited for it
  for (const ChildSa& child : sa.children) kept.push_back(child.traffic);
  for (const policy::Traffic& traffic : kept) choose_current(turn, sa, traffic);
  const policy::KeyExchangeAction& action = *sa.rule->action;
  if (action.liveness_interval != Seconds{0} && sa.peer_has_dpd) sa.liveness_at = turn.now + action.liveness_interval;
  if (sa.nat_local) sa.keep_alive_at = turn.now;  // the interval is the policy's
  tell(turn, CatalogueId::ike_sa_created,
       {{"tunnel", name_of_tunnel(sa)},
        {"generation", std::to_string(sa.generation)},
        {"peer", sa.remote.to_string()},
        {"attributes", std::string{"IKEv1 "} + (sa.mode == Mode::main ? "main mode, " : "aggressive mode, ") +
                           to_string(sa.choice) + ", peer " + sa.remote_identity->to_string()},
        {"rule", sa.rule->name}});
  const bool has_told = sa.role == Role::responder || sa.generation != 1;
  if (sa.mode == Mode::aggressive && sa.choice.method == AuthMethod::shared_key && !has_told) {
    tell(turn, CatalogueId::v1_aggressive_shared_key, {{"peer", sa.remote.to_string()}, {"rule", sa.rule->name}});
  }
}

Instant refresh_time(Turn& turn, Duration lifetime) {
  return turn.now + lifetime - lifetime * drawn_margin_permille(turn) / 1000;
}

std::uint64_t refresh_octets(Turn& turn, std::uint64_t lifesize) {
  return lifesize - lifesize / 1000 * drawn_margin_permille(turn);
}

void counters_arrived(Turn& turn, Phase1Sa& sa, const contract::ChildSaCounters& counters) {
  sa.counters_told = true;
  if (ChildSa* child = sa.find_child(counters.name)) {
    if (counters.outbound_packets > child->sent_packets) sa.has_sent = true;
    child->sent_packets = counters.outbound_packets;
  }
  if (!counters.since_last_inbound) return;
  const Instant heard = turn.now - *counters.since_last_inbound;
  if (heard <= sa.last_inbound) return;
  sa.last_inbound = heard;
  // What is older than the interval settles nothing before the other children's counters are there.
  const bool is_recent = turn.now < heard + sa.rule->action->liveness_interval;
  if (sa.liveness_at && sa.counters_asked != 0 && is_recent) look_at_silence(turn, sa);
}

}  // namespace adit::ike::v1
