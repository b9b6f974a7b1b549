#include "policy/agreement/moments.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace adit::policy::agreement {
namespace {

using std::chrono::days;

// Conditions that are looked at, and days on which one is looked for: eight years have each weekday on each date.
constexpr std::size_t most_conditions = 32;
constexpr days longest_search{8 * 366};
// The same around the ends of a ConditionTimeRange; and moments that are tried for all of them, a second of work.
constexpr days search_around_a_span{366};
constexpr std::size_t most_tried = 400'000;
// Where no condition has a ConditionTimeRange: a leap year that begins on a Monday.
constexpr std::chrono::local_days no_year_in_particular{std::chrono::year{2024} / 1 / 1};

using Conditions = std::vector<const TimeCondition*>;

void collect(const PolicySnapshot& policy, Conditions& conditions) {
  for (const Filter& filter : policy.filter.filters) {
    for (const TimeCondition* one : {filter.time.get(), filter.manual ? filter.manual->time.get() : nullptr}) {
      const auto is_it = [one](const TimeCondition* known) { return *known == *one; };
      if (one == nullptr || std::ranges::any_of(conditions, is_it)) continue;
      if (conditions.size() < most_conditions) conditions.push_back(one);
    }
  }
}

/// The times of day at which anything changes, midnight first.
std::vector<Minutes> changes_of_a_day(const Conditions& conditions) {
  std::set<Minutes> changes{Minutes{0}};
  for (const TimeCondition* condition : conditions) {
    for (const auto& range : condition->times) {
      for (const Minutes change : {range.first, range.end}) {
        if (change < days{1}) changes.insert(change);
      }
    }
  }
  return {changes.begin(), changes.end()};
}

}  // namespace

std::vector<CalendarTime> moments(const PolicySnapshot& one, const PolicySnapshot& other) {
  Conditions conditions;
  collect(one, conditions);
  collect(other, conditions);
  if (conditions.empty()) return {};
  const std::vector<Minutes> changes = changes_of_a_day(conditions);
  // Days on which something begins: searched from the start of each span, and from a day in no year in particular.
  std::set<std::chrono::local_days> starts{no_year_in_particular};
  for (const TimeCondition* condition : conditions) {
    if (!condition->span) continue;
    starts.insert(std::chrono::floor<days>(condition->span->first) - days{1});
    starts.insert(std::chrono::floor<days>(condition->span->last));
  }
  std::vector<CalendarTime> found;
  std::set<std::vector<bool>> ways;
  for (const std::chrono::local_days start : starts) {
    const days search = start == no_year_in_particular ? longest_search : search_around_a_span;
    std::size_t tried = 0;
    for (days day{0}; day < search && found.size() < most_moments && tried < most_tried / starts.size(); ++day) {
      tried += changes.size();
      for (const Minutes change : changes) {
        const CalendarSeconds at = start + day + change;
        const CalendarTime moment{.local = at, .utc = at};
        std::vector<bool> way;
        for (const TimeCondition* condition : conditions) way.push_back(condition->holds(moment));
        if (found.size() < most_moments && ways.insert(std::move(way)).second) found.push_back(moment);
      }
    }
  }
  std::ranges::sort(found, {}, &CalendarTime::local);
  return found;
}

std::string moment_text(const CalendarTime& moment) {
  constexpr std::array weekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  const auto midnight = std::chrono::floor<days>(moment.local);
  const std::chrono::year_month_day date{midnight};
  const auto time = std::chrono::floor<Minutes>(moment.local - midnight);
  return fmt::format("{} {:04}-{:02}-{:02} {:02}:{:02}", weekdays.at(std::chrono::weekday{midnight}.c_encoding()),
                     static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), time.count() / 60, time.count() % 60);
}

}  // namespace adit::policy::agreement
