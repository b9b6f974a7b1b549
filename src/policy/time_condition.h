#pragma once
// IpTimeCondition (reference §3.6): when a filter is in force. What time it is, the caller says: no clock and no zone
// is known here.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace adit::policy {

/// A moment as a calendar shows it, without a zone.
using CalendarSeconds = std::chrono::local_seconds;

/// One moment on the two calendars that a condition may mean.
struct CalendarTime {
  CalendarSeconds local, utc;
};

/// All that is given must hold.
struct TimeCondition {
  struct Span {
    CalendarSeconds first, last;  ///< the last second belongs to it
    bool operator==(const Span&) const = default;
  };
  struct DayTimes {
    Minutes first, end;  ///< since midnight; until before `end`; over midnight where that is the smaller one
    bool operator==(const DayTimes&) const = default;
  };
  enum class Zone : std::uint8_t { local, utc };

  std::optional<Span> span;
  std::uint16_t months = 0xfff;  ///< bit 0: January
  std::uint64_t days =
      0x7fffffff;                 ///< bit 0: the first of the month; bit 31: its last day, counted backwards from there
  std::uint8_t weekdays = 0x7f;   ///< bit 0: Sunday
  std::vector<DayTimes> times{};  ///< none: all day
  Zone zone = Zone::local;
  bool operator==(const TimeCondition&) const = default;

  bool holds(const CalendarTime& now) const;
  /// For how long from `now` the answer is known to stay: to the next minute of the calendar, or to an end of the span
  /// that comes earlier. A zone's clock is put forward and back at whole minutes, too. At least a second.
  Seconds holds_still(const CalendarTime& now) const;
};

/// The values of IpTimeCondition's attributes, as values.h has found them sound.
TimeCondition::Span time_span_of(std::string_view text);
std::uint64_t mask_of(std::string_view digits);
std::vector<TimeCondition::DayTimes> day_times_of(std::string_view text);

}  // namespace adit::policy
