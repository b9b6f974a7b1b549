#include "policy/in_force.h"

#include <algorithm>

namespace adit::policy {

PolicyPointer in_force(const PolicyPointer& policy, const CalendarTime& now) {
  const auto is_conditional = [](const Filter& filter) { return filter.time != nullptr; };
  if (std::ranges::none_of(policy->filter.filters, is_conditional)) return policy;
  auto part = std::make_shared<PolicySnapshot>(*policy);
  std::erase_if(part->filter.filters,
                [&now](const Filter& filter) { return filter.time != nullptr && !filter.time->holds(now); });
  for (Filter& filter : part->filter.filters) filter.time = nullptr;
  return part;
}

std::optional<Seconds> in_force_still(const PolicySnapshot& policy, const CalendarTime& now) {
  std::optional<Seconds> still;
  for (const Filter& filter : policy.filter.filters) {
    if (filter.time == nullptr) continue;
    const Seconds one = filter.time->holds_still(now);
    still = still ? std::min(*still, one) : one;
  }
  return still;
}

}  // namespace adit::policy
