#pragma once
// stackd's end of StackOperatorService: filters and SAs as they are installed, and which filters are in force. A socket
// apart from StackService's: operators install no SAs.

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rpc/local_socket.h"
#include "rpc/operator_views.h"
#include "rpc/post.h"

namespace adit::rpc {

class StackOperatorServer {
 public:
  template <class T>
  using Reply = std::move_only_function<void(T)>;
  /// Each calls `reply` once, from any thread, now or later.
  struct Callbacks {
    std::function<void(Reply<std::vector<InstalledTunnel>> reply)> tunnels;
    std::function<void(Reply<std::vector<ManualTunnelView>> reply)> manual_tunnels;
    /// No tunnel named: all of them.
    std::function<std::vector<NamedAnswer>(const std::vector<ManualTunnelId>& tunnels)> activate, deactivate;
    std::function<void(Reply<InstalledFilters> reply)> filters;
    /// The reply: why it was not done, or nothing.
    std::function<void(FilterChoice choice, Reply<std::optional<std::string>> reply)> choose;
    std::function<void(Reply<std::vector<InterfaceView>> reply)> interfaces;
  };
  /// Callbacks come by way of `post`, and none after the destructor. An error is told for the operator.
  static std::expected<std::unique_ptr<StackOperatorServer>, std::string> start(const LocalSocket& socket, Post post,
                                                                                Callbacks callbacks);
  ~StackOperatorServer();
  StackOperatorServer(const StackOperatorServer&) = delete;
  StackOperatorServer& operator=(const StackOperatorServer&) = delete;

 private:
  class Serving;
  explicit StackOperatorServer(std::unique_ptr<Serving> serving);
  std::unique_ptr<Serving> serving_;
};

}  // namespace adit::rpc
