#include "policy/time_relation.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>

namespace adit::policy {
namespace {

/// `Mo..Su 07:00-19:00 …`: what of an IpTimeCondition is written, in its own words.
struct Written {
  const char *span = "", *months = "", *days = "", *weekdays = "", *times = "";
  TimeCondition::Zone zone = TimeCondition::Zone::local;
};

TimeCondition condition(const Written& written) {
  TimeCondition made;
  const std::string_view span = written.span, months = written.months, days = written.days, weekdays = written.weekdays,
                         times = written.times;
  if (!span.empty()) made.span = time_span_of(span);
  if (!months.empty()) made.months = static_cast<std::uint16_t>(mask_of(months));
  if (!days.empty()) made.days = mask_of(days);
  if (!weekdays.empty()) made.weekdays = static_cast<std::uint8_t>(mask_of(weekdays));
  if (!times.empty()) made.times = day_times_of(times);
  made.zone = written.zone;
  return made;
}

TEST(TimeRelation, KnowsWhatNeverHolds) {
  const struct {
    const char* name;
    Written condition;
    bool holds;
  } cases[] = {
      {"nothing asked for", {}, true},
      {"no month", {.months = "000000000000"}, false},
      {"no weekday", {.weekdays = "0000000"}, false},
      {"no day", {.days = "0000000000000000000000000000000"}, false},
      {"the 30th of February", {.months = "010000000000", .days = "0000000000000000000000000000010"}, false},
      {"the 29th of February", {.months = "010000000000", .days = "0000000000000000000000000000100"}, true},
      {"the 29th of February, on a Monday",
       {.months = "010000000000", .days = "0000000000000000000000000000100", .weekdays = "0100000"},
       true},
      {"a Friday, on Sundays", {.span = "20261127000000:20261127235959", .weekdays = "1000000"}, false},
      {"a Friday, on Fridays", {.span = "20261127000000:20261127235959", .weekdays = "0000010"}, true},
      {"an evening, by day", {.span = "20261127190000:20261127230000", .times = "07:00-19:00"}, false},
      {"an evening from its last minute by day on",
       {.span = "20261127185959:20261127230000", .times = "07:00-19:00"},
       true},
      {"a night, from the morning on", {.span = "20261127190000:20261128070000", .times = "07:00-19:00"}, true},
      {"a night, until just before the morning",
       {.span = "20261127190000:20261128065959", .times = "07:00-19:00"},
       false},
      {"times over midnight in a morning", {.span = "20261128030000:20261128040000", .times = "22:00-06:00"}, true},
      {"months that a span has not", {.span = "20261101000000:20270228235959", .months = "000011110000"}, false},
      {"a span of years",
       {.span = "20200101000000:29991231235959", .months = "010000000000", .days = "0000000000000000000000000000100"},
       true},
  };
  for (const auto& [name, written, holds] : cases) EXPECT_EQ(can_hold(condition(written)), holds) << name;
}

TEST(TimeRelation, SaysWhatIsSure) {
  enum class Want : std::uint8_t { same, covers, disjoint, unsure };
  const Written day{.times = "07:00-19:00"}, night{.times = "19:00-07:00"};
  const struct {
    const char* name;
    Written a, b;
    Want want;
  } cases[] = {
      {"nothing asked for", {}, {}, Want::same},
      {"always, and by day", {}, day, Want::covers},
      {"all of a day in two parts, and by day", {.times = "00:00-12:00,12:00-24:00"}, day, Want::covers},
      {"day and night", day, night, Want::disjoint},
      {"day and noon", day, {.times = "12:00-13:00"}, Want::covers},
      {"day and evening", day, {.times = "18:00-20:00"}, Want::unsure},
      {"weekdays and the weekend", {.weekdays = "0111110"}, {.weekdays = "1000001"}, Want::disjoint},
      {"weekdays and Monday by day",
       {.weekdays = "0111110"},
       {.weekdays = "0100000", .times = "07:00-19:00"},
       Want::covers},
      {"winter and summer", {.months = "110000000001"}, {.months = "000001110000"}, Want::disjoint},
      {"two years",
       {.span = "20260101000000:20261231235959"},
       {.span = "20270101000000:20271231235959"},
       Want::disjoint},
      {"years that meet in a second",
       {.span = "20260101000000:20270101000000"},
       {.span = "20270101000000:20271231235959"},
       Want::unsure},
      {"a year and a month of it",
       {.span = "20260101000000:20261231235959"},
       {.span = "20260301000000:20260331235959"},
       Want::covers},
      {"the first and the second of the month",
       {.days = "1000000000000000000000000000000"},
       {.days = "0100000000000000000000000000000"},
       Want::disjoint},
      {"the 28th, and the last of the month",
       {.days = "0000000000000000000000000001000"},
       {.days = "00000000000000000000000000000001000000000000000000000000000000"},
       Want::unsure},
      {"by two clocks", day, {.times = "19:00-07:00", .zone = TimeCondition::Zone::utc}, Want::unsure},
  };
  for (const auto& [name, written_a, written_b, want] : cases) {
    SCOPED_TRACE(name);
    const TimeCondition a = condition(written_a), b = condition(written_b);
    EXPECT_EQ(covers(&a, &b), want == Want::covers || want == Want::same);
    EXPECT_EQ(covers(&b, &a), want == Want::same);
    EXPECT_EQ(are_disjoint(&a, &b), want == Want::disjoint);
    EXPECT_EQ(are_disjoint(&b, &a), want == Want::disjoint);
  }
  const TimeCondition by_day = condition(day);
  EXPECT_TRUE(covers(nullptr, &by_day));
  EXPECT_FALSE(covers(&by_day, nullptr));
  EXPECT_FALSE(are_disjoint(nullptr, &by_day));
}

// What is claimed holds at each of many moments.
TEST(TimeRelation, IsNeverContradictedByTheCalendar) {
  std::mt19937_64 random{7};
  const auto mask = [&](unsigned bits) { return random() & ((std::uint64_t{1} << bits) - 1); };
  const auto any = [&] {
    TimeCondition made;
    if (random() % 2 == 0) made.months = static_cast<std::uint16_t>(mask(12));
    if (random() % 2 == 0) made.days = random() % 2 == 0 ? mask(31) : mask(62);
    if (random() % 2 == 0) made.weekdays = static_cast<std::uint8_t>(mask(7));
    if (random() % 2 == 0)
      made.times = {{.first = Minutes{random() % 4 * 360}, .end = Minutes{random() % 4 * 360 + 60}}};
    return made;
  };
  unsigned covering = 0, apart = 0;
  for (int round = 0; round < 3000; ++round) {
    const TimeCondition a = any();
    TimeCondition b = any();
    if (random() % 2 == 0) {  // a part of the other
      b.months &= a.months;
      b.weekdays &= a.weekdays;
      b.days &= a.days;
      b.times = a.times;
    }
    const bool is_covered = covers(&a, &b);
    const bool is_apart = are_disjoint(&a, &b);
    covering += is_covered;
    apart += is_apart;
    for (int i = 0; i < 200; ++i) {
      const CalendarSeconds at{Seconds{1'767'225'600 + static_cast<std::int64_t>(random() % (4 * 365 * 1440)) * 60}};
      const CalendarTime now{.local = at, .utc = at};
      ASSERT_TRUE(!is_covered || !b.holds(now) || a.holds(now)) << round;
      ASSERT_FALSE(is_apart && a.holds(now) && b.holds(now)) << round;
    }
  }
  EXPECT_GT(covering, 100u);
  EXPECT_GT(apart, 100u);
}

}  // namespace
}  // namespace adit::policy
