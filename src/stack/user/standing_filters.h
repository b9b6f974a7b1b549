#pragma once
// What is in force between a start and the first policy: what a run before, or the boot, has left in the kernel stays;
// where there is nothing, the choice of the operator decides. A start never opens what stands closed.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "stack/nftables_ruleset.h"
#include "stack/user/system_failure.h"

namespace adit::stack::user {

/// What a start has found and done.
enum class StandingFilters : std::uint8_t {
  kept,    ///< table inet adit was there and stays as it is
  closed,  ///< the denial has been installed
  open,    ///< there are no filters
};

/// The kernel's number of table inet adit, which is another one when somebody has made it anew; nothing: there is none.
std::expected<std::optional<std::uint64_t>, SystemFailure> table_handle();

/// In this thread's network namespace. Needs CAP_NET_ADMIN. @return what is in force now; or why it cannot be had
std::expected<StandingFilters, std::string> settle_filters(UntilPolicy choice, const RulesetOptions& options);

}  // namespace adit::stack::user
