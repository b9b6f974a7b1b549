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
  /// An error is told for the operator.
  static std::expected<std::unique_ptr<PolicyServer>, std::string> start(const LocalSocket& socket);
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
