#include "policy/time_condition.h"

#include <gtest/gtest.h>

#include "policy/diagnostic.h"
#include "policy/in_force.h"

namespace adit::policy {
namespace {

using namespace std::chrono_literals;
using std::chrono::local_days;
using std::chrono::year;

CalendarSeconds at(int y, unsigned m, unsigned d, Seconds time = 0s) {
  return local_days{year{y} / std::chrono::month{m} / std::chrono::day{d}} + time;
}
CalendarTime both(CalendarSeconds moment) { return {.local = moment, .utc = moment}; }

TEST(TimeCondition, HoldsAlwaysWhenItAsksForNothing) { EXPECT_TRUE(TimeCondition{}.holds(both(at(2026, 2, 28)))); }

TEST(TimeCondition, HoldsFromTheFirstToTheLastSecondOfItsSpan) {
  const TimeCondition condition{.span = time_span_of("20260101080000:20261231235959")};
  EXPECT_FALSE(condition.holds(both(at(2026, 1, 1, 8h - 1s))));
  EXPECT_TRUE(condition.holds(both(at(2026, 1, 1, 8h))));
  EXPECT_TRUE(condition.holds(both(at(2026, 12, 31, 24h - 1s))));
  EXPECT_FALSE(condition.holds(both(at(2027, 1, 1))));
  EXPECT_EQ(time_span_of("20260101240000:20260102000000").first, at(2026, 1, 2))
      << "24 hours: the midnight that follows";
}

TEST(TimeCondition, CountsDaysFromTheStartOfTheMonthAndFromItsEnd) {
  std::string digits(62, '0');
  digits[0] = digits[31] = digits[32] = '1';  // the first, the last, and the one before
  const TimeCondition condition{.days = mask_of(digits)};
  const struct {
    CalendarSeconds day;
    bool holds;
  } cases[] = {{at(2026, 2, 1), true},  {at(2026, 2, 2), false}, {at(2026, 2, 26), false}, {at(2026, 2, 27), true},
               {at(2026, 2, 28), true}, {at(2024, 2, 28), true}, {at(2024, 2, 27), false}, {at(2026, 3, 29), false},
               {at(2026, 3, 30), true}, {at(2026, 3, 31), true}};
  for (const auto& [day, holds] : cases) EXPECT_EQ(condition.holds(both(day)), holds) << day.time_since_epoch().count();
  EXPECT_TRUE((TimeCondition{.days = mask_of(std::string(30, '0') + "1")}.holds(both(at(2026, 1, 31)))));
  EXPECT_FALSE((TimeCondition{.days = mask_of(std::string(30, '0') + "1")}.holds(both(at(2026, 2, 28)))))
      << "31 digits count from the start alone";
}

TEST(TimeCondition, AsksForMonthsAndWeekdays) {
  const TimeCondition summer{.months = static_cast<std::uint16_t>(mask_of("000001110000"))};
  EXPECT_FALSE(summer.holds(both(at(2026, 5, 31, 24h - 1s))));
  EXPECT_TRUE(summer.holds(both(at(2026, 6, 1))));
  EXPECT_FALSE(summer.holds(both(at(2026, 9, 1))));
  const TimeCondition working_days{.weekdays = static_cast<std::uint8_t>(mask_of("0111110"))};
  EXPECT_FALSE(working_days.holds(both(at(2026, 11, 22)))) << "a Sunday";
  EXPECT_TRUE(working_days.holds(both(at(2026, 11, 23))));
  EXPECT_TRUE(working_days.holds(both(at(2026, 11, 27))));
  EXPECT_FALSE(working_days.holds(both(at(2026, 11, 28))));
}

TEST(TimeCondition, HoldsAtTimesOfDayAlsoOverMidnight) {
  const TimeCondition condition{.times = day_times_of("07:00-19:00,22:30-24:00")};
  EXPECT_FALSE(condition.holds(both(at(2026, 1, 1, 7h - 1s))));
  EXPECT_TRUE(condition.holds(both(at(2026, 1, 1, 7h))));
  EXPECT_TRUE(condition.holds(both(at(2026, 1, 1, 19h - 1s))));
  EXPECT_FALSE(condition.holds(both(at(2026, 1, 1, 19h))));
  EXPECT_TRUE(condition.holds(both(at(2026, 1, 1, 24h - 1s))));
  EXPECT_FALSE(condition.holds(both(at(2026, 1, 2))));
  const TimeCondition night{.times = day_times_of("22:00-06:00")};
  EXPECT_TRUE(night.holds(both(at(2026, 1, 1, 22h))));
  EXPECT_TRUE(night.holds(both(at(2026, 1, 2, 6h - 1s))));
  EXPECT_FALSE(night.holds(both(at(2026, 1, 2, 6h))));
  EXPECT_FALSE(night.holds(both(at(2026, 1, 2, 22h - 1s))));
}

TEST(TimeCondition, MeansTheCalendarOfItsZone) {
  const CalendarTime now{.local = at(2026, 1, 2, 1h), .utc = at(2026, 1, 1, 23h)};
  TimeCondition condition{.span = time_span_of("20260102000000:20260102235959")};
  EXPECT_TRUE(condition.holds(now));
  condition.zone = TimeCondition::Zone::utc;
  EXPECT_FALSE(condition.holds(now));
}

TEST(TimeCondition, IsLookedAtAgainAtWholeMinutesAndTheEndsOfItsSpan) {
  const TimeCondition daily{.times = day_times_of("07:00-19:00")};
  EXPECT_EQ(daily.holds_still(both(at(2026, 1, 1, 6h + 59min))), 60s);
  EXPECT_EQ(daily.holds_still(both(at(2026, 1, 1, 7h - 1s))), 1s);
  const TimeCondition once{.span = time_span_of("20260101000010:20260101000019")};
  EXPECT_EQ(once.holds_still(both(at(2026, 1, 1, 0s))), 10s);
  EXPECT_EQ(once.holds_still(both(at(2026, 1, 1, 10s))), 10s) << "the last second belongs to it";
  EXPECT_EQ(once.holds_still(both(at(2026, 1, 1, 19s))), 1s);
  EXPECT_EQ(once.holds_still(both(at(2026, 1, 1, 20s))), 40s);
}

constexpr const char* timed_policy = R"(IpFilterPolicy
{
  IpFilterRule office
  {
    IpSourceAddr All4
    IpDestAddr All4
    IpService
    {
      Protocol Tcp
      Direction Bidirectional
      Routing Local
    }
    IpTimeCondition
    {
      TimeOfDayRange 07:00-19:00
      TimeZone UTC
    }
    IpGenericFilterActionRef permit
  }
  IpFilterRule always
  {
    IpSourceAddr All4
    IpDestAddr All4
    IpService
    {
      Protocol Udp
      Direction Bidirectional
      Routing Local
    }
    IpGenericFilterActionRef permit
  }
}
IpGenericFilterAction permit
{
  IpFilterAction Permit
}
)";

std::vector<std::string> rules_of(const PolicyPointer& policy) {
  std::vector<std::string> rules;
  for (const Filter& filter : policy->filter.filters) {
    EXPECT_EQ(filter.time, nullptr) << "what is in force has no condition";
    if (rules.empty() || rules.back() != filter.rule) rules.push_back(filter.rule);
  }
  return rules;
}

TEST(InForce, AreTheRulesWhoseConditionsHoldInTheirOrder) {
  const SourceFile file{.name = "timed.policy", .text = timed_policy};
  const ParseResult parsed = parse_policy(StackName{"stack"}, nullptr, &file);
  ASSERT_NE(parsed.policy, nullptr) << (parsed.diagnostics.empty() ? "" : parsed.diagnostics.front().to_string({}));
  const auto at_night = both(at(2026, 1, 1, 7h - 1s)), by_day = both(at(2026, 1, 1, 7h));
  EXPECT_EQ(rules_of(in_force(parsed.policy, at_night)), (std::vector<std::string>{"always"}));
  EXPECT_EQ(rules_of(in_force(parsed.policy, by_day)), (std::vector<std::string>{"office", "always"}));
  EXPECT_EQ(in_force_still(*parsed.policy, at_night), 1s);
  EXPECT_EQ(in_force_still(*parsed.policy, by_day), 60s);
  const PolicyPointer rest = in_force(parsed.policy, at_night);
  EXPECT_EQ(in_force(rest, by_day), rest) << "a policy without conditions stays what it is";
  EXPECT_EQ(in_force_still(*rest, by_day), std::nullopt);
}

TEST(InForce, IsOfTheMomentWhicheverWayTheClockIsSet) {
  const SourceFile file{.name = "timed.policy", .text = timed_policy};
  const PolicyPointer policy = parse_policy(StackName{"stack"}, nullptr, &file).policy;
  ASSERT_NE(policy, nullptr);
  const auto moment = [](Seconds utc) {
    return CalendarTime{.local = at(2026, 1, 1, utc + 1h), .utc = at(2026, 1, 1, utc)};
  };
  const struct {
    Seconds time;
    bool has_office;
    Seconds until;
  } steps[] = {
      {.time = 18h + 59min + 30s, .has_office = true, .until = 19h},
      {.time = 19h, .has_office = false, .until = 19h + 1min},
      {.time = 17h + 1s, .has_office = true, .until = 17h + 1min},  // set back by two hours
      {.time = 6h + 59min + 59s, .has_office = false, .until = 7h},
      {.time = 23h + 59min + 59s, .has_office = false, .until = 24h},
  };
  for (const auto& step : steps) {
    SCOPED_TRACE(step.time.count());
    const TimedPolicy now = at_time(policy, moment(step.time));
    EXPECT_EQ(rules_of(now.part).size(), step.has_office ? 2u : 1u);
    EXPECT_EQ(now.until, WallTime{at(2026, 1, 1, step.until).time_since_epoch()});
  }
  EXPECT_EQ(at_time(in_force(policy, moment(0s)), moment(0s)).until, std::nullopt) << "no conditions";
}

}  // namespace
}  // namespace adit::policy
