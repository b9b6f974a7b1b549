#include "policy/in_force.h"

#include <algorithm>
#include <map>

namespace adit::policy {
namespace {

/// The condition of the filter's manual tunnel, or null.
const TimeCondition* condition_of_tunnel(const Filter& filter) {
  return filter.manual == nullptr ? nullptr : filter.manual->time.get();
}

}  // namespace

PolicyPointer in_force(const PolicyPointer& policy, const CalendarTime& now) {
  const auto is_conditional = [](const Filter& filter) {
    return filter.time != nullptr || condition_of_tunnel(filter) != nullptr;
  };
  if (std::ranges::none_of(policy->filter.filters, is_conditional)) return policy;
  auto part = std::make_shared<PolicySnapshot>(*policy);
  std::erase_if(part->filter.filters,
                [&now](const Filter& filter) { return filter.time != nullptr && !filter.time->holds(now); });
  std::map<const ManVpnAction*, std::shared_ptr<const ManVpnAction>> tunnels;  // rules share them
  for (Filter& filter : part->filter.filters) {
    filter.time = nullptr;
    const TimeCondition* condition = condition_of_tunnel(filter);
    if (condition == nullptr) continue;
    std::shared_ptr<const ManVpnAction>& tunnel = tunnels[filter.manual.get()];
    if (tunnel == nullptr) {
      ManVpnAction made = *filter.manual;
      made.is_installed = filter.manual->is_installed && condition->holds(now);
      made.time = nullptr;
      tunnel = std::make_shared<const ManVpnAction>(std::move(made));
    }
    filter.manual = tunnel;
  }
  return part;
}

std::optional<Seconds> in_force_still(const PolicySnapshot& policy, const CalendarTime& now) {
  std::optional<Seconds> still;
  for (const Filter& filter : policy.filter.filters) {
    for (const TimeCondition* condition : {filter.time.get(), condition_of_tunnel(filter)}) {
      if (condition == nullptr) continue;
      const Seconds one = condition->holds_still(now);
      still = still ? std::min(*still, one) : one;
    }
  }
  return still;
}

TimedPolicy at_time(const PolicyPointer& policy, const CalendarTime& now) {
  TimedPolicy timed{.part = in_force(policy, now), .until = {}};
  // From the moment that was looked at: the second may have changed since, and a change in it be passed over.
  if (const auto still = in_force_still(*policy, now)) timed.until = WallTime{now.utc.time_since_epoch()} + *still;
  return timed;
}

}  // namespace adit::policy
