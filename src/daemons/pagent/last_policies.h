#pragma once
// The last good policy of each stack that has a policy server, on disk: what is in force after a restart until a server
// answers. It holds shared keys, so its owner alone may read it.

#include <expected>
#include <optional>
#include <string>

#include "base/strong_id.h"
#include "policy/policy_source.h"

namespace adit::daemons::pagent {

class LastPolicies {
 public:
  explicit LastPolicies(std::string folder) : folder_{std::move(folder)} {}

  std::string file_of(const StackName& stack) const;
  /// Takes the place of the one before as a whole or not at all, whenever the host stops. An error is told for the
  /// operator.
  std::expected<void, std::string> keep(const StackName& stack, const policy::PolicySource& source) const;
  /// Nothing when there is none; an error when there is one that cannot be used.
  std::expected<std::optional<policy::PolicySource>, std::string> find(const StackName& stack) const;
  /// Of a stack that has no policy server any more.
  void forget(const StackName& stack) const;

 private:
  std::string folder_;
};

}  // namespace adit::daemons::pagent
