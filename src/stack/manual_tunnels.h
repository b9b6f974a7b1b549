#pragma once
// The manual tunnels of a stack: which the policy has, which are active, and what the data plane is asked for when that
// changes. Values in, values out: the shell hands the pairs to the data plane.

#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "contract/child_sa.h"
#include "policy/model.h"

namespace adit::stack {

struct ManualTunnel {
  ManualTunnelId id;
  std::shared_ptr<const policy::ManVpnAction> action;
  std::uint32_t generation = 0;  ///< counts its activations
  bool is_active = false;
  std::optional<Instant> expires;  ///< while it is active, by its Lifetime

  contract::ChildSaName name() const { return contract::ChildSaName::manual(id, generation); }
};

class ManualTunnels {
 public:
  ManualTunnels(StackName stack, Random& random) : stack_{std::move(stack)}, random_{random} {}

  /// The active tunnels that a policy which takes the place of the one before ends: it has them no more, or has others
  /// of the same name. To be removed as it comes into force, so that nothing leaves by their old keys; then follow().
  std::vector<ManualTunnelId> ended_by(const policy::FilterPolicy& policy) const;

  /// Makes the tunnels those of the policy. One that is the same as before stays as it is, active or not.
  /// @return the pairs to be installed: new or changed tunnels with Active Yes
  std::vector<contract::InstallChildSa> follow(const policy::FilterPolicy& policy, Instant now);

  /// @return the pair to be installed; nothing when the tunnel is active, or there is none of that number
  std::optional<contract::InstallChildSa> activate(ManualTunnelId tunnel, Instant now);
  /// @return the pair to be removed; nothing when the tunnel is not active, or there is none of that number
  std::optional<contract::RemoveChildSa> deactivate(ManualTunnelId tunnel);
  /// The data plane has refused a pair, or ended it at a limit. False when it was a former pair of its tunnel.
  bool note_end(const contract::ChildSaName& name);

  /// Null when there is none.
  const ManualTunnel* find(ManualTunnelId tunnel) const;
  const ManualTunnel* find(std::string_view action) const;
  /// In the order of their numbers.
  const std::map<ManualTunnelId, ManualTunnel>& all() const { return tunnels_; }

 private:
  contract::InstallChildSa begin(ManualTunnel& tunnel, Instant now);

  StackName stack_;
  Random& random_;
  std::map<ManualTunnelId, ManualTunnel> tunnels_;
  std::uint64_t last_ = 0;
};

}  // namespace adit::stack
