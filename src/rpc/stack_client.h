#pragma once
// iked's end of StackService for one stack. It attaches, and attaches again after the connection broke: each time the
// stack begins without SA pairs.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ike/engine/engine.h"
#include "rpc/connection_state.h"
#include "rpc/post.h"
#include "rpc/stack_event.h"

namespace adit::rpc {

class StackClient {
 public:
  struct Callbacks {
    ConnectionCallbacks connection;  ///< up: the stack is ready, and holds no SA pair
    std::function<void(std::vector<StackEvent>)> told;
    std::function<void(const std::string& field)> malformed;  ///< an event that cannot be right was passed over
  };
  /// Callbacks come by way of `post`, and none after the destructor.
  StackClient(const std::string& path, StackName stack, Post post, Callbacks callbacks);
  ~StackClient();
  StackClient(const StackClient&) = delete;
  StackClient& operator=(const StackClient&) = delete;

  /// In order; dropped while the stack is not up, for then it will begin empty anyway.
  void ask(std::span<const ike::StackRequest> requests);

 private:
  class Attached;
  std::unique_ptr<Attached> attached_;
};

}  // namespace adit::rpc
