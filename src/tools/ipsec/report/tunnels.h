#pragma once
// The entries of `ipsec -k display`, of both views of `ipsec -y display` and of `ipsec -m display`.

#include <optional>

#include "contract/child_sa.h"
#include "ike/engine/views.h"
#include "policy/model.h"
#include "tools/ipsec/report/entry.h"

namespace adit::tools::ipsec {

/// `K4`, `Y12`
std::string name_of(IkeTunnelId tunnel);
std::string name_of(DynamicTunnelId tunnel);
std::string name_of(ManualTunnelId tunnel);

Entry ike_tunnel_entry(const ike::IkeTunnelView& tunnel);

/// Whether the peer's port shows a NAPT in front of it: NAT traversal uses 4500 at both ends (RFC 7296 §2.23).
bool has_napt_in_front_of_remote(const ike::IkeTunnelView& tunnel);

/// As iked sees it (-b): negotiations too. `parent` is its IKE tunnel, which knows of NATs; null when there is none.
Entry negotiated_tunnel_entry(const ike::DynamicTunnelView& tunnel, const ike::IkeTunnelView* parent);

/// As the stack sees it: installed, with what has flowed.
struct InstalledTunnel {
  contract::InstallChildSa sa;  ///< without its keys
  contract::ChildSaCounters counters;
  std::optional<Instant> expires_at;
};
Entry installed_tunnel_entry(const InstalledTunnel& tunnel, Instant now);

/// A tunnel whose keys are in the policy.
struct ManualTunnel {
  ManualTunnelId tunnel;
  policy::ManVpnAction action;  ///< without its keys
  bool is_active = false;
  contract::ChildSaCounters counters;
  std::optional<Instant> expires_at;
};
Entry manual_tunnel_entry(const ManualTunnel& tunnel);

}  // namespace adit::tools::ipsec
