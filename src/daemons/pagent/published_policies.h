#pragma once
// The policies that are in force, and what becomes of them when the files are read again: a changed one replaces its
// predecessor, a wrong one does not, one that is named no more is withdrawn.

#include <map>
#include <vector>

#include "daemons/pagent/policy_files.h"
#include "rpc/policy_server.h"

namespace adit::daemons::pagent {

class PublishedPolicies {
 public:
  explicit PublishedPolicies(rpc::PolicyServer& server) : server_{server} {}

  void replace_by(const std::vector<StackPolicy>& read);

 private:
  void publish(const StackPolicy& read);
  /// Says that what was read does not come into force.
  void keep(const StackName& stack, std::size_t errors);

  rpc::PolicyServer& server_;
  std::map<StackName, policy::PolicyPointer> running_;
  std::uint64_t installs_ = 0;
};

}  // namespace adit::daemons::pagent
