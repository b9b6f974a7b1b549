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

  /// Puts a policy in force by `set_policy`, which is given the pairs that end with the one before: of tunnels that the
  /// policy has no more, or has changed. New ones begin after. When it is refused, nothing has happened.
  using SetPolicy = std::function<std::expected<void, std::string>(std::vector<contract::RemoveChildSa> ended)>;
  std::expected<void, std::string> replace_policy(const policy::FilterPolicy& policy, const SetPolicy& set_policy);

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
  void tell_end(const stack::ManualTunnel& tunnel, const std::string& reason) const;

  StackName stack_;
  stack::user::DataPlane& data_plane_;
  rpc::Post post_;
  SystemRandom random_;
  stack::ManualTunnels tunnels_;
};

}  // namespace adit::daemons::stackd
