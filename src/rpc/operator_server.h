#pragma once
// iked's end of OperatorService: what `ipsec` asks, answered on the daemon's thread.

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rpc/local_socket.h"
#include "rpc/operator_views.h"
#include "rpc/post.h"

namespace adit::rpc {

class OperatorServer {
 public:
  struct Callbacks {
    std::function<std::vector<StackName>()> stacks;
    std::function<std::vector<ike::IkeTunnelView>(const StackName&)> ike_tunnels;
    std::function<std::vector<ike::DynamicTunnelView>(const StackName&)> dynamic_tunnels;
    std::function<std::vector<NamedAnswer>(const StackName&, const std::vector<std::string>& rules)> activate;
    /// No tunnel named: all of them.
    std::function<std::vector<NamedAnswer>(const StackName&, const std::vector<IkeTunnelId>&)> deactivate_ike;
    std::function<std::vector<NamedAnswer>(const StackName&, const std::vector<DynamicTunnelId>&)> deactivate_dynamic;
    std::function<std::vector<NamedAnswer>(const StackName&, const std::vector<IkeTunnelId>&)> refresh_ike;
    std::function<std::vector<NamedAnswer>(const StackName&, const std::vector<DynamicTunnelId>&)> refresh_dynamic;
  };
  /// Callbacks come by way of `post`, and none after the destructor. An error is told for the operator.
  static std::expected<std::unique_ptr<OperatorServer>, std::string> start(const LocalSocket& socket, Post post,
                                                                           Callbacks callbacks);
  ~OperatorServer();
  OperatorServer(const OperatorServer&) = delete;
  OperatorServer& operator=(const OperatorServer&) = delete;

 private:
  class Serving;
  explicit OperatorServer(std::unique_ptr<Serving> serving);
  std::unique_ptr<Serving> serving_;
};

}  // namespace adit::rpc
