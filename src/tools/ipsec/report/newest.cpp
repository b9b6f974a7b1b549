#include "tools/ipsec/report/newest.h"

#include <map>
#include <utility>

namespace adit::tools::ipsec {
namespace {

/// For each tunnel the value of the highest rank.
template <class Value, class Tunnel, class Rank>
std::vector<Value> highest_of_each(std::vector<Value> values, Tunnel tunnel_of, Rank rank_of) {
  std::map<decltype(tunnel_of(values.front())), Value> by_tunnel;
  for (Value& value : values) {
    const auto tunnel = tunnel_of(value);
    const auto kept = by_tunnel.find(tunnel);
    if (kept == by_tunnel.end()) {
      by_tunnel.emplace(tunnel, std::move(value));
    } else if (rank_of(kept->second) < rank_of(value)) {
      kept->second = std::move(value);
    }
  }
  std::vector<Value> result;
  for (auto& [tunnel, value] : by_tunnel) result.push_back(std::move(value));
  return result;
}

}  // namespace

std::vector<ike::IkeTunnelView> newest_of_each(std::vector<ike::IkeTunnelView> tunnels) {
  return highest_of_each(
      std::move(tunnels), [](const ike::IkeTunnelView& sa) { return sa.tunnel; },
      [](const ike::IkeTunnelView& sa) { return std::pair{sa.state == ike::IkeState::done, sa.generation}; });
}

std::vector<ike::DynamicTunnelView> newest_of_each(std::vector<ike::DynamicTunnelView> tunnels) {
  return highest_of_each(
      std::move(tunnels), [](const ike::DynamicTunnelView& sa) { return sa.name.tunnel; },
      [](const ike::DynamicTunnelView& sa) {
        return std::pair{sa.state == ike::ChildState::active, sa.name.generation};
      });
}

std::vector<InstalledTunnel> newest_of_each(std::vector<InstalledTunnel> tunnels) {
  return highest_of_each(
      std::move(tunnels), [](const InstalledTunnel& tunnel) { return tunnel.sa.name.tunnel; },
      [](const InstalledTunnel& tunnel) { return tunnel.sa.name.generation; });
}

}  // namespace adit::tools::ipsec
