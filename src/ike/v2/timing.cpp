#include "ike/v2/timing.h"

#include <algorithm>
#include <utility>

#include "ike/v2/auth.h"
#include "ike/v2/child_exchange.h"
#include "ike/v2/child_lifetime.h"
#include "ike/v2/ending.h"
#include "ike/v2/machine.h"
#include "ike/v2/requests.h"
#include "ike/v2/sending.h"

namespace adit::ike::v2 {

namespace {

constexpr Seconds reauthentication_wait{10};     // for one under way, before the SA that it replaces is rekeyed
constexpr Seconds counters_wait{2};              // for the stack, before the peer is asked instead
constexpr std::size_t most_counters = 32;        // children asked about in one look
constexpr std::uint8_t keep_alive_octet = 0xff;  // RFC 3948 §2.3
constexpr unsigned least_margin_permille = 40;   // of a lifetime or lifesize, between refresh and end
constexpr unsigned margin_jitter_permille = 60;  // drawn on top of it
constexpr Duration least_patience{2'000'000}, patience_jitter{3'000'000};
constexpr std::uint64_t octets_a_kbyte = 1024;

void wait_is_over(Turn& turn, IkeSa& sa) {
  sa.waits_until.reset();
  switch (sa.state) {
    case SaState::init_sent:  // the time given to a better answer than the error
      return happen(turn, sa, SaEvent::timed_out);
    case SaState::preparing_auth:
    case SaState::verifying_response:
    case SaState::verifying_request:
    case SaState::signing_response:
      return service_kept_silent(turn, sa);
    default:
      return;
  }
}

/// The stack has not installed in time what answers wait for.
void look_at_waiting_answers(Turn& turn, IkeSa& sa) {
  std::vector<MessageId> late;
  for (const AnswerInWaiting& answer : sa.waiting) {
    if (answer.until <= turn.now) late.push_back(answer.id);
  }
  for (const MessageId id : late) {
    if (sa.state == SaState::closed) return;
    if (sa.state == SaState::installing) return happen(turn, sa, SaEvent::timed_out);
    finish_waiting_answer(turn, sa, id);
  }
  if (!late.empty() && sa.state != SaState::closed) go_on(turn, sa);
}

// The random part of RFC 7296 §2.8.1.
unsigned drawn_margin_permille(Turn& turn) {
  return least_margin_permille + turn.random.number<std::uint32_t>() % margin_jitter_permille;
}

void look_at_request(Turn& turn, IkeSa& sa) {
  if (!sa.outstanding->is_exhausted(turn.options)) return retransmit(turn, sa);
  tell(turn, CatalogueId::retransmissions_exhausted,
       {{"exchange", wire::name_of(static_cast<wire::ExchangeType>(sa.outstanding->exchange))},
        {"local", sa.local.to_string()},
        {"peer", sa.remote.to_string()},
        {"count", std::to_string(sa.outstanding->transmissions)}});
  sa.outstanding.reset();
  happen(turn, sa, SaEvent::timed_out);
}

void look_at_silence(Turn& turn, IkeSa& sa) {
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
  // Who sends nothing need not know whether the peer is there (RFC 7296 §2.4). A stack that does not answer tells
  // neither, and without Child SAs there is no traffic that could: then the peer is asked.
  const bool is_idle = sa.counters_told && !sa.has_sent;
  look_again_at(turn.now + interval);
  if (!is_idle) check_liveness(turn, sa);
}

void keep_alive(Turn& turn, IkeSa& sa) {
  const policy::PolicyPointer policy = turn.shard.policy_of(sa.stack);
  const Seconds interval = policy == nullptr ? Seconds{0} : policy->key_exchange.nat_keep_alive;
  sa.keep_alive_at.reset();
  if (interval == Seconds{0}) return;
  send(turn, sa, {keep_alive_octet});
  sa.keep_alive_at = turn.now + interval;
}

void leave_unused(Turn& turn, const IkeSa& sa, const std::string& what) {
  tell(turn, CatalogueId::unused_not_refreshed,
       {{"tunnel", "K" + std::to_string(sa.tunnel.value())}, {"peer", sa.remote.to_string()}, {"what", what}});
}

void look_at_lifetime(Turn& turn, IkeSa& sa) {
  if (sa.reauth_at && *sa.reauth_at <= turn.now) {
    sa.reauth_at.reset();
    sa.reauthentication_missed = is_unused(sa);
    if (sa.reauthentication_missed) return leave_unused(turn, sa, "reauthenticated");
    return turn.shard.reauthenticate(sa);
  }
  if (sa.refresh_at && *sa.refresh_at <= turn.now) {
    sa.refresh_at.reset();
    sa.rekey_missed = is_unused(sa);
    if (sa.rekey_missed) return leave_unused(turn, sa, "rekeyed");
    if (sa.reauthenticated_by && !std::exchange(sa.rekey_put_off, true)) {  // unless that takes its time
      sa.refresh_at = turn.now + std::min(Duration{reauthentication_wait}, (*sa.expires_at - turn.now) / 2);
      return;
    }
    sa.rekey_wanted = true;
    go_on(turn, sa);
  }
}

}  // namespace

bool is_unused(const IkeSa& sa) { return sa.children.empty() && sa.wishes.empty() && sa.negotiation == nullptr; }

std::optional<Instant> next_deadline(const IkeSa& sa) {
  std::optional<Instant> next;
  const auto consider = [&](std::optional<Instant> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  if (sa.outstanding) consider(sa.outstanding->next_at);
  for (const StoredResponse& response : sa.responses) {
    if (!response.datagrams.empty()) consider(response.forget_at);
  }
  for (const AnswerInWaiting& answer : sa.waiting) consider(answer.until);
  consider(sa.expires_at);
  consider(sa.waits_until);
  consider(sa.liveness_at);
  consider(sa.keep_alive_at);
  consider(sa.refresh_at);
  consider(sa.reauth_at);
  consider(sa.patience_until);
  consider(sa.deletes_wait_until);
  for (const ChildSa& child : sa.children) consider(next_deadline(child));
  return next;
}

void timer_due(Turn& turn, IkeSa& sa) {
  if (sa.expires_at && *sa.expires_at <= turn.now) {
    sa.expires_at.reset();
    if (sa.state == SaState::established) return want_delete(turn, sa, Ending::expired);
    if (sa.state == SaState::superseded) return want_delete(turn, sa, Ending::superseded);
    return happen(turn, sa, SaEvent::timed_out);
  }
  if (sa.waits_until && *sa.waits_until <= turn.now) wait_is_over(turn, sa);
  look_at_waiting_answers(turn, sa);
  if (sa.state != SaState::closed && sa.outstanding && sa.outstanding->is_due(turn.now)) look_at_request(turn, sa);
  if (sa.state == SaState::closed) return;
  forget_responses(sa, turn.now);
  if (sa.deletes_wait_until && *sa.deletes_wait_until <= turn.now) {
    sa.deletes_wait_until.reset();
    go_on(turn, sa);
  }
  if (sa.state != SaState::established) return;
  look_at_children(turn, sa);
  look_at_lifetime(turn, sa);
  if (sa.patience_until && *sa.patience_until <= turn.now) {
    sa.patience_until.reset();
    go_on(turn, sa);
  }
  if (sa.liveness_at && *sa.liveness_at <= turn.now) look_at_silence(turn, sa);
  if (sa.keep_alive_at && *sa.keep_alive_at <= turn.now) keep_alive(turn, sa);
}

void become_established(Turn& turn, IkeSa& sa) {
  sa.establishing.reset();
  sa.waits_until.reset();
  const policy::KeyExchangeAction& action = *sa.rule->action;
  if (action.reauth_interval != Minutes{0}) sa.reauth_at = turn.now + Duration{action.reauth_interval};
  begin_life(turn, sa);
  tell(turn, CatalogueId::ike_sa_created,
       {{"tunnel", "K" + std::to_string(sa.tunnel.value())},
        {"generation", std::to_string(sa.generation)},
        {"peer", sa.remote.to_string()},
        {"attributes", to_string(sa.algorithms) + ", " + to_string(*sa.local_auth) + " here, " +
                           to_string(*sa.remote_auth) + " there, peer " + sa.remote_identity->to_string()},
        {"rule", sa.rule->name}});
}

void begin_life(Turn& turn, IkeSa& sa) {
  sa.established_at = turn.now;
  const policy::KeyExchangeOffer* offer = find_offer(*sa.rule, sa.algorithms);
  sa.expires_at = turn.now + Duration{offer->lifetime};
  sa.refresh_at = refresh_time(turn, offer->lifetime);
  if (offer->lifesize_kbytes) {
    sa.hard_octets = *offer->lifesize_kbytes * octets_a_kbyte;
    sa.soft_octets = refresh_octets(turn, sa.hard_octets);
  }
  const policy::KeyExchangeAction& action = *sa.rule->action;
  if (action.liveness_interval != Seconds{0}) sa.liveness_at = turn.now + action.liveness_interval;
  if (sa.nat_local)
    sa.keep_alive_at = turn.now;  // the interval is the policy's; the first goes out with the first look
}

Instant refresh_time(Turn& turn, Duration lifetime) {
  return turn.now + lifetime - lifetime * drawn_margin_permille(turn) / 1000;
}

std::uint64_t refresh_octets(Turn& turn, std::uint64_t lifesize) {
  return lifesize - lifesize / 1000 * drawn_margin_permille(turn);
}

void look_at_lifesize(Turn& turn, IkeSa& sa) {
  if (sa.state != SaState::established) return;
  if (sa.octets >= sa.hard_octets) return want_delete(turn, sa, Ending::expired);
  if (sa.octets < sa.soft_octets) return;
  sa.soft_octets = UINT64_MAX;
  sa.refresh_at = turn.now;
}

void be_patient(Turn& turn, IkeSa& sa) {
  const auto extra = turn.random.number<std::uint32_t>() % patience_jitter.count();
  sa.patience_until = turn.now + least_patience + Duration{extra};
}

bool is_confirmed(const IkeSa& sa) {
  constexpr Seconds prompt{2};
  if (sa.heard_since_up) return true;
  return sa.role == Role::initiator && sa.last_inbound + prompt > sa.established_at;
}

void check_liveness(Turn& turn, IkeSa& sa) {
  if (sa.outstanding) return;  // its answer, or its silence, tells the same
  sa.liveness_wanted = true;
  go_on(turn, sa);
}

void counters_arrived(Turn& turn, IkeSa& sa, const contract::ChildSaCounters& counters) {
  sa.counters_told = true;
  if (ChildSa* child = sa.find_child(counters.name)) note_usage(turn, sa, *child, counters);
  if (!counters.since_last_inbound) return;
  const Instant heard = turn.now - *counters.since_last_inbound;
  if (heard <= sa.last_inbound) return;
  sa.last_inbound = heard;
  if (heard > sa.established_at) sa.heard_since_up = true;
  // What is older than the interval settles nothing before the other children's counters are there.
  const bool is_recent = turn.now < heard + sa.rule->action->liveness_interval;
  if (sa.liveness_at && sa.counters_asked != 0 && is_recent) look_at_silence(turn, sa);
}

}  // namespace adit::ike::v2
