// The indexes over the SAs: entered when one appears, left when it ends.

#include <algorithm>
#include <iterator>

#include "ike/engine/state.h"
#include "ike/v2/ending.h"
#include "ike/v2/timing.h"

namespace adit::ike {

namespace {

constexpr std::uint32_t reserved_spis = 255;  // 1 to 255 are IANA's (RFC 4303 §2.1)
constexpr unsigned id_shift = 48;             // numbers of tunnels stay apart between the shards

constexpr Seconds first_pause{10};  // before an AutoActivate rule that failed is tried again; doubles with each failure
constexpr unsigned most_doublings = 6;

bool is_failure(v2::Ending ending) {
  return ending == v2::Ending::failed || ending == v2::Ending::malformed || ending == v2::Ending::peer_dead ||
         ending == v2::Ending::by_peer;
}

/// How long an AutoActivate rule rests after its tunnel's end, which came so often in a row before it was up; nothing
/// when the end was wanted here.
std::optional<Seconds> pause_before_again(v2::Ending ending, unsigned failures) {
  switch (ending) {
    case v2::Ending::expired:
    case v2::Ending::by_policy:  // the rule may be in the new one too
      return Seconds{0};
    case v2::Ending::peer_dead:
    case v2::Ending::malformed:
    case v2::Ending::failed:
    case v2::Ending::by_peer:
    case v2::Ending::superseded:      // by another tunnel of the same traffic, which is the rule's from then on
    case v2::Ending::peer_restarted:  // and may want another tunnel than this one
      return first_pause * (1 << std::min(failures, most_doublings));
    case v2::Ending::by_operator:
    case v2::Ending::stack_gone:
    case v2::Ending::too_many:
      break;
  }
  return std::nullopt;
}

}  // namespace

policy::PolicyPointer Engine::State::policy_of(const StackName& stack) const {
  const auto found = stacks_.find(stack);
  return found == stacks_.end() ? nullptr : found->second.policy;
}

InboundSpi Engine::State::draw_inbound_spi() {
  for (;;) {
    const InboundSpi spi{random_.number<std::uint32_t>()};
    if (spi.value() > reserved_spis && inbound_spis_.insert(spi).second) return spi;
  }
}

DynamicTunnelId Engine::State::number_dynamic_tunnel() {
  return DynamicTunnelId{++last_dynamic_tunnel_ | std::uint64_t{options_.shard} << id_shift};
}

void Engine::State::authenticated(v2::IkeSa& sa, v2::Shard::Contact contact) {
  using Contact = v2::Shard::Contact;
  const PeerKey key{sa.stack, *sa.local_identity, *sa.remote_identity};
  if (contact == Contact::initial) {
    // The peer has forgotten its older SAs (RFC 7296 §2.4). Only those with the same pair of identities: it proved that
    // it is that peer, nothing else.
    std::vector<IkeSpi> older;
    for (auto entry = by_peer_.lower_bound({key, IkeSpi{}}); entry != by_peer_.end() && entry->first == key; ++entry) {
      if (entry->second != sa.our_spi()) older.push_back(entry->second);
    }
    for (const IkeSpi spi : older) {
      v2::IkeSa* old = find(spi);
      if (old == nullptr || old->establishing != nullptr) continue;
      v2::Turn current = turn();
      touched_.push_back(spi);
      // Begun by both sides at once: what came up here after the peer may have written that this is the only one need
      // not be forgotten. It had no answer for it yet; or it has restarted since, and is asked.
      if (old->established_at >= sa.auth_after) {
        old->heard_since_up = false;
        v2::check_liveness(current, *old);
        continue;
      }
      v2::close(current, *old, v2::Ending::peer_restarted);
    }
  }
  by_peer_.emplace(key, sa.our_spi());
  forget_asked_peer(sa);
  make_room_for(sa);
}

void Engine::State::make_room_for(const v2::IkeSa& sa) {
  if (ike_sas_with_peer(sa) <= options_.ike_sas_per_peer) return;
  const PeerKey key{sa.stack, *sa.local_identity, *sa.remote_identity};
  v2::IkeSa* oldest = nullptr;
  for (auto entry = by_peer_.lower_bound({key, IkeSpi{}}); entry != by_peer_.end() && entry->first == key; ++entry) {
    v2::IkeSa* other = find(entry->second);
    if (other == nullptr || other == &sa || !v2::is_authenticated(other->state)) continue;
    if (oldest == nullptr || other->established_at < oldest->established_at) oldest = other;
  }
  if (oldest == nullptr) return;
  v2::Turn current = turn();
  v2::leave(current, *oldest, v2::Ending::too_many);  // at once: a peer that answers no Delete would keep it
  touched_.push_back(oldest->our_spi());
}

std::size_t Engine::State::ike_sas_with_peer(const v2::IkeSa& sa) const {
  const PeerKey key{sa.stack, *sa.local_identity, *sa.remote_identity};
  std::size_t count = 0;  // of few: options_.ike_sas_per_peer bounds them
  for (auto entry = by_peer_.lower_bound({key, IkeSpi{}}); entry != by_peer_.end() && entry->first == key; ++entry)
    ++count;
  return count;
}

void Engine::State::asks_peer(const v2::IkeSa& sa, const Identity& peer) {
  asked_peers_.emplace(PeerKey{sa.stack, *sa.local_identity, peer}, sa.our_spi());
}

void Engine::State::forget_asked_peer(const v2::IkeSa& sa) {
  const std::optional<Identity>& peer = sa.rule->remote_identity.exact;
  if (sa.local_identity && peer) asked_peers_.erase({PeerKey{sa.stack, *sa.local_identity, *peer}, sa.our_spi()});
}

bool Engine::State::knows_peer(const v2::IkeSa& sa, const Identity& peer) const {
  const PeerKey key{sa.stack, *sa.local_identity, peer};
  for (auto entry = by_peer_.lower_bound({key, IkeSpi{}}); entry != by_peer_.end() && entry->first == key; ++entry) {
    if (entry->second != sa.our_spi()) return true;
  }
  // Of another negotiation the peer may have the IKE SA already: to assert that this is the only one would end that
  // there, and here it would come up without its other end (RFC 7296 §2.4).
  for (auto entry = asked_peers_.lower_bound({key, IkeSpi{}}); entry != asked_peers_.end() && entry->first == key;
       ++entry) {
    if (entry->second != sa.our_spi()) return true;
  }
  return false;
}

bool Engine::State::is_alone(const v2::ChildSa& child) const {
  for (auto owner = owners_.lower_bound({child.name.tunnel, 0});
       owner != owners_.end() && owner->first.tunnel == child.name.tunnel; ++owner) {
    if (owner->first != child.name) return false;
  }
  return true;
}

void Engine::State::remove_later(contract::RemoveChildSa pair) {
  constexpr Seconds longest_way{1};  // of a packet, and of the peer's own stack
  leaving_.add(now_ + longest_way, std::move(pair));
}

void Engine::State::let_go(DynamicTunnelId tunnel) {
  for (contract::RemoveChildSa& pair : leaving_.take_tunnel(tunnel)) step_->stack.emplace_back(std::move(pair));
}

std::optional<Instant> Engine::State::vpn_life_end(DynamicTunnelId tunnel) const {
  const auto found = tunnels_.find(tunnel);
  return found == tunnels_.end() ? std::nullopt : found->second.vpn_life_end;
}

contract::ChildSaName Engine::State::next_generation(DynamicTunnelId tunnel) {
  Tunnel& entry = tunnels_.at(tunnel);
  ++entry.pending;
  return {.tunnel = tunnel, .generation = ++entry.last_generation};
}

v2::IkeSa* Engine::State::owner_of(const contract::ChildSaName& name, const StackName& stack) {
  const auto owner = owners_.find(name);
  v2::IkeSa* sa = owner == owners_.end() ? nullptr : find(owner->second);
  return sa == nullptr || sa->stack != stack ? nullptr : sa;
}

std::vector<IkeSpi> Engine::State::owners_of(DynamicTunnelId tunnel) const {
  std::vector<IkeSpi> owners{tunnels_.at(tunnel).sa};
  for (auto entry = owners_.lower_bound({tunnel, 0}); entry != owners_.end() && entry->first.tunnel == tunnel;
       ++entry) {
    if (std::ranges::find(owners, entry->second) == owners.end()) owners.push_back(entry->second);
  }
  return owners;
}

std::vector<v2::IkeSa*> Engine::State::sas_with_peer(const v2::IkeSa& sa) {
  std::vector<v2::IkeSa*> found;
  if (!sa.local_identity || !sa.remote_identity) return found;
  const PeerKey key{sa.stack, *sa.local_identity, *sa.remote_identity};
  for (auto entry = by_peer_.lower_bound({key, IkeSpi{}}); entry != by_peer_.end() && entry->first == key; ++entry) {
    v2::IkeSa* other = find(entry->second);
    if (other != nullptr && v2::is_authenticated(other->state)) found.push_back(other);
  }
  return found;
}

std::optional<DynamicTunnelId> Engine::State::tunnel_with_peer(const v2::IkeSa& sa, const policy::Traffic& traffic) {
  std::optional<DynamicTunnelId> oldest;
  for (const v2::IkeSa* other : sas_with_peer(sa)) {
    if (other == &sa) continue;
    for (const v2::ChildSa& child : other->children) {
      if (child.traffic == traffic && (!oldest || child.name.tunnel < *oldest)) oldest = child.name.tunnel;
    }
  }
  return oldest;
}

std::vector<std::pair<v2::IkeSa*, v2::ChildSa*>> Engine::State::doubles_of(const v2::IkeSa& sa,
                                                                           const v2::ChildSa& child) {
  std::vector<std::pair<v2::IkeSa*, v2::ChildSa*>> doubles;
  for (v2::IkeSa* other_sa : sas_with_peer(sa)) {
    for (v2::ChildSa& other : other_sa->children) {
      const bool is_double =
          &other != &child && other.state == ChildState::active && !other.superseded && other.traffic == child.traffic;
      if (is_double) doubles.emplace_back(other_sa, &other);
    }
  }
  return doubles;
}

void Engine::State::child_added(const v2::IkeSa& sa, const v2::ChildSa& child) {
  enter_child(sa.stack, sa.our_spi(), child);
}

void Engine::State::enter_child(const StackName& stack, IkeSpi owner, const v2::ChildSa& child) {
  ++statistics_.child_sas;
  owners_.insert_or_assign(child.name, owner);
  if (const auto known = tunnels_.find(child.name.tunnel); known != tunnels_.end()) {
    known->second.sa = owner;  // wished for here, or a further generation
    known->second.vpn_life_end = child.vpn_life_expires_at;
    --known->second.pending;
    return;
  }
  const auto entered = by_traffic_.emplace(TrafficKey{stack, child.traffic}, child.name.tunnel).first;
  tunnels_.emplace(child.name.tunnel, Tunnel{.sa = owner,
                                             .last_generation = child.name.generation,
                                             .vpn_life_end = child.vpn_life_expires_at,
                                             .traffic = &entered->first,
                                             .auto_activate = false,
                                             .rule = {}});
}

void Engine::State::child_up(const v2::ChildSa& child) {
  const auto known = tunnels_.find(child.name.tunnel);
  if (known != tunnels_.end() && !known->second.up_since) known->second.up_since = now_;
}

void Engine::State::child_removed(const v2::IkeSa& sa, const v2::ChildSa& child, v2::Ending ending) {
  leave_child(sa.stack, child, ending);
}

void Engine::State::leave_child(const StackName& stack, const v2::ChildSa& child, v2::Ending ending) {
  --statistics_.child_sas;
  inbound_spis_.erase(child.inbound_spi);
  if (child.ah) inbound_spis_.erase(child.ah->inbound);
  owners_.erase(child.name);
  const auto other = owners_.lower_bound({child.name.tunnel, 0});
  if (other == owners_.end() || other->first.tunnel != child.name.tunnel) let_go(child.name.tunnel);
  end_if_empty(stack, child.name.tunnel, ending);
}

void Engine::State::wish_failed(const v2::IkeSa& sa, DynamicTunnelId tunnel, v2::Ending ending) {
  const auto found = tunnels_.find(tunnel);
  if (found == tunnels_.end()) return;
  --found->second.pending;
  end_if_empty(sa.stack, tunnel, ending);
}

void Engine::State::end_if_empty(const StackName& stack, DynamicTunnelId tunnel, v2::Ending ending) {
  const auto found = tunnels_.find(tunnel);
  if (found == tunnels_.end()) return;
  const auto other = owners_.lower_bound({tunnel, 0});
  if (other != owners_.end() && other->first.tunnel == tunnel) {
    if (found->second.pending == 0) found->second.sa = other->second;
    return;
  }
  if (found->second.pending != 0) return;

  try_again_later(stack, found->second, ending);
  by_traffic_.erase({*found->second.traffic, tunnel});
  tunnels_.erase(found);
}

void Engine::State::try_again_later(const StackName& stack, const Tunnel& ended, v2::Ending ending) {
  constexpr Seconds least_life{10};  // of a tunnel that counts as one that was up
  const bool was_up = ended.up_since && now_ >= *ended.up_since + least_life;
  if (was_up) {
    on_demand_pauses_.succeeded(*ended.traffic);
  } else if (ended.on_demand && is_failure(ending)) {
    on_demand_pauses_.failed(*ended.traffic, now_);
  }
  if (!ended.auto_activate) return;
  const AutomaticRule rule{stack, ended.rule};
  if (was_up) failures_.erase(rule);
  unsigned& failures = failures_[rule];
  if (const auto pause = pause_before_again(ending, failures)) {
    ++failures;
    to_reactivate_.emplace(now_ + *pause, rule);
  }
}

void Engine::State::inherit(v2::IkeSa& from, v2::IkeSa& to) {
  for (const v2::ChildSa& child : from.children) {
    owners_.insert_or_assign(child.name, to.our_spi());
    if (const auto tunnel = tunnels_.find(child.name.tunnel); tunnel != tunnels_.end()) {
      if (tunnel->second.sa == from.our_spi()) tunnel->second.sa = to.our_spi();
    }
  }
  for (const v2::ChildWish& wish : from.wishes) tunnels_.at(wish.name.tunnel).sa = to.our_spi();
  std::ranges::move(from.children, std::back_inserter(to.children));
  std::ranges::move(from.wishes, std::back_inserter(to.wishes));
  std::ranges::move(from.spis_to_delete, std::back_inserter(to.spis_to_delete));
  from.children.clear();
  from.wishes.clear();
  from.spis_to_delete.clear();
  if (from.deletes_wait_until) to.deletes_wait_until = from.deletes_wait_until;
  to.rival_to.reset();
  newest_of_tunnel_.insert_or_assign(to.tunnel, to.our_spi());
  to.reauthenticated_by = std::exchange(from.reauthenticated_by, std::nullopt);
  if (v2::IkeSa* newer = to.reauthenticated_by ? find(*to.reauthenticated_by) : nullptr) {
    newer->reauthenticates = to.our_spi();
  }
}

void Engine::State::settle(v2::IkeSa& sa) {
  if (sa.counted_half_open && !v2::is_half_open(sa.state)) {
    sa.counted_half_open = false;
    using Proof = HalfOpenLimits::CookieProof;
    half_open_.settled(sa.init_remote.address, sa.returned_cookie ? Proof::right : Proof::none);
    answered_inits_.erase(InitKey{sa.stack, sa.init_remote, sa.initiator_spi});
  }
  const std::size_t kept = sa.state == v2::SaState::closed ? 0 : sa.unproved_octets();
  half_open_.keeps(sa.init_remote.address, std::exchange(sa.counted_octets, kept), kept);
  if (sa.reauthenticates && sa.state == v2::SaState::established) finish_reauthentication(sa);
  if (sa.reauthenticated_by) touched_.push_back(*sa.reauthenticated_by);  // which may wait for what is under way here
  if (sa.state == v2::SaState::closed) return forget(sa);
  timers_.set(sa.our_spi(), sa.timer, v2::next_deadline(sa));
}

void Engine::State::forget(v2::IkeSa& sa) {
  const IkeSpi spi = sa.our_spi();
  timers_.set(spi, sa.timer, std::nullopt);
  by_path_.erase({PathKey{sa.stack, sa.path_local, sa.path_remote}, spi});
  if (sa.local_identity && sa.remote_identity) {
    by_peer_.erase({PeerKey{sa.stack, *sa.local_identity, *sa.remote_identity}, spi});
  }
  forget_asked_peer(sa);
  by_tunnel_.erase({sa.tunnel, spi});
  if (const auto newest = newest_of_tunnel_.find(sa.tunnel);
      newest != newest_of_tunnel_.end() && newest->second == spi) {
    newest_of_tunnel_.erase(newest);
  }
  if (sa.reauthenticates) reauthentication_failed(sa);
  asked_.erase(sa.asked);
  sas_.erase(spi);
}

}  // namespace adit::ike
