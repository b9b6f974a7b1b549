// The indexes over the SAs: entered when one appears, left when it ends.

#include "ike/engine/state.h"
#include "ike/v2/ending.h"
#include "ike/v2/timing.h"

namespace adit::ike {

namespace {

constexpr std::uint32_t reserved_spis = 255;  // 1 to 255 are IANA's (RFC 4303 §2.1)
constexpr unsigned id_shift = 48;             // numbers of tunnels stay apart between the shards

constexpr Seconds reactivation_pause{60};  // before an AutoActivate rule that failed is tried again

/// How long an AutoActivate rule rests after its tunnel's end; nothing when the end was wanted here.
std::optional<Seconds> pause_before_again(v2::Ending ending) {
  switch (ending) {
    case v2::Ending::expired:
      return Seconds{0};
    case v2::Ending::peer_dead:
    case v2::Ending::malformed:
    case v2::Ending::failed:
    case v2::Ending::by_peer:
      return reactivation_pause;
    case v2::Ending::by_operator:
    case v2::Ending::by_policy:
    case v2::Ending::stack_gone:
    case v2::Ending::superseded:
      break;
  }
  return std::nullopt;
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
      v2::close(current, *old, v2::Ending::superseded);
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

void Engine::State::child_added(const v2::IkeSa& sa, const v2::ChildSa& child) {
  ++statistics_.child_sas;
  if (tunnels_.contains(child.name.tunnel)) return;  // wished for here, or a further generation
  TrafficKey traffic{sa.stack, {.local = child.local_ts, .remote = child.remote_ts}};
  by_traffic_.emplace(traffic, child.name.tunnel);
  tunnels_.emplace(child.name.tunnel, Tunnel{.sa = sa.our_spi(), .traffic = std::move(traffic)});
}

void Engine::State::child_removed(const v2::IkeSa& sa, const v2::ChildSa& child, v2::Ending ending) {
  --statistics_.child_sas;
  inbound_spis_.erase(child.inbound_spi);
  for (const v2::ChildSa& other : sa.children) {
    if (&other != &child && other.name.tunnel == child.name.tunnel) return;  // another generation carries on
  }
  wish_failed(sa, child.name.tunnel, ending);
}

void Engine::State::wish_failed(const v2::IkeSa& sa, DynamicTunnelId tunnel, v2::Ending ending) {
  const auto found = tunnels_.find(tunnel);
  if (found == tunnels_.end()) return;
  if (found->second.auto_activate) {
    if (const auto pause = pause_before_again(ending)) {
      to_reactivate_.emplace(now_ + *pause, std::pair{sa.stack, found->second.rule});
    }
  }
  if (const auto traffic = by_traffic_.find(found->second.traffic);
      traffic != by_traffic_.end() && traffic->second == tunnel) {
    by_traffic_.erase(traffic);
  }
  tunnels_.erase(found);
}

void Engine::State::settle(v2::IkeSa& sa) {
  if (sa.counted_half_open && !v2::is_half_open(sa.state)) {
    sa.counted_half_open = false;
    half_open_.settled(sa.init_remote.address);
    answered_inits_.erase(InitKey{sa.stack, sa.init_remote, sa.initiator_spi});
  }
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
  by_tunnel_.erase(sa.tunnel);
  asked_.erase(sa.asked);
  sas_.erase(spi);
}

}  // namespace adit::ike
