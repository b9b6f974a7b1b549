#include "policy/time_condition.h"

#include <algorithm>
#include <charconv>

namespace adit::policy {
namespace {

using std::chrono::floor;

/// Of digits alone.
unsigned number_at(std::string_view text, std::size_t at, std::size_t count) {
  unsigned value = 0;
  std::from_chars(text.data() + at, text.data() + at + count, value);
  return value;
}

// yyyymmddhhmmss of a day that there is; 24 hours are the midnight that follows.
CalendarSeconds moment_of(std::string_view text) {
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(number_at(text, 0, 4))},
                                         std::chrono::month{number_at(text, 4, 2)},
                                         std::chrono::day{number_at(text, 6, 2)}};
  return std::chrono::local_days{date} + std::chrono::hours{number_at(text, 8, 2)} + Minutes{number_at(text, 10, 2)} +
         Seconds{number_at(text, 12, 2)};
}

Minutes time_of_day(std::string_view text) {
  return std::chrono::hours{number_at(text, 0, 2)} + Minutes{number_at(text, 3, 2)};
}

bool has_bit(std::uint64_t mask, unsigned bit) { return (mask >> bit & 1) != 0; }

}  // namespace

TimeCondition::Span time_span_of(std::string_view text) {
  return {.first = moment_of(text.substr(0, 14)), .last = moment_of(text.substr(15))};
}

std::uint64_t mask_of(std::string_view digits) {
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (digits[i] == '1') mask |= std::uint64_t{1} << i;
  }
  return mask;
}

std::vector<TimeCondition::DayTimes> day_times_of(std::string_view text) {
  std::vector<TimeCondition::DayTimes> times;
  constexpr std::size_t length = std::string_view{"hh:mm-hh:mm,"}.size();
  for (std::size_t at = 0; at < text.size(); at += length) {
    times.push_back({.first = time_of_day(text.substr(at, 5)), .end = time_of_day(text.substr(at + 6, 5))});
  }
  return times;
}

bool TimeCondition::holds(const CalendarTime& now) const {
  const CalendarSeconds at = zone == Zone::local ? now.local : now.utc;
  if (span && (at < span->first || at > span->last)) return false;
  const auto midnight = floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{midnight};
  if (!has_bit(months, static_cast<unsigned>(date.month()) - 1)) return false;
  const unsigned day = static_cast<unsigned>(date.day());
  const unsigned length = static_cast<unsigned>((date.year() / date.month() / std::chrono::last).day());
  constexpr unsigned most_days = 31;
  if (!has_bit(days, day - 1) && !has_bit(days, most_days + length - day)) return false;
  if (!has_bit(weekdays, std::chrono::weekday{midnight}.c_encoding())) return false;
  const auto time = floor<Minutes>(at - midnight);
  return times.empty() || std::ranges::any_of(times, [time](const DayTimes& range) {
           if (range.first <= range.end) return range.first <= time && time < range.end;
           return range.first <= time || time < range.end;
         });
}

Seconds TimeCondition::holds_still(const CalendarTime& now) const {
  const CalendarSeconds at = zone == Zone::local ? now.local : now.utc;
  Seconds still = floor<Minutes>(at) + Minutes{1} - at;
  if (!span) return still;
  for (const CalendarSeconds change : {span->first, span->last + Seconds{1}}) {
    if (change > at) still = std::min(still, change - at);
  }
  return still;
}

}  // namespace adit::policy
