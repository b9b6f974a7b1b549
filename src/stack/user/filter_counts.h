#pragma once
// Reads from the kernel how often the filters of stack/nftables_ruleset.h have matched. By netlink: libnftables would
// read all rules too, and print them, to print the counters.

#include <cstdint>
#include <expected>
#include <vector>

#include "stack/user/system_failure.h"

namespace adit::stack::user {

struct FilterCount {
  std::uint64_t packets = 0, octets = 0;
  auto operator<=>(const FilterCount&) const = default;
};

/// Of the table in this thread's network namespace, by the filters' place in policy.filter.filters.
std::expected<std::vector<FilterCount>, SystemFailure> read_filter_counts(std::size_t filters);

}  // namespace adit::stack::user
