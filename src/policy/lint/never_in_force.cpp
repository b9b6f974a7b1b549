// IpTimeConditions that hold at no time: what is under them never comes into force.

#include <fmt/format.h>

#include <map>
#include <set>

#include "policy/lint/subject.h"
#include "policy/time_relation.h"

namespace adit::policy::lint {

void check_time_conditions(const Subject& subject, Remarks& remarks) {
  std::map<const TimeCondition*, bool> known;  // rules share them
  std::set<SourceRange> told;                  // a rule has many filters, a tunnel many rules
  std::size_t never = 0;
  const auto can_ever_hold = [&](const TimeCondition* condition) {
    if (condition == nullptr || never > Remarks::most_of_a_kind) return true;
    const auto [entry, is_new] = known.try_emplace(condition, true);
    if (is_new) entry->second = can_hold(*condition);
    if (is_new && !entry->second) ++never;
    return entry->second;
  };
  const auto tell = [&](const TimeCondition* condition, std::string_view what, const std::string& name,
                        const SourceRange& at, std::string_view effect) {
    if (can_ever_hold(condition) || !told.insert(at).second) return;
    remarks.add({.kind = Kind::never_in_force,
                 .at = at,
                 .other = std::nullopt,
                 .problem = fmt::format("{} {}: its IpTimeCondition holds at no time, {}", what, name, effect),
                 .advice = "dates that have these weekdays and times of day, or no IpTimeCondition"});
  };
  for (const Filter& filter : subject.policy.filter.filters) {
    tell(filter.time.get(), "IpFilterRule", filter.rule, filter.at, "the rule is never in force");
    if (filter.manual == nullptr) continue;
    tell(filter.manual->time.get(), "IpManVpnAction", filter.manual->name, filter.manual->at,
         "the tunnel is never installed");
  }
}

}  // namespace adit::policy::lint
