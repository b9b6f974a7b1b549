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

/// How long an AutoActivate rule rests after its tunnel's end, which came so often in a row before it was up; nothing
/// when the end was wanted here.
std::optional<Seconds> pause_before_again(v2::Ending ending, unsigned failures) {
  switch (ending) {
    case v2::Ending::expired:
      return Seconds{0};
    case v2::Ending::peer_dead:
    case v2::Ending::malformed:
    case v2::Ending::failed:
    case v2::Ending::by_peer:
      return first_pause * (1 << std::min(failures, most_doublings));
    case v2::Ending::by_operator:
    case v2::Ending::by_policy:
    case v2::Ending::stack_gone:
    case v2::Ending::superseded:
    case v2::Ending::peer_restarted:
      break;
  }
  return std::nullopt;
}

bool is_same_peer(const v2::IkeSa& one, const v2::IkeSa& other) {
  return one.stack == other.stack && one.remote_identity && one.remote_identity == other.remote_identity &&
         one.local_identity == other.local_identity && v2::is_authenticated(other.state);
}

template <class Map, class Key, class Value>
void erase_entry(Map& map, const Key& key, const Value& value) {
  const auto [begin, end] = map.equal_range(key);
  for (auto entry = begin; entry != end; ++entry) {
    if (entry->second != value) continue;
    map.erase(entry);
    return;
  }
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

void Engine::State::authenticated(v2::IkeSa& sa, Contact contact) {
  const PeerKey key{sa.stack, *sa.local_identity, *sa.remote_identity};
  if (contact == Contact::initial) {
    // The peer has forgotten its older SAs (RFC 7296 §2.4). Only those with the same pair of identities: it proved that
    // it is that peer, nothing else.
    const auto [begin, end] = by_peer_.equal_range(key);
    std::vector<IkeSpi> older;
    for (auto entry = begin; entry != end; ++entry) {
      if (entry->second != sa.our_spi()) older.push_back(entry->second);
    }
    for (const IkeSpi spi : older) {
      v2::IkeSa* old = find(spi);
      // Begun by both sides at once: an SA that came up after this one began is not one the peer has forgotten. It had
      // no answer for it yet when it said that this is the only one.
      if (old == nullptr || old->establishing != nullptr || old->established_at >= sa.begun_at) continue;
      v2::Turn current = turn();
      v2::close(current, *old, v2::Ending::peer_restarted);
      touched_.push_back(spi);
    }
  }
  by_peer_.emplace(key, sa.our_spi());
}

bool Engine::State::knows_peer(const v2::IkeSa& sa, const Identity& peer) const {
  const auto [begin, end] = by_peer_.equal_range(PeerKey{sa.stack, *sa.local_identity, peer});
  for (auto entry = begin; entry != end; ++entry) {
    if (entry->second != sa.our_spi()) return true;
  }
  return false;
}

void Engine::State::remove_later(contract::RemoveChildSa pair) {
  constexpr Seconds longest_way{1};  // of a packet, and of the peer's own stack
  leaving_.emplace(now_ + longest_way, std::move(pair));
}

void Engine::State::let_go(DynamicTunnelId tunnel) {
  // What is leaving came within the last second: there is seldom any.
  for (auto entry = leaving_.begin(); entry != leaving_.end();) {
    if (entry->second.name.tunnel != tunnel) {
      ++entry;
      continue;
    }
    step_->stack.emplace_back(std::move(entry->second));
    entry = leaving_.erase(entry);
  }
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

std::optional<DynamicTunnelId> Engine::State::tunnel_with_peer(const v2::IkeSa& sa, const policy::Traffic& traffic) {
  const auto [begin, end] = by_traffic_.equal_range(TrafficKey{sa.stack, traffic});
  for (auto entry = begin; entry != end; ++entry) {
    for (auto owner = owners_.lower_bound({entry->second, 0});
         owner != owners_.end() && owner->first.tunnel == entry->second; ++owner) {
      const v2::IkeSa* other = find(owner->second);
      if (other != nullptr && other != &sa && is_same_peer(sa, *other)) return entry->second;
    }
  }
  return std::nullopt;
}

std::vector<std::pair<v2::IkeSa*, v2::ChildSa*>> Engine::State::doubles_of(const v2::IkeSa& sa,
                                                                           const v2::ChildSa& child) {
  std::vector<std::pair<v2::IkeSa*, v2::ChildSa*>> doubles;
  const auto [begin, end] = by_traffic_.equal_range(TrafficKey{sa.stack, child.traffic});
  for (auto entry = begin; entry != end; ++entry) {
    for (auto owner = owners_.lower_bound({entry->second, 0});
         owner != owners_.end() && owner->first.tunnel == entry->second; ++owner) {
      v2::IkeSa* other_sa = find(owner->second);
      if (other_sa == nullptr || !is_same_peer(sa, *other_sa)) continue;
      v2::ChildSa* other = other_sa->find_child(owner->first);
      const bool is_double = other != nullptr && other != &child && other->state == ChildState::active &&
                             !other->superseded && other->traffic == child.traffic;
      if (is_double) doubles.emplace_back(other_sa, other);
    }
  }
  return doubles;
}

void Engine::State::child_added(const v2::IkeSa& sa, const v2::ChildSa& child) {
  ++statistics_.child_sas;
  owners_.insert_or_assign(child.name, sa.our_spi());
  if (const auto known = tunnels_.find(child.name.tunnel); known != tunnels_.end()) {
    known->second.sa = sa.our_spi();  // wished for here, or a further generation
    --known->second.pending;
    failures_.erase({sa.stack, known->second.rule});
    return;
  }
  TrafficKey traffic{sa.stack, child.traffic};
  by_traffic_.emplace(traffic, child.name.tunnel);
  tunnels_.emplace(child.name.tunnel, Tunnel{.sa = sa.our_spi(),
                                             .last_generation = child.name.generation,
                                             .traffic = std::move(traffic),
                                             .auto_activate = false,
                                             .rule = {}});
}

void Engine::State::child_removed(const v2::IkeSa& sa, const v2::ChildSa& child, v2::Ending ending) {
  --statistics_.child_sas;
  inbound_spis_.erase(child.inbound_spi);
  owners_.erase(child.name);
  const auto other = owners_.lower_bound({child.name.tunnel, 0});
  if (other == owners_.end() || other->first.tunnel != child.name.tunnel) let_go(child.name.tunnel);
  end_if_empty(sa.stack, child.name.tunnel, ending);
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

  if (found->second.auto_activate) {
    const AutomaticRule rule{stack, found->second.rule};
    unsigned& failures = failures_[rule];
    if (const auto pause = pause_before_again(ending, failures)) {
      ++failures;
      to_reactivate_.emplace(now_ + *pause, rule);
    }
  }
  const auto [begin, end] = by_traffic_.equal_range(found->second.traffic);
  const auto traffic = std::find_if(begin, end, [&](const auto& entry) { return entry.second == tunnel; });
  if (traffic != end) by_traffic_.erase(traffic);
  tunnels_.erase(found);
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
  by_tunnel_.insert_or_assign(to.tunnel, to.our_spi());
  by_peer_.emplace(PeerKey{to.stack, *to.local_identity, *to.remote_identity}, to.our_spi());
  to.reauthenticated_by = std::exchange(from.reauthenticated_by, std::nullopt);
  if (v2::IkeSa* newer = to.reauthenticated_by ? find(*to.reauthenticated_by) : nullptr) {
    newer->reauthenticates = to.our_spi();
  }
}

void Engine::State::settle(v2::IkeSa& sa) {
  if (sa.counted_half_open && !v2::is_half_open(sa.state)) {
    sa.counted_half_open = false;
    half_open_.settled(sa.init_remote.address);
    answered_inits_.erase(InitKey{sa.stack, sa.init_remote, sa.initiator_spi});
  }
  if (sa.reauthenticates && sa.state == v2::SaState::established) finish_reauthentication(sa);
  if (sa.state == v2::SaState::closed) return forget(sa);
  timers_.set(sa.our_spi(), sa.timer, v2::next_deadline(sa));
}

void Engine::State::forget(v2::IkeSa& sa) {
  const IkeSpi spi = sa.our_spi();
  timers_.set(spi, sa.timer, std::nullopt);
  erase_entry(by_path_, PathKey{sa.stack, sa.path_local, sa.path_remote}, spi);
  if (sa.local_identity && sa.remote_identity) {
    erase_entry(by_peer_, PeerKey{sa.stack, *sa.local_identity, *sa.remote_identity}, spi);
  }
  if (const auto named = by_tunnel_.find(sa.tunnel); named != by_tunnel_.end() && named->second == spi) {
    by_tunnel_.erase(named);
  }
  if (sa.reauthenticates) reauthentication_failed(sa);
  asked_.erase(sa.asked);
  sas_.erase(spi);
}

}  // namespace adit::ike
