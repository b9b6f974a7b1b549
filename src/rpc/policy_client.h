#pragma once
// A watcher of a stack's policy: stackd for its filters, iked for the whole of it. It reconnects by itself; what it
// told last stays in force meanwhile.

#include <functional>
#include <memory>
#include <string>

#include "policy/model.h"
#include "rpc/audience.h"
#include "rpc/connection_state.h"
#include "rpc/post.h"

namespace adit::rpc {

class PolicyClient {
 public:
  struct Callbacks {
    std::function<void(policy::PolicyPointer)> installed;
    std::function<void()> removed;
    std::function<void(const std::string& field)> malformed;  ///< a policy that cannot be right was passed over
    ConnectionCallbacks connection;
  };
  /// Callbacks come by way of `post`, and none after the destructor.
  PolicyClient(const std::string& path, const StackName& stack, Audience audience, Post post, Callbacks callbacks);
  ~PolicyClient();
  PolicyClient(const PolicyClient&) = delete;
  PolicyClient& operator=(const PolicyClient&) = delete;

 private:
  class Watching;
  std::unique_ptr<Watching> watching_;
};

}  // namespace adit::rpc
