#pragma once
// What an operator sees of a stack, and what comes of an operator's request: values that `ipsec` makes reports of.
// Instants of ike's views count from 1970 here: a daemon starts its engine's time line there.

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "contract/child_sa.h"
#include "ike/engine/engine.h"
#include "policy/model.h"

namespace adit::rpc {

/// An SA pair as it is installed. The keys of `pair` are empty: they never leave the stack.
struct InstalledTunnel {
  contract::InstallChildSa pair;
  contract::ChildSaCounters counters;
  std::optional<Instant> expires_at;
};

/// A manual tunnel of a stack. The keys of `action` are empty.
struct ManualTunnelView {
  ManualTunnelId tunnel;
  policy::ManVpnAction action;
  bool is_active = false;
  contract::ChildSaCounters counters{};  ///< since it was activated
  std::optional<Instant> expires_at{};   ///< while active, by its Lifetime
};

/// The filters of a stack as they are installed.
struct InstalledFilters {
  std::optional<policy::FilterPolicy> policy;  ///< nothing: none has come yet
  Seconds nat_keep_alive{0};
  Instant installed_at;
  std::vector<std::uint64_t> matches;  ///< one for each filter of what is in force, in their order; or none
  policy::FilterPolicy default_filter;
  /// Until a policy comes, or by `ipsec -f default`. With neither it nor a policy, what an earlier run left is in
  /// force.
  bool default_in_force = false;
  std::string refused;  ///< a later policy that could not be installed, and why; empty: none

  const policy::FilterPolicy& in_force() const { return default_in_force || !policy ? default_filter : *policy; }
};

enum class FilterChoice : std::uint8_t { default_filter, policy };

struct InterfaceView {
  std::string name;
  std::vector<IpAddress> addresses;
  std::uint8_t security_class = 0;
  bool operator==(const InterfaceView&) const = default;
};

/// What one request of an operator came to, and which tunnel or rule it named.
struct NamedAnswer {
  std::string subject;
  ike::OperatorAnswer answer;
};

}  // namespace adit::rpc
