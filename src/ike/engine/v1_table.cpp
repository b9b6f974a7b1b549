// IKEv1's SAs in the indexes of the shard. Tunnels, owners and questions are shared with IKEv2's: each entry names an
// SA by its SPI or cookie, which are drawn from one range.

#include <algorithm>
#include <iterator>

#include "ike/engine/state.h"
#include "ike/v1/ending.h"
#include "ike/v1/informational.h"
#include "ike/v1/quick_mode.h"
#include "ike/v1/timing.h"

namespace adit::ike {

v1::Phase1Sa* Engine::State::find_phase1(IkeSpi our_cookie) {
  const auto found = phase1_sas_.find(our_cookie);
  return found == phase1_sas_.end() ? nullptr : found->second.get();
}

v1::Phase1Sa* Engine::State::v1_owner_of(const contract::ChildSaName& name, const StackName& stack) {
  const auto owner = owners_.find(name);
  v1::Phase1Sa* sa = owner == owners_.end() ? nullptr : find_phase1(owner->second);
  return sa == nullptr || sa->stack != stack ? nullptr : sa;
}

std::vector<IkeSpi> Engine::State::phase1_sas_named(const StackName& stack, std::optional<IkeTunnelId> tunnel) {
  std::vector<IkeSpi> named;
  if (!tunnel) {
    for_each_phase1_sa(stack, [&](const v1::Phase1Sa& sa) { named.push_back(sa.our_cookie()); });
    return named;
  }
  for (auto entry = by_tunnel_.lower_bound({*tunnel, IkeSpi{}}); entry != by_tunnel_.end() && entry->first == *tunnel;
       ++entry) {
    const v1::Phase1Sa* sa = find_phase1(entry->second);
    if (sa != nullptr && sa->stack == stack && sa->state != v1::Phase1State::closed) named.push_back(entry->second);
  }
  return named;
}

void Engine::State::ask(v1::Phase1Sa& sa, std::variant<contract::Sign, contract::Verify> request) {
  const RequestId id{++last_request_};
  asked_.erase(std::exchange(sa.asked, id));
  asked_.emplace(id, sa.our_cookie());
  CertificateRequest asked{.id = id, .stack = sa.stack, .request = contract::ListAuthorities{}};
  std::visit([&](auto& what) { asked.request = std::move(what); }, request);
  step_->certificates.push_back(std::move(asked));
}

void Engine::State::authenticated(v1::Phase1Sa& sa, v1::Shard::Contact contact) {
  // By the identity: behind a NAT addresses and ports say nothing (RFC 3947 §6).
  const PeerKey key{sa.stack, *sa.local_identity, *sa.remote_identity};
  std::vector<IkeSpi> older;
  for (auto entry = by_peer_.lower_bound({key, IkeSpi{}}); entry != by_peer_.end() && entry->first == key; ++entry) {
    const v1::Phase1Sa* other = find_phase1(entry->second);
    // Begun by both sides at once: an SA that came up after this one began is not one the peer has forgotten.
    const bool is_there = other != nullptr && other != &sa && (v1::is_up(other->state) || other->keeps_for_heir);
    if (is_there && other->established_at < sa.begun_at) {
      older.push_back(entry->second);
    }
  }
  by_peer_.emplace(key, sa.our_cookie());
  if (contact == v1::Shard::Contact::further) inherit_what_waits(sa, key);
  if (sa.role == Role::responder && contact == v1::Shard::Contact::further) keep_tunnel(sa);
  if (sa.role == Role::initiator) replace_crossing(sa);
  make_room_for(sa);
  if (contact != v1::Shard::Contact::initial) return;
  for (const IkeSpi cookie : older) {
    v1::Turn current = v1_turn();
    v1::close(current, *find_phase1(cookie), v2::Ending::peer_restarted);
    touched_.push_back(cookie);
  }
}

void Engine::State::keep_tunnel(v1::Phase1Sa& sa) {
  const v1::Phase1Sa* older = sibling_of(sa);
  if (older == nullptr) return;
  const IkeSpi cookie = sa.our_cookie();
  by_tunnel_.erase({sa.tunnel, cookie});
  sa.tunnel = older->tunnel;
  for (auto entry = by_tunnel_.lower_bound({sa.tunnel, IkeSpi{}});
       entry != by_tunnel_.end() && entry->first == sa.tunnel; ++entry) {
    sa.generation = std::max(sa.generation, find_phase1(entry->second)->generation + 1);
  }
  by_tunnel_.emplace(sa.tunnel, cookie);
  sa.supersedes = older->our_cookie();
}

/// The peer has begun one too, while this one was on its way: there is to be one alone.
void Engine::State::replace_crossing(v1::Phase1Sa& sa) {
  const v1::Phase1Sa* other = sibling_of(sa);
  if (other == nullptr || other->role != Role::responder || other->established_at < sa.begun_at) return;
  sa.supersedes = other->our_cookie();
}

/// Of two SAs that both ends began at once each end may take the other one for the newer, and their Deletes would leave
/// none: the end whose choice goes against the order of the cookies waits until it must have heard of the other's.
bool Engine::State::is_disputed(v1::Phase1Sa& newer, const v1::Phase1Sa& older) const {
  constexpr Seconds delete_arrives{60};  // the other end may have quick modes to finish first
  if (newer.role == older.role || newer.initiator_cookie > older.initiator_cookie) return false;
  const Instant settled = newer.established_at + delete_arrives;
  if (now_ >= settled) return false;
  newer.ask_at = newer.ask_at ? std::min(*newer.ask_at, settled) : settled;
  return true;
}

bool Engine::State::is_known_to_peer(v1::Phase1Sa& sa) {
  constexpr Seconds last_message_takes{1};
  if (sa.heard_since_up) return true;
  sa.ask_at = sa.established_at + last_message_takes;
  if (now_ < *sa.ask_at) return false;
  sa.ask_at.reset();
  v1::Turn current = v1_turn();
  v1::check_liveness(current, sa);
  return false;
}

bool Engine::State::has_to_say(v1::Phase1Sa& newer, const v1::Phase1Sa& older) const {
  if (v1::is_busy(older)) return true;  // what it is negotiating is finished under it
  const std::optional<Instant> arrives = v1::last_message_arrives(older, now_);
  if (arrives) newer.ask_at = newer.ask_at ? std::min(*newer.ask_at, *arrives) : *arrives;
  return arrives.has_value();
}

void Engine::State::supersede(v1::Phase1Sa& newer) {
  v1::Phase1Sa* older = find_phase1(*newer.supersedes);
  if (older == nullptr || !v1::is_up(older->state) || older->refreshed_by) return newer.supersedes.reset();
  v1::Turn current = v1_turn();
  // Our last message of phase 1 may not have arrived: then the peer has the older one alone.
  if (!is_known_to_peer(newer) || is_disputed(newer, *older)) return;
  if (has_to_say(newer, *older)) return;
  newer.supersedes.reset();
  touch(*older);
  v1::want_delete(current, *older, v2::Ending::superseded);
}

void Engine::State::make_room_for(const v1::Phase1Sa& sa) {
  const PeerKey key{sa.stack, *sa.local_identity, *sa.remote_identity};
  v1::Phase1Sa* oldest = nullptr;
  std::size_t count = 0;  // of few: options_.ike_sas_per_peer bounds them
  for (auto entry = by_peer_.lower_bound({key, IkeSpi{}}); entry != by_peer_.end() && entry->first == key; ++entry) {
    ++count;
    v1::Phase1Sa* other = find_phase1(entry->second);
    if (other == nullptr || other == &sa || !v1::is_up(other->state)) continue;
    if (oldest == nullptr || other->established_at < oldest->established_at) oldest = other;
  }
  if (count <= options_.ike_sas_per_peer || oldest == nullptr) return;
  v1::Turn current = v1_turn();
  v1::leave(current, *oldest, v2::Ending::too_many);
  touched_.push_back(oldest->our_cookie());
}

v1::Phase1Sa* Engine::State::best_sibling_of(const v1::Phase1Sa& sa,
                                             bool (*is_better)(const v1::Phase1Sa&, const v1::Phase1Sa&)) {
  if (!sa.local_identity || !sa.remote_identity) return nullptr;
  const PeerKey key{sa.stack, *sa.local_identity, *sa.remote_identity};
  v1::Phase1Sa* best = nullptr;
  for (auto entry = by_peer_.lower_bound({key, IkeSpi{}}); entry != by_peer_.end() && entry->first == key; ++entry) {
    v1::Phase1Sa* other = find_phase1(entry->second);
    if (other == nullptr || other == &sa || !v1::is_up(other->state)) continue;
    if (best == nullptr || is_better(*other, *best)) best = other;
  }
  return best;
}

v1::Phase1Sa* Engine::State::sibling_of(const v1::Phase1Sa& sa) {
  return best_sibling_of(
      sa, [](const v1::Phase1Sa& one, const v1::Phase1Sa& other) { return one.established_at > other.established_at; });
}

v1::Phase1Sa* Engine::State::heir_of(const v1::Phase1Sa& sa) {
  return best_sibling_of(sa, [](const v1::Phase1Sa& one, const v1::Phase1Sa& other) {
    return std::pair{one.heard_since_up, one.established_at} > std::pair{other.heard_since_up, other.established_at};
  });
}

bool Engine::State::has_newer(const v1::Phase1Sa& sa) {
  const v1::Phase1Sa* sibling = sibling_of(sa);
  return sibling != nullptr && sibling->tunnel == sa.tunnel && sibling->established_at > sa.established_at;
}

bool Engine::State::awaits_heir(const v1::Phase1Sa& sa) const {
  const auto heir = sa.refreshed_by ? phase1_sas_.find(*sa.refreshed_by) : phase1_sas_.end();
  if (heir == phase1_sas_.end()) return false;
  const v1::Phase1State state = heir->second->state;
  return state == v1::Phase1State::identity_sent || v1::judges_answer(state);
}

/// Of SAs that the peer has ended, while none that was up could take it.
void Engine::State::inherit_what_waits(v1::Phase1Sa& sa, const PeerKey& key) {
  for (auto entry = by_peer_.lower_bound({key, IkeSpi{}}); entry != by_peer_.end() && entry->first == key; ++entry) {
    v1::Phase1Sa* other = find_phase1(entry->second);
    if (other == nullptr || other == &sa || !other->keeps_for_heir) continue;
    inherit(*other, sa);
    for (v1::Farewell& farewell : std::exchange(other->farewells, {})) {
      farewell.next_at = now_;
      sa.farewells.push_back(std::move(farewell));
    }
    touch(*other);
  }
}

bool Engine::State::has_other_on_path(const v1::Phase1Sa& sa,
                                      const std::function<bool(const v1::Phase1Sa&)>& is_meant) const {
  const PathKey key{sa.stack, sa.path_local, sa.path_remote};
  for (auto entry = by_path_.lower_bound({key, IkeSpi{}}); entry != by_path_.end() && entry->first == key; ++entry) {
    const auto other = phase1_sas_.find(entry->second);
    if (other != phase1_sas_.end() && other->second.get() != &sa && is_meant(*other->second)) return true;
  }
  return false;
}

bool Engine::State::knows_path(const v1::Phase1Sa& sa) const {
  return has_other_on_path(sa, [](const v1::Phase1Sa& other) { return v1::is_up(other.state); });
}

bool Engine::State::is_overtaken(const v1::Phase1Sa& sa) const {
  return has_other_on_path(sa, [&](const v1::Phase1Sa& other) {
    return v1::is_up(other.state) && other.established_at >= sa.begun_at && other.rule->name == sa.rule->name;
  });
}

bool Engine::State::awaits_proof(const v1::Phase1Sa& sa) const {
  return has_other_on_path(sa, [](const v1::Phase1Sa& other) { return other.state == v1::Phase1State::answer_sent; });
}

void Engine::State::child_added(const v1::Phase1Sa& sa, const v2::ChildSa& child) {
  enter_child(sa.stack, sa.our_cookie(), child);
  child_up(child);
}

void Engine::State::child_removed(const v1::Phase1Sa& sa, const v2::ChildSa& child, v2::Ending ending) {
  leave_child(sa.stack, child, ending);
}

std::vector<std::pair<v1::Phase1Sa*, v2::ChildSa*>> Engine::State::same_traffic(const v1::Phase1Sa& sa,
                                                                                const policy::Traffic& traffic) {
  std::vector<std::pair<v1::Phase1Sa*, v2::ChildSa*>> found;
  if (!sa.local_identity || !sa.remote_identity) return found;
  const PeerKey key{sa.stack, *sa.local_identity, *sa.remote_identity};
  for (auto entry = by_peer_.lower_bound({key, IkeSpi{}}); entry != by_peer_.end() && entry->first == key; ++entry) {
    v1::Phase1Sa* other = find_phase1(entry->second);
    if (other == nullptr) continue;
    for (v2::ChildSa& child : other->children) {
      if (child.traffic == traffic) found.emplace_back(other, &child);
    }
  }
  return found;
}

std::pair<v1::Phase1Sa*, v2::ChildSa*> Engine::State::child_of_peer(v1::Phase1Sa& sa, contract::SaProtocol protocol,
                                                                    OutboundSpi spi) {
  if (v2::ChildSa* child = sa.find_child(protocol, spi)) return {&sa, child};
  if (!sa.local_identity || !sa.remote_identity) return {};
  const PeerKey key{sa.stack, *sa.local_identity, *sa.remote_identity};
  for (auto entry = by_peer_.lower_bound({key, IkeSpi{}}); entry != by_peer_.end() && entry->first == key; ++entry) {
    v1::Phase1Sa* other = find_phase1(entry->second);
    if (other == nullptr) continue;
    if (v2::ChildSa* child = other->find_child(protocol, spi)) return {other, child};
  }
  return {};
}

void Engine::State::inherit(v1::Phase1Sa& from, v1::Phase1Sa& to) {
  // As many as the peer may have under one: what is beyond stays behind, and ends.
  const std::size_t most = 2 * options_.child_sas_per_ike_sa;
  const auto room = static_cast<std::ptrdiff_t>(most - std::min(most, to.children.size()));
  const auto first_left = from.children.begin() + std::min(room, std::ssize(from.children));
  const auto goes_over = [&](DynamicTunnelId id) {
    const auto tunnel = tunnels_.find(id);
    if (tunnel != tunnels_.end() && tunnel->second.sa == from.our_cookie()) tunnel->second.sa = to.our_cookie();
  };
  for (auto child = from.children.begin(); child != first_left; ++child) {
    owners_.insert_or_assign(child->name, to.our_cookie());
    goes_over(child->name.tunnel);
  }
  for (const v2::ChildWish& wish : from.wishes) goes_over(wish.name.tunnel);
  std::move(from.children.begin(), first_left, std::back_inserter(to.children));
  std::ranges::move(from.wishes, std::back_inserter(to.wishes));
  std::ranges::move(from.replaced, std::back_inserter(to.replaced));
  from.children.erase(from.children.begin(), first_left);
  from.wishes.clear();
  from.replaced.clear();
}

void Engine::State::wish_failed(const v1::Phase1Sa& sa, DynamicTunnelId tunnel, v2::Ending ending) {
  const auto found = tunnels_.find(tunnel);
  if (found == tunnels_.end()) return;
  --found->second.pending;
  end_if_empty(sa.stack, tunnel, ending);
}

void Engine::State::settle(v1::Phase1Sa& sa) {
  if (sa.counted_half_open && !v1::awaits_cookie(sa.state)) forget_cookie_out(sa);
  if (sa.counted_half_open && !v1::is_half_open(sa.state)) {
    sa.counted_half_open = false;
    half_open_v1_.settled(sa.init_remote.address, HalfOpenLimits::CookieProof::none);
    answered_inits_.erase(InitKey{sa.stack, sa.init_remote, sa.initiator_cookie});
  }
  const std::size_t kept = sa.state == v1::Phase1State::closed ? 0 : sa.unproved_octets();
  half_open_.keeps(sa.init_remote.address, std::exchange(sa.counted_octets, kept), kept);
  sa.ask_at.reset();  // what waits for it says so again
  if (sa.supersedes && v1::is_up(sa.state)) supersede(sa);
  if (sa.refreshes && v1::is_up(sa.state)) finish_refresh(sa);
  if (sa.refreshed_by && v1::is_up(sa.state)) {
    v1::Phase1Sa* newer = find_phase1(*sa.refreshed_by);
    if (newer != nullptr && newer->refreshes && v1::is_up(newer->state)) finish_refresh(*newer);
  }
  if (sa.state == v1::Phase1State::closed) return forget(sa);
  timers_.set(sa.our_cookie(), sa.timer, v1::next_deadline(sa));
}

void Engine::State::forget(v1::Phase1Sa& sa) {
  constexpr Seconds pause_after_failure{60};
  const IkeSpi cookie = sa.our_cookie();
  timers_.set(cookie, sa.timer, std::nullopt);
  by_path_.erase({PathKey{sa.stack, sa.path_local, sa.path_remote}, cookie});
  if (sa.local_identity && sa.remote_identity) {
    by_peer_.erase({PeerKey{sa.stack, *sa.local_identity, *sa.remote_identity}, cookie});
  }
  by_tunnel_.erase({sa.tunnel, cookie});
  // It was to take over from another one, which goes on.
  if (v1::Phase1Sa* old = sa.refreshes ? find_phase1(*sa.refreshes) : nullptr; old != nullptr) {
    old->refreshed_by.reset();
    if (v1::is_up(old->state)) old->refresh_at = now_ + pause_after_failure;
    if (old->keeps_for_heir) old->expires_at = now_;
    touch(*old);
  }
  asked_.erase(sa.asked);
  phase1_sas_.erase(cookie);
}

void Engine::State::settle_any(IkeSpi spi) {
  if (v2::IkeSa* sa = find(spi)) return settle(*sa);
  if (v1::Phase1Sa* sa = find_phase1(spi)) settle(*sa);
}

}  // namespace adit::ike
