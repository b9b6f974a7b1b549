#pragma once
// The entries of `ipsec -f display`: the filters of the policy in order of search, each followed, where it is an
// anchor, by the dynamic filters of its SAs; at the end the implicit denies.

#include <span>
#include <vector>

#include "policy/model.h"
#include "tools/ipsec/report/layout.h"
#include "tools/ipsec/report/test_traffic.h"
#include "tools/ipsec/report/tunnels.h"

namespace adit::tools::ipsec {

struct FilterTable {
  const policy::FilterPolicy& policy;
  std::span<const std::uint64_t> matches;  ///< one for each of policy.filters; fewer: the rest count 0
  std::span<const InstalledTunnel> tunnels;
  std::span<const ManualTunnel> manual;
  Instant installed_at;
};

std::vector<Entry> filter_entries(const FilterTable& table);

/// Whether a selection of the command (-n, -g) takes a filter.
struct FilterSelection {
  std::vector<std::string> names, groups;  ///< none of either: all
  bool takes(const policy::Filter& filter) const;
};
std::vector<Entry> filter_entries(const FilterTable& table, const FilterSelection& selection);

/// The entries of `ipsec -t`: the filters that match a packet on one of the paths, in order of search, each anchor with
/// the dynamic filters that match too.
std::vector<Entry> matching_entries(const FilterTable& table, const TestTraffic& traffic);

/// The heading lines of `ipsec -t`: the packet, and how each of its searches ends.
std::vector<HeadingLine> test_heading(const policy::FilterPolicy& policy, const TestTraffic& traffic);

/// The heading lines of filter reports: logging, predecapsulation, NAT keep-alive, FIPS mode.
std::vector<HeadingLine> filter_heading(const policy::FilterPolicy& policy, Seconds nat_keep_alive);

}  // namespace adit::tools::ipsec
