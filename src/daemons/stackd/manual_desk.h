#pragma once
// The manual tunnels of the stack between the policy, the operator and the data plane: what each asks is carried out
// and logged.

#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "base/system_random.h"
#include "rpc/operator_views.h"
#include "rpc/post.h"
#include "stack/manual_tunnels.h"
#include "stack/user/data_plane.h"

namespace adit::daemons::stackd {

class ManualDesk {
 public:
  /// Answers of the data plane come back by way of `post`; the desk must outlive them.
  ManualDesk(const StackName& stack, stack::user::DataPlane& data_plane, rpc::Post post)
      : stack_{stack}, data_plane_{data_plane}, post_{std::move(post)}, tunnels_{stack, random_} {}

  /// Puts a policy in force by `set_policy`. Tunnels that it has no more, or has changed, end before; new ones begin
  /// after. When it is refused, those that ended begin again.
  std::expected<void, std::string> replace_policy(const policy::FilterPolicy& policy,
                                                  const std::function<std::expected<void, std::string>()>& set_policy);

  /// None named: all of them.
  std::vector<rpc::NamedAnswer> activate(const std::vector<ManualTunnelId>& named);
  std::vector<rpc::NamedAnswer> deactivate(const std::vector<ManualTunnelId>& named);
  /// The data plane has ended a pair at a limit of its policy.
  void note_limit(const contract::ChildSaName& name);

  /// With what the data plane has counted.
  std::vector<rpc::ManualTunnelView> views(const std::vector<contract::ChildSaCounters>& counters) const;

 private:
  std::vector<ManualTunnelId> or_all(const std::vector<ManualTunnelId>& named) const;
  void install(std::vector<contract::InstallChildSa> pairs);
  void note(const contract::InstallResult& result);
  /// False when it was not active.
  bool end(ManualTunnelId tunnel, const std::string& reason);

  StackName stack_;
  stack::user::DataPlane& data_plane_;
  rpc::Post post_;
  SystemRandom random_;
  stack::ManualTunnels tunnels_;
};

}  // namespace adit::daemons::stackd
