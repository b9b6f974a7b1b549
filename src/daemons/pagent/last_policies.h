#pragma once
// The last good policy of each stack that has a policy server, on disk: what is in force after a restart until a server
// answers. It holds shared keys, so its owner alone may read it, and it goes when the configuration that asked for it
// is replaced by one that does not.

#include <expected>
#include <optional>
#include <string>

#include "base/strong_id.h"
#include "policy/policy_source.h"

namespace adit::daemons::pagent {

/// Whose policy: a stack under another ClientName has another.
struct PolicyOwner {
  StackName stack;
  std::string client;
  bool operator==(const PolicyOwner&) const = default;
};

class LastPolicies {
 public:
  explicit LastPolicies(std::string folder) : folder_{std::move(folder)} {}

  std::string file_of(const PolicyOwner& owner) const;
  /// Takes the place of the one before as a whole or not at all, whenever the host stops. An error is told for the
  /// operator.
  std::expected<void, std::string> keep(const PolicyOwner& owner, const policy::PolicySource& source) const;
  /// Nothing when there is none; an error when there is one that cannot be used.
  std::expected<std::optional<policy::PolicySource>, std::string> find(const PolicyOwner& owner) const;
  /// Of one owner alone: what else is in the folder may be another pagent's.
  void forget(const PolicyOwner& owner) const;

 private:
  std::string folder_;
};

}  // namespace adit::daemons::pagent
