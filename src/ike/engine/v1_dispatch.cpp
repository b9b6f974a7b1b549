// IKEv1's part of the shard: its datagrams' way in, and how its tunnels begin on this side. A v1 message is looked at
// here alone, a v2 message never: neither version answers the other.

#include "ike/engine/state.h"
#include "ike/v1/certificate_requests.h"
#include "ike/v1/ending.h"
#include "ike/v1/phase1.h"
#include "ike/v1/quick_mode.h"
#include "ike/v1/receive.h"

namespace adit::ike {

void Engine::State::take_v1(const Datagram& datagram) {
  const auto ignore = [&](std::string reason) {
    ++statistics_.dropped;
    step_->log.push_back(
        {CatalogueId::v1_message_dropped, {{"peer", datagram.remote.to_string()}, {"reason", std::move(reason)}}});
  };
  const auto header = wire::v1::Header::parse(datagram.octets);
  if (!header) return ignore("malformed: " + std::string{header.error().field});
  if (header->responder_cookie == IkeSpi{} && find_phase1(header->initiator_cookie) == nullptr) {
    return take_first_v1(datagram, *header);
  }
  // Both cookies are in every message: one of them is ours, and says the role.
  v1::Phase1Sa* sa = find_phase1(header->responder_cookie);
  if (sa == nullptr || sa->role != Role::responder || sa->initiator_cookie != header->initiator_cookie) {
    sa = find_phase1(header->initiator_cookie);
    const bool is_ours = sa != nullptr && sa->role == Role::initiator;
    const bool fits = is_ours && (sa->responder_cookie == IkeSpi{} || header->responder_cookie == IkeSpi{} ||
                                  sa->responder_cookie == header->responder_cookie);
    if (!fits) sa = nullptr;
  }
  // RFC 2408 §5.2.
  if (sa == nullptr || sa->stack != datagram.stack) return ignore("no phase 1 SA with its cookies");
  v1::Turn current = v1_turn();
  v1::receive(current, *sa, datagram, *header);
  settle(*sa);
}

/// A cookie of IKEv1 is 64 random bits in a table, of one peer and hard to guess, but none that costs no memory (RFC
/// 2408 §2.5.3). So that who forges addresses keeps nobody out (RFC 2408 §1.7.1), at the bounds the oldest goes of
/// those that have not shown that they are where they seem to be: who is there shows it in a round trip.
bool Engine::State::has_room_for_first_v1(const Datagram& datagram, wire::ExchangeType exchange) {
  using Verdict = HalfOpenLimits::Verdict;
  const auto judge = [&] { return half_open_v1_.judge(datagram.remote.address, HalfOpenLimits::CookieProof::none); };
  const Verdict verdict = judge();
  if (verdict != Verdict::ask_for_cookie) return verdict == Verdict::admit;
  // Aggressive mode's answer costs a Diffie-Hellman exchange and a proof, so that room is made for few.
  const bool is_aggressive = exchange == wire::ExchangeType::aggressive;
  if (is_aggressive && !displacements_.admits(options_.aggressive_displacements_per_second, now_)) return false;
  const IpAddress source = HalfOpenLimits::source_of(datagram.remote.address);
  v1::Phase1Sa* oldest = nullptr;
  const auto of_source = cookies_out_by_source_.lower_bound({source, 0});
  if (of_source != cookies_out_by_source_.end() && of_source->first.first == source) {
    oldest = find_phase1(of_source->second);
  } else if (half_open_v1_.count() >= options_.cookie_threshold && !cookies_out_.empty()) {
    // Where its address alone is at its bound, nobody else's is to go for it.
    oldest = find_phase1(cookies_out_.begin()->second);
  }
  if (oldest == nullptr) return false;
  oldest->state = v1::Phase1State::closed;
  settle(*oldest);
  return judge() == Verdict::admit;
}

void Engine::State::take_first_v1(const Datagram& datagram, const wire::v1::Header& header) {
  const auto ignore = [&](std::string reason) {
    ++statistics_.dropped;
    step_->log.push_back(
        {CatalogueId::v1_message_dropped, {{"peer", datagram.remote.to_string()}, {"reason", std::move(reason)}}});
  };
  const bool begins =
      header.exchange == wire::ExchangeType::identity_protection || header.exchange == wire::ExchangeType::aggressive;
  if (!begins || header.is_encrypted || header.id != MessageId{0}) return ignore("no first message of phase 1");
  if (datagram.octets.size() > v1::largest_first_message) return ignore("message 1 too large");
  const InitKey key{datagram.stack, datagram.remote, header.initiator_cookie};
  if (const auto known = answered_inits_.find(key); known != answered_inits_.end()) {
    v1::Phase1Sa* sa = find_phase1(known->second);
    if (sa == nullptr) return ignore("message 1 with a cookie in use");
    // Seen before: the same answer, byte for byte, while the next message has not come.
    v1::Turn current = v1_turn();
    v1::receive(current, *sa, datagram, header);
    return settle(*sa);
  }
  if (!has_room_for_first_v1(datagram, header.exchange)) return ignore("too many half-open SAs");
  const auto chain = wire::v1::parse_chain(header.next_payload, Bytes{datagram.octets}.subspan(wire::header_size),
                                           wire::v1::Origin::clear);
  if (!chain || chain->unknown) return ignore("malformed message 1");
  const std::size_t told = step_->log.size();
  std::optional<wire::v1::NotifyType> refusal;
  v1::Turn current = v1_turn();
  auto answered = v1::answer_first(current, datagram, header, *chain, draw_ike_spi(), refusal);
  if (answered == nullptr) {
    if (step_->log.size() > told && !stranger_lines_.admits(options_.stranger_lines_per_second, now_)) {
      step_->log.resize(told);
    }
    if (refusal && stranger_answers_.admits(options_.stranger_answers_per_second, now_)) {
      v1::notify_stranger(current, datagram, header, *refusal);
    }
    return;
  }
  answered->tunnel = IkeTunnelId{++last_ike_tunnel_};
  answered->counted_half_open = true;
  answered->arrival = ++statistics_.responded;
  half_open_v1_.opened(datagram.remote.address, HalfOpenLimits::CookieProof::none);
  answered_inits_.emplace(key, answered->our_cookie());
  cookies_out_.emplace(answered->arrival, answered->our_cookie());
  const IpAddress source = HalfOpenLimits::source_of(datagram.remote.address);
  cookies_out_by_source_.emplace(std::pair{source, answered->arrival}, answered->our_cookie());
  v1::Phase1Sa& sa = enter(std::move(answered));
  if (sa.state == v1::Phase1State::preparing_answer) v1::list_authorities(current, sa);
  settle(sa);
}

void Engine::State::forget_cookie_out(const v1::Phase1Sa& sa) {
  cookies_out_.erase({sa.arrival, sa.our_cookie()});
  cookies_out_by_source_.erase({HalfOpenLimits::source_of(sa.init_remote.address), sa.arrival});
}

v1::Phase1Sa& Engine::State::enter(std::unique_ptr<v1::Phase1Sa> sa) {
  v1::Phase1Sa& added = *sa;
  added.path_local = added.local.address;
  added.path_remote = added.remote.address;
  by_path_.emplace(PathKey{added.stack, added.local.address, added.remote.address}, added.our_cookie());
  by_tunnel_.emplace(added.tunnel, added.our_cookie());
  phase1_sas_.emplace(added.our_cookie(), std::move(sa));
  return added;
}

v1::Phase1Sa* Engine::State::find_phase1_for(const StackName& stack, const IpAddress& local, const IpAddress& remote,
                                             const std::string& rule) {
  const PathKey key{stack, local, remote};
  v1::Phase1Sa* on_its_way = nullptr;
  for (auto entry = by_path_.lower_bound({key, IkeSpi{}}); entry != by_path_.end() && entry->first == key; ++entry) {
    v1::Phase1Sa* sa = find_phase1(entry->second);
    if (sa == nullptr || sa->rule->name != rule || sa->refreshed_by) continue;
    if (v1::is_up(sa->state)) return sa;
    const bool may_come_up =
        sa->role == Role::initiator && sa->state != v1::Phase1State::closing && sa->state != v1::Phase1State::closed;
    if (may_come_up) on_its_way = sa;
  }
  return on_its_way;
}

void Engine::State::start_v1(const StackName& stack, const Endpoint& local, const Endpoint& remote,
                             const v2::RulePointer& rule, v2::ChildWish wish, Tunnel entry) {
  const DynamicTunnelId tunnel = wish.name.tunnel;
  v1::Turn current = v1_turn();
  if (v1::Phase1Sa* sa = find_phase1_for(stack, local.address, remote.address, rule->name)) {
    entry.sa = sa->our_cookie();
    tunnels_.emplace(tunnel, std::move(entry));
    sa->wishes.push_back(std::move(wish));
    v1::go_on(current, *sa);
    return settle(*sa);
  }
  auto fresh = std::make_unique<v1::Phase1Sa>();
  fresh->stack = stack;
  fresh->tunnel = IkeTunnelId{++last_ike_tunnel_};
  fresh->role = Role::initiator;
  fresh->begun_at = now_;
  fresh->initiator_cookie = draw_ike_spi();
  fresh->local = local;
  fresh->remote = remote;
  fresh->rule = rule;
  fresh->wishes.push_back(std::move(wish));
  entry.sa = fresh->initiator_cookie;
  tunnels_.emplace(tunnel, std::move(entry));
  v1::Phase1Sa& added = enter(std::move(fresh));
  ++statistics_.initiated;
  v1::initiate(current, added);
  settle(added);
}

void Engine::State::refresh(v1::Phase1Sa& old) {
  if (!v1::is_up(old.state) || old.refreshed_by || old.refreshes) return;
  if (has_newer(old)) {
    // The peer has just made its successor: a third one would be in vain. Unless that one goes again.
    constexpr Seconds look_again{60}, least_left{10};
    old.refresh_at = std::max(now_ + Seconds{1}, std::min(now_ + look_again, *old.expires_at - least_left));
    return;
  }
  v1::Turn current = v1_turn();
  const policy::PolicyPointer policy = policy_of(old.stack);
  const policy::KeyExchangeRule* rule =
      policy == nullptr ? nullptr
                        : policy::find_rule(policy->key_exchange, {.local_address = old.local.address,
                                                                   .remote_address = old.remote.address,
                                                                   .local_identity = old.local_identity,
                                                                   .remote_identity = old.remote_identity});
  using How = policy::HowToInitiate;
  const bool by_v1 = rule != nullptr &&
                     (rule->action->how_to_initiate == How::main || rule->action->how_to_initiate == How::aggressive);
  if (!by_v1) {
    return v1::tell(current, CatalogueId::no_key_exchange_rule,
                    {{"peer", old.remote.to_string()},
                     {"reason", v1::name_of_tunnel(old) + " is not refreshed: no rule lets this side begin IKEv1"}});
  }
  auto fresh = std::make_unique<v1::Phase1Sa>();
  fresh->stack = old.stack;
  fresh->tunnel = old.tunnel;
  fresh->generation = old.generation + 1;
  fresh->role = Role::initiator;
  fresh->begun_at = now_;
  fresh->initiator_cookie = draw_ike_spi();  // another one (RFC 2408 §4.3)
  // Where the peer is now: through its NAT only that way leads to it (RFC 3947 §3, §4).
  fresh->local = old.local;
  fresh->remote = old.remote;
  fresh->rule = v2::share(policy, rule);
  fresh->refreshes = old.our_cookie();
  old.refreshed_by = fresh->our_cookie();
  v1::Phase1Sa& added = enter(std::move(fresh));
  ++statistics_.initiated;
  v1::initiate(current, added);
  touch(added);  // for its timer: the message may be lost
}

void Engine::State::finish_refresh(v1::Phase1Sa& newer) {
  v1::Phase1Sa* old = find_phase1(*newer.refreshes);
  if (old != nullptr && has_to_say(newer, *old)) return;
  // Ours is the last message of aggressive mode: a Delete that overtakes it would leave the peer without any.
  const bool may_lack_it = newer.mode == v1::Mode::aggressive && newer.peer_has_dpd;
  if (old != nullptr && may_lack_it && !is_known_to_peer(newer)) return;
  newer.refreshes.reset();
  v1::Turn current = v1_turn();
  v1::tell(current, CatalogueId::ike_sa_reauthenticated,
           {{"tunnel", v1::name_of_tunnel(newer)},
            {"generation", std::to_string(newer.generation)},
            {"peer", newer.remote.to_string()}});
  if (old == nullptr || !v1::is_up(old->state)) return;
  touch(*old);
  v1::want_delete(current, *old, v2::Ending::superseded);
}

}  // namespace adit::ike
