#include "ike/engine/engine.h"

#include <algorithm>

#include "ike/engine/state.h"
#include "ike/v1/ending.h"
#include "ike/v1/informational.h"
#include "ike/v1/messages.h"
#include "ike/v1/quick_mode.h"
#include "ike/v1/timing.h"
#include "ike/v2/child_exchange.h"
#include "ike/v2/child_lifetime.h"
#include "ike/v2/ending.h"
#include "ike/v2/receive.h"
#include "ike/v2/timing.h"

namespace adit::ike {

namespace {

constexpr unsigned shard_shift = 56;  // the top octet of an IKE SPI names the shard

}  // namespace

Engine::Engine(EngineOptions options, Random& random) : state_{std::make_unique<State>(options, random)} {}
Engine::~Engine() = default;

Step Engine::handle(Input input, Instant now) { return state_->handle(std::move(input), now); }
std::optional<Instant> Engine::next_deadline() const { return state_->next_deadline(); }
Statistics Engine::statistics() const { return state_->statistics(); }

Step Engine::State::handle(Input input, Instant now) {
  Step step;
  step_ = &step;
  now_ = now;
  std::visit([this](auto& what) { take(what); }, input);
  // An exchange may end other SAs (INITIAL_CONTACT), and an ended tunnel may be wanted again.
  const auto is_due = [&] { return !to_reactivate_.empty() && to_reactivate_.begin()->first <= now_; };
  while (!touched_.empty() || is_due()) {
    if (touched_.empty()) {
      const auto [stack, rule] = std::move(to_reactivate_.begin()->second);
      to_reactivate_.erase(to_reactivate_.begin());
      activate(stack, rule, Activation::automatic);
      continue;
    }
    const IkeSpi spi = touched_.back();
    touched_.pop_back();
    settle_any(spi);
  }
  while (auto pair = leaving_.take_due(now_)) step.stack.emplace_back(*std::move(pair));
  statistics_.datagrams_out += step.send.size();
  step_ = nullptr;
  return step;
}

std::optional<Instant> Engine::State::next_deadline() const {
  std::optional<Instant> next = timers_.next();
  const auto consider = [&](Instant at) { next = next ? std::min(*next, at) : at; };
  if (!to_reactivate_.empty()) consider(to_reactivate_.begin()->first);
  if (const auto at = leaving_.next()) consider(*at);
  return next;
}

Statistics Engine::State::statistics() const {
  Statistics result = statistics_;
  result.half_open = half_open_.count() + half_open_v1_.count();
  result.ike_sas = sas_.size() + phase1_sas_.size();
  result.unproved_octets = half_open_.octets();
  result.inbound_spis = inbound_spis_.size();
  result.open_questions = asked_.size();
  return result;
}

v2::IkeSa* Engine::State::find(IkeSpi our_spi) {
  const auto found = sas_.find(our_spi);
  return found == sas_.end() ? nullptr : found->second.get();
}

IkeSpi Engine::State::draw_ike_spi() {
  // Unique here, and never zero (RFC 7296 §2.6, §3.1).
  constexpr std::uint64_t below_shard = (std::uint64_t{1} << shard_shift) - 1;
  for (;;) {
    const IkeSpi spi{(random_.number<std::uint64_t>() & below_shard) | std::uint64_t{options_.shard} << shard_shift};
    if (spi != IkeSpi{} && !sas_.contains(spi) && !phase1_sas_.contains(spi)) return spi;
  }
}

void Engine::State::take(TimePassed&) {
  // Each SA that is due is looked at once: settle() gives it a later instant or none.
  while (const auto spi = timers_.due(now_)) {
    if (v1::Phase1Sa* sa = find_phase1(*spi)) {
      v1::Turn current = v1_turn();
      v1::timer_due(current, *sa);
      settle(*sa);
      if (v1::Phase1Sa* still = find_phase1(*spi); still != nullptr && still->timer && *still->timer <= now_) {
        timers_.set(*spi, still->timer, now_ + Duration{1});
      }
      continue;
    }
    v2::IkeSa& sa = *sas_.at(*spi);
    v2::Turn current = turn();
    v2::timer_due(current, sa);
    settle(sa);
    if (v2::IkeSa* still = find(*spi); still != nullptr && still->timer && *still->timer <= now_) {
      timers_.set(*spi, still->timer, now_ + Duration{1});
    }
  }
}

void Engine::State::take(contract::InstallResult& result) {
  if (v1::Phase1Sa* sa = v1_owner_of(result.name, result.stack)) {
    v1::Turn current = v1_turn();
    v1::install_answered(current, *sa, result);
    return settle(*sa);
  }
  v2::IkeSa* sa = owner_of(result.name, result.stack);
  if (sa == nullptr) return;
  v2::Turn current = turn();
  v2::install_answered(current, *sa, result);
  settle(*sa);
}

void Engine::State::take(contract::LifetimeReached& reached) {
  if (reached.hard) leaving_.forget(reached.name, reached.stack);  // gone before its time
  if (v1::Phase1Sa* sa = v1_owner_of(reached.name, reached.stack)) {
    v2::ChildSa* child = sa->find_child(reached.name);
    v1::Turn current = v1_turn();
    if (reached.hard) {
      child->installed = false;  // the stack has removed it itself
      v1::delete_child(current, *sa, reached.name, v2::Ending::expired);
    } else {
      child->lifesize_reached = true;
      v1::want_rekey(current, *sa, *child);
    }
    return settle(*sa);
  }
  v2::IkeSa* sa = owner_of(reached.name, reached.stack);
  v2::ChildSa* child = sa == nullptr ? nullptr : sa->find_child(reached.name);
  if (child == nullptr) return;
  v2::Turn current = turn();
  if (reached.hard) {
    child->installed = false;  // the stack has removed it itself
    v2::delete_child(current, *sa, *child, v2::Ending::expired);
  } else {
    child->lifesize_reached = true;
    v2::want_rekey(current, *sa, *child);
  }
  settle(*sa);
}

void Engine::State::take(contract::ChildSaCounters& counters) {
  if (v1::Phase1Sa* sa = v1_owner_of(counters.name, counters.stack)) {
    v1::Turn current = v1_turn();
    v1::counters_arrived(current, *sa, counters);
    return settle(*sa);
  }
  v2::IkeSa* sa = owner_of(counters.name, counters.stack);
  if (sa == nullptr) return;
  v2::Turn current = turn();
  v2::counters_arrived(current, *sa, counters);
  settle(*sa);
}

void Engine::State::take(contract::PeerMoved& moved) {
  if (v1::Phase1Sa* sa = v1_owner_of(moved.name, moved.stack)) {
    if (!v1::is_up(sa->state) || !sa->nat_remote || sa->nat_local) return;
    v1::Turn current = v1_turn();
    v1::follow_peer(current, *sa, {.stack = sa->stack, .local = sa->local, .remote = moved.from, .octets = {}});
    v1::check_liveness(current, *sa);
    return settle(*sa);
  }
  v2::IkeSa* sa = owner_of(moved.name, moved.stack);
  if (sa == nullptr || sa->state != v2::SaState::established) return;
  if (!sa->nat_remote || sa->nat_local) return;
  // The packet was authentic and new to the anti-replay window, so it is the last valid one of the peer (RFC 7296
  // §2.23). The check that follows tells whether it hears us there.
  v2::Turn current = turn();
  v2::follow_peer(current, *sa, sa->local, moved.from);
  v2::check_liveness(current, *sa);
  settle(*sa);
}

}  // namespace adit::ike
