#include "ike/v2/timing.h"

#include <algorithm>

#include "ike/v2/auth.h"
#include "ike/v2/child_exchange.h"
#include "ike/v2/ending.h"
#include "ike/v2/machine.h"
#include "ike/v2/requests.h"
#include "ike/v2/sending.h"

namespace adit::ike::v2 {

namespace {

constexpr Seconds counters_wait{2};              // for the stack, before the peer is asked instead
constexpr std::size_t most_counters = 8;         // children asked about in one check
constexpr std::uint8_t keep_alive_octet = 0xff;  // RFC 3948 §2.3

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
    case SaState::installing:
      return happen(turn, sa, SaEvent::timed_out);
    default:
      return finish_waiting_answer(turn, sa);
  }
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
  if (turn.now < sa.last_inbound + interval) {
    sa.counters_asked = false;
    sa.liveness_at = sa.last_inbound + interval;
    return;
  }
  const bool has_children =
      std::ranges::any_of(sa.children, [](const ChildSa& c) { return c.state == ChildState::active; });
  if (has_children && !sa.counters_asked) {
    std::size_t asked = 0;
    for (const ChildSa& child : sa.children) {
      if (child.state != ChildState::active || asked == most_counters) continue;
      turn.step.stack.emplace_back(QueryCounters{.stack = sa.stack, .name = child.name});
      ++asked;
    }
    sa.counters_asked = true;
    sa.liveness_at = turn.now + counters_wait;
    return;
  }
  sa.counters_asked = false;
  sa.liveness_at = turn.now + interval;
  check_liveness(turn, sa);
}

void keep_alive(Turn& turn, IkeSa& sa) {
  const policy::PolicyPointer policy = turn.shard.policy_of(sa.stack);
  const Seconds interval = policy == nullptr ? Seconds{0} : policy->key_exchange.nat_keep_alive;
  sa.keep_alive_at.reset();
  if (interval == Seconds{0}) return;
  send(turn, sa, {keep_alive_octet});
  sa.keep_alive_at = turn.now + interval;
}

void end_expired_children(Turn& turn, IkeSa& sa) {
  for (ChildSa& child : sa.children) {
    if (child.state == ChildState::active && child.expires_at <= turn.now) {
      delete_child(turn, sa, child, Ending::expired);
    }
  }
}

}  // namespace

std::optional<Instant> next_deadline(const IkeSa& sa) {
  std::optional<Instant> next;
  const auto consider = [&](std::optional<Instant> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  if (sa.outstanding) consider(sa.outstanding->next_at);
  if (!sa.stored_response.datagrams.empty()) consider(sa.stored_response.forget_at);
  consider(sa.expires_at);
  consider(sa.waits_until);
  consider(sa.liveness_at);
  consider(sa.keep_alive_at);
  for (const ChildSa& child : sa.children) {
    if (child.state == ChildState::active) consider(child.expires_at);
  }
  return next;
}

void timer_due(Turn& turn, IkeSa& sa) {
  if (sa.expires_at && *sa.expires_at <= turn.now) {
    sa.expires_at.reset();
    if (sa.state == SaState::established) return want_delete(turn, sa, Ending::expired);
    return happen(turn, sa, SaEvent::timed_out);
  }
  if (sa.waits_until && *sa.waits_until <= turn.now) wait_is_over(turn, sa);
  if (sa.state != SaState::closed && sa.outstanding && sa.outstanding->is_due(turn.now)) look_at_request(turn, sa);
  if (sa.state == SaState::closed) return;
  if (!sa.stored_response.datagrams.empty() && sa.stored_response.forget_at <= turn.now) {
    sa.stored_response.datagrams = {};
  }
  if (sa.state != SaState::established) return;
  end_expired_children(turn, sa);
  if (sa.liveness_at && *sa.liveness_at <= turn.now) look_at_silence(turn, sa);
  if (sa.keep_alive_at && *sa.keep_alive_at <= turn.now) keep_alive(turn, sa);
}

void become_established(Turn& turn, IkeSa& sa) {
  sa.establishing.reset();
  sa.waits_until.reset();
  sa.established_at = turn.now;
  const policy::KeyExchangeOffer* offer = find_offer(*sa.rule, sa.algorithms);
  sa.expires_at = turn.now + Duration{offer->lifetime};
  const policy::KeyExchangeAction& action = *sa.rule->action;
  if (action.liveness_interval != Seconds{0}) sa.liveness_at = turn.now + action.liveness_interval;
  if (sa.nat_local)
    sa.keep_alive_at = turn.now;  // the interval is the policy's; the first goes out with the first look
  tell(turn, CatalogueId::ike_sa_created,
       {{"tunnel", "K" + std::to_string(sa.tunnel.value())},
        {"generation", std::to_string(sa.generation)},
        {"peer", sa.remote.to_string()},
        {"attributes", to_string(sa.algorithms) + ", " + to_string(*sa.local_auth) + " here, " +
                           to_string(*sa.remote_auth) + " there, peer " + sa.remote_identity->to_string()},
        {"rule", sa.rule->name}});
}

void check_liveness(Turn& turn, IkeSa& sa) {
  if (sa.outstanding) return;  // its answer, or its silence, tells the same
  sa.liveness_wanted = true;
  go_on(turn, sa);
}

void counters_arrived(Turn& turn, IkeSa& sa, const contract::ChildSaCounters& counters) {
  if (!counters.since_last_inbound) return;
  const Instant heard = turn.now - *counters.since_last_inbound;
  if (heard <= sa.last_inbound) return;
  sa.last_inbound = heard;
  if (sa.liveness_at && sa.counters_asked) look_at_silence(turn, sa);
}

}  // namespace adit::ike::v2
