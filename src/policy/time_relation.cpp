#include "policy/time_relation.h"

#include <algorithm>
#include <bitset>

namespace adit::policy {
namespace {

constexpr std::uint16_t every_month = 0xfff;
constexpr std::uint64_t every_day = 0x7fffffff;
constexpr std::uint8_t every_weekday = 0x7f;
constexpr std::size_t minutes_of_a_day = 1440;

using DayMinutes = std::bitset<minutes_of_a_day>;

DayMinutes minutes_of(const TimeCondition& condition) {
  DayMinutes minutes;
  if (condition.times.empty()) return minutes.set();
  for (const TimeCondition::DayTimes& range : condition.times) {
    const auto first = static_cast<std::size_t>(range.first.count()), end = static_cast<std::size_t>(range.end.count());
    for (std::size_t at = first; at < (first <= end ? end : minutes_of_a_day); ++at) minutes.set(at);
    for (std::size_t at = 0; first > end && at < end; ++at) minutes.set(at);
  }
  return minutes;
}

bool is_of_the_calendar(const TimeCondition& condition) {
  return condition.span || condition.months != every_month || (condition.days & every_day) != every_day ||
         condition.weekdays != every_weekday || !minutes_of(condition).all();
}

// Days from the start of a month are never those of another number; which of them the last ones are, the month decides.
bool have_no_day(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t from_the_start = every_day;
  const bool same_end = ((a | b) & ~from_the_start) == 0 || ((a | b) & from_the_start) == 0;
  return same_end && (a & b) == 0;
}

// The Gregorian calendar repeats after so many days, weekdays too.
constexpr std::chrono::days calendar_cycle{146'097};
constexpr std::chrono::local_days no_year_in_particular{std::chrono::year{2000} / 1 / 1};

/// Where on a day the condition may begin to hold: one of them does, when any moment of the day does.
std::vector<CalendarSeconds> beginnings(const TimeCondition& condition, std::chrono::local_days day) {
  std::vector<CalendarSeconds> moments{day};
  for (const TimeCondition::DayTimes& range : condition.times) moments.emplace_back(day + range.first);
  if (condition.span) moments.push_back(condition.span->first);
  return moments;
}

}  // namespace

bool can_hold(const TimeCondition& condition) {
  using std::chrono::days;
  const auto first = condition.span ? std::chrono::floor<days>(condition.span->first) : no_year_in_particular;
  const auto last = condition.span ? std::chrono::floor<days>(condition.span->last) : first + calendar_cycle;
  TimeCondition by_day = condition;
  by_day.span.reset();
  by_day.times.clear();
  const auto holds_at = [](const TimeCondition& one, CalendarSeconds at) {
    return one.holds({.local = at, .utc = at});
  };
  for (auto day = first; day <= last && day <= first + calendar_cycle; day += days{1}) {
    if (!holds_at(by_day, day)) continue;
    const bool is_whole = !condition.span || (day > first && day < last);
    if (is_whole) return true;  // every list of times has one
    for (const CalendarSeconds moment : beginnings(condition, day)) {
      if (holds_at(condition, moment)) return true;
    }
  }
  return false;
}

bool covers(const TimeCondition* a, const TimeCondition* b) {
  if (a == nullptr || !is_of_the_calendar(*a)) return true;
  if (b == nullptr) return false;
  if (*a == *b) return true;
  if (a->zone != b->zone) return false;
  const bool span = !a->span || (b->span && a->span->first <= b->span->first && b->span->last <= a->span->last);
  const bool days = (a->days & every_day) == every_day || (b->days & ~a->days) == 0;
  return span && days && (b->months & ~a->months) == 0 && (b->weekdays & ~a->weekdays) == 0 &&
         (minutes_of(*b) & ~minutes_of(*a)).none();
}

bool are_disjoint(const TimeCondition* a, const TimeCondition* b) {
  if (a == nullptr || b == nullptr || a->zone != b->zone) return false;
  if (a->span && b->span && (a->span->last < b->span->first || b->span->last < a->span->first)) return true;
  return (a->months & b->months) == 0 || (a->weekdays & b->weekdays) == 0 || have_no_day(a->days, b->days) ||
         (minutes_of(*a) & minutes_of(*b)).none();
}

}  // namespace adit::policy
