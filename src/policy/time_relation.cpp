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

}  // namespace

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
