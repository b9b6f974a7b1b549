#pragma once
// pagent's end of PolicyService: hands the policy of a stack to whoever watches it, and each policy that follows.

#include <expected>
#include <memory>
#include <string>

#include "policy/model.h"
#include "rpc/local_socket.h"

namespace adit::rpc {

class PolicyServer {
 public:
  /// On a socket for each audience: who may have the shared keys is not who may have the keys of manual tunnels. An
  /// error is told for the operator.
  static std::expected<std::unique_ptr<PolicyServer>, std::string> start(const LocalSocket& for_iked,
                                                                         const LocalSocket& for_stacks);
  ~PolicyServer();
  PolicyServer(const PolicyServer&) = delete;
  PolicyServer& operator=(const PolicyServer&) = delete;

  /// Replaces the policy of its stack; every watcher gets the last one published, not each. An error, told for the
  /// operator, when no watcher would take it: the one before stays. From any thread.
  std::expected<void, std::string> publish(policy::PolicyPointer policy);
  /// The stack has no policy any more.
  void withdraw(const StackName& stack);

 private:
  class Serving;
  explicit PolicyServer(std::unique_ptr<Serving> serving);
  std::unique_ptr<Serving> serving_;
};

}  // namespace adit::rpc
