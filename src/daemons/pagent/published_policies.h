#pragma once
// The policies that are in force, and what becomes of them when the files are read again: a changed one replaces its
// predecessor, a wrong one does not, one that is named no more is withdrawn.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "daemons/pagent/policy_files.h"
#include "rpc/policy_server.h"

namespace adit::daemons::pagent {

class PublishedPolicies {
 public:
  explicit PublishedPolicies(rpc::PolicyServer& server) : server_{server} {}

  /// Publishes what was read, and withdraws the policies of stacks that are named neither there nor in `remote`.
  void replace_by(const std::vector<StackPolicy>& read, const std::vector<RemoteStack>& remote);
  /// True when the policy is in force now, whether or not it was before.
  bool publish(const StackPolicy& read);
  bool is_running(const StackName& stack) const { return running_.contains(stack); }

 private:
  /// Says that what was read does not come into force.
  void keep(const StackName& stack, std::size_t errors);

  rpc::PolicyServer& server_;
  std::map<StackName, policy::PolicyPointer> running_;  // as they were read
  std::uint64_t installs_ = 0;
};

}  // namespace adit::daemons::pagent
