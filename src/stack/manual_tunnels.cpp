#include "stack/manual_tunnels.h"

#include <algorithm>
#include <set>
#include <utility>

namespace adit::stack {
namespace {

using policy::ManVpnAction;
using ActionPointer = std::shared_ptr<const ManVpnAction>;

constexpr std::uint64_t octets_in_kbyte = 1024;
constexpr std::size_t iv_seed_octets = 16;

/// The actions that are to be installed, each once, in the order of the rules that lead to them.
std::vector<ActionPointer> actions_of(const policy::FilterPolicy& policy) {
  std::vector<ActionPointer> actions;
  std::set<const ManVpnAction*> seen;
  for (const policy::Filter& filter : policy.filters) {
    if (filter.manual == nullptr || !filter.manual->is_installed) continue;
    if (seen.insert(filter.manual.get()).second) actions.push_back(filter.manual);
  }
  return actions;
}

contract::DfPolicy df_of(policy::DfSetting setting) {
  switch (setting) {
    case policy::DfSetting::copy:
      return contract::DfPolicy::copy;
    case policy::DfSetting::clear:
      return contract::DfPolicy::clear;
    case policy::DfSetting::set:
      return contract::DfPolicy::set;
  }
  std::unreachable();
}

/// All traffic: the rules that name the action say which packets, in either direction (Classifier).
TrafficSelectors everything() {
  return {{.addresses = IpRange::all(IpFamily::v4)}, {.addresses = IpRange::all(IpFamily::v6)}};
}

contract::DirectionKeys keys_of(const ManVpnAction::Keys& keys) {
  return {.encryption = keys.encryption, .integrity = keys.integrity};
}

/// The integrity of the action is AH's; ESP has none of its own.
void put_ah_around(contract::InstallChildSa& pair, const ManVpnAction::AhSpis& spis) {
  pair.transforms.protocol = contract::SaProtocol::esp;
  pair.transforms.around_esp = std::exchange(pair.transforms.integrity, IntegrityId::none);
  pair.ah = {.inbound_spi = spis.inbound,
             .outbound_spi = spis.outbound,
             .inbound = std::exchange(pair.inbound.integrity, {}),
             .outbound = std::exchange(pair.outbound.integrity, {})};
}

}  // namespace

std::vector<ManualTunnelId> ManualTunnels::ended_by(const policy::FilterPolicy& policy) const {
  const std::vector<ActionPointer> actions = actions_of(policy);
  std::vector<ManualTunnelId> ended;
  for (const auto& [id, tunnel] : tunnels_) {
    const bool stays = std::ranges::any_of(
        actions, [&](const ActionPointer& action) { return action->is_same_tunnel(*tunnel.action); });
    if (tunnel.is_active && !stays) ended.push_back(id);
  }
  return ended;
}

std::vector<contract::InstallChildSa> ManualTunnels::follow(const policy::FilterPolicy& policy, Instant now) {
  std::map<ManualTunnelId, ManualTunnel> before = std::exchange(tunnels_, {});
  std::vector<contract::InstallChildSa> installs;
  for (const ActionPointer& action : actions_of(policy)) {
    const auto known =
        std::ranges::find_if(before, [&](const auto& entry) { return entry.second.action->name == action->name; });
    const bool is_new = known == before.end();
    ManualTunnel tunnel = is_new ? ManualTunnel{.id = ManualTunnelId{++last_}, .action = action} : known->second;
    const bool is_changed = is_new || !tunnel.action->is_same_tunnel(*action);
    tunnel.action = action;  // its place in the file may be another
    if (is_changed) {
      tunnel.is_active = false;
      if (action->active) installs.push_back(begin(tunnel, now));
    }
    tunnels_.emplace(tunnel.id, std::move(tunnel));
  }
  return installs;
}

std::optional<contract::InstallChildSa> ManualTunnels::activate(ManualTunnelId tunnel, Instant now) {
  const auto found = tunnels_.find(tunnel);
  if (found == tunnels_.end() || found->second.is_active) return std::nullopt;
  return begin(found->second, now);
}

std::optional<contract::RemoveChildSa> ManualTunnels::deactivate(ManualTunnelId tunnel) {
  const auto found = tunnels_.find(tunnel);
  if (found == tunnels_.end() || !found->second.is_active) return std::nullopt;
  found->second.is_active = false;
  found->second.expires.reset();
  return contract::RemoveChildSa{.stack = stack_, .name = found->second.name()};
}

bool ManualTunnels::note_end(const contract::ChildSaName& name) {
  const auto found = tunnels_.find(name.manual_tunnel());
  if (found == tunnels_.end() || found->second.name() != name) return false;
  return deactivate(found->first).has_value();
}

contract::InstallChildSa ManualTunnels::begin(ManualTunnel& tunnel, Instant now) {
  const ManVpnAction& action = *tunnel.action;
  ++tunnel.generation;
  tunnel.is_active = true;
  tunnel.expires.reset();
  if (action.lifetime) tunnel.expires = now + *action.lifetime;
  const IpAddress packets_own = IpAddress::any(action.family);
  contract::InstallChildSa pair;
  pair.stack = stack_;
  pair.name = tunnel.name();
  pair.transforms = {.protocol = action.ah ? contract::SaProtocol::ah : contract::SaProtocol::esp,
                     .encryption = action.encryption,
                     .key_bits = action.key_bits,
                     .integrity = action.integrity};
  pair.mode = action.how_to_encap == policy::EncapsulationChoice::transport ? contract::EncapsulationMode::transport
                                                                            : contract::EncapsulationMode::tunnel;
  pair.inbound_spi = action.inbound_spi;
  pair.outbound_spi = action.outbound_spi;
  pair.inbound = keys_of(action.inbound);
  pair.outbound = keys_of(action.outbound);
  if (action.around_esp) put_ah_around(pair, *action.around_esp);
  pair.local = action.local.value_or(packets_own);
  pair.remote = action.remote.value_or(packets_own);
  pair.local_ts = pair.remote_ts = everything();
  if (action.lifetime) pair.lifetimes.hard = *action.lifetime;
  if (action.lifesize_kbytes) pair.lifetimes.hard_octets = *action.lifesize_kbytes * octets_in_kbyte;
  pair.df = df_of(action.df);
  pair.copy_dscp = action.copy_dscp;
  pair.anti_replay = false;
  pair.iv_seed = random_.octets(iv_seed_octets);
  pair.vpn_action = action.name;
  return pair;
}

const ManualTunnel* ManualTunnels::find(ManualTunnelId tunnel) const {
  const auto found = tunnels_.find(tunnel);
  return found == tunnels_.end() ? nullptr : &found->second;
}

const ManualTunnel* ManualTunnels::find(std::string_view action) const {
  const auto found =
      std::ranges::find_if(tunnels_, [&](const auto& entry) { return entry.second.action->name == action; });
  return found == tunnels_.end() ? nullptr : &found->second;
}

}  // namespace adit::stack
