#pragma once
// stackd's end of StackService: the key manager that is attached to this stack, its requests and what it is told.

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ike/engine/engine.h"
#include "rpc/local_socket.h"
#include "rpc/post.h"
#include "rpc/stack_event.h"

namespace adit::rpc {

class StackServer {
 public:
  struct Callbacks {
    /// A key manager came; every SA pair must go now. Its requests follow.
    std::function<void(const std::string& program)> attached;
    std::function<void(std::vector<ike::StackRequest>)> requested;
    std::function<void()> detached;
    std::function<void(const std::string& field)> malformed;  ///< a request that cannot be right was passed over
  };
  /// Callbacks come by way of `post`, and none after the destructor. An error is told for the operator.
  static std::expected<std::unique_ptr<StackServer>, std::string> start(const LocalSocket& socket, StackName stack,
                                                                        Post post, Callbacks callbacks);
  ~StackServer();
  StackServer(const StackServer&) = delete;
  StackServer& operator=(const StackServer&) = delete;

  /// To the key manager that is attached; dropped when none is. From any thread.
  void tell(const StackEvent& event);

 private:
  class Serving;
  explicit StackServer(std::unique_ptr<Serving> serving);
  std::unique_ptr<Serving> serving_;
};

}  // namespace adit::rpc
