#pragma once
// What the `ipsec` command asks: one blocking call each, with a deadline. An error is a sentence for the operator.

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "rpc/operator_views.h"

namespace adit::rpc {

template <class T>
using OrReason = std::expected<T, std::string>;

/// To iked, on its socket.
class OperatorClient {
 public:
  explicit OperatorClient(const std::string& path);
  ~OperatorClient();

  OrReason<std::vector<StackName>> stacks();
  OrReason<std::vector<ike::IkeTunnelView>> ike_tunnels(const StackName& stack);
  OrReason<std::vector<ike::DynamicTunnelView>> dynamic_tunnels(const StackName& stack);
  OrReason<std::vector<NamedAnswer>> activate(const StackName& stack, const std::vector<std::string>& rules);
  /// No tunnel named: all of them.
  OrReason<std::vector<NamedAnswer>> deactivate_ike(const StackName& stack, const std::vector<IkeTunnelId>& tunnels);
  OrReason<std::vector<NamedAnswer>> deactivate_dynamic(const StackName& stack,
                                                        const std::vector<DynamicTunnelId>& tunnels);
  OrReason<std::vector<NamedAnswer>> refresh_ike(const StackName& stack, const std::vector<IkeTunnelId>& tunnels);
  OrReason<std::vector<NamedAnswer>> refresh_dynamic(const StackName& stack,
                                                     const std::vector<DynamicTunnelId>& tunnels);

 private:
  class Calls;
  std::unique_ptr<Calls> calls_;
};

/// To a stackd, on its operators' socket.
class StackOperatorClient {
 public:
  explicit StackOperatorClient(const std::string& path);
  ~StackOperatorClient();

  OrReason<std::vector<InstalledTunnel>> tunnels();
  OrReason<std::vector<ManualTunnelView>> manual_tunnels();
  /// No tunnel named: all of them.
  OrReason<std::vector<NamedAnswer>> activate(const std::vector<ManualTunnelId>& tunnels);
  OrReason<std::vector<NamedAnswer>> deactivate(const std::vector<ManualTunnelId>& tunnels);
  OrReason<InstalledFilters> filters();
  OrReason<void> choose(FilterChoice choice);
  OrReason<std::vector<InterfaceView>> interfaces();

 private:
  class Calls;
  std::unique_ptr<Calls> calls_;
};

}  // namespace adit::rpc
