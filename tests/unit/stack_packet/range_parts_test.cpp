#include "stack/range_parts.h"

#include <gtest/gtest.h>

namespace adit::stack {
namespace {

using Port = std::uint16_t;
using Ranges = std::vector<ValueRange<Port>>;
using Parts = std::vector<RangePart<Port>>;

constexpr std::size_t plenty = 1000;

TEST(RangeParts, HoldInEachPartTheRangesThatCoverIt) {
  const auto none = [](std::size_t) { return false; };
  const auto all = [](std::size_t) { return true; };
  const auto second = [](std::size_t i) { return i == 1; };
  const struct {
    const char* name;
    Ranges ranges;
    std::function<bool(std::size_t)> decides;
    Parts want;
  } cases[] = {
      {"none", {}, none, {}},
      {"apart", {{20, 29}, {10, 15}}, none, {{{10, 15}, {1}}, {{20, 29}, {0}}}},
      {"side by side", {{10, 19}, {20, 29}}, none, {{{10, 19}, {0}}, {{20, 29}, {1}}}},
      {"one within another", {{10, 19}, {12, 14}}, none, {{{10, 11}, {0}}, {{12, 14}, {0, 1}}, {{15, 19}, {0}}}},
      {"one within an earlier one that decides", {{10, 19}, {12, 14}}, all, {{{10, 19}, {0}}}},
      {"one that decides, before others",
       {{10, 19}, {12, 30}, {12, 40}},
       second,
       {{{10, 11}, {0}}, {{12, 19}, {0, 1}}, {{20, 30}, {1}}, {{31, 40}, {2}}}},
      {"from the lowest to the highest",
       {{0, 65535}, {65535, 65535}},
       none,
       {{{0, 65534}, {0}}, {{65535, 65535}, {0, 1}}}},
      {"the same twice", {{5, 5}, {5, 5}}, none, {{{5, 5}, {0, 1}}}},
  };
  for (const auto& [name, ranges, decides, want] : cases) {
    SCOPED_TRACE(name);
    const auto parts = range_parts<Port>(ranges, decides, plenty);
    ASSERT_TRUE(parts.has_value());
    EXPECT_TRUE(*parts == want);
  }
}

TEST(RangeParts, AreGivenUpWhereTheyHaveTooManyMembers) {
  const Ranges nested{{1, 9}, {2, 8}, {3, 7}};  // 1, 2, 3, 2, 1 members
  const auto none = [](std::size_t) { return false; };
  EXPECT_TRUE(range_parts<Port>(nested, none, 9).has_value());
  EXPECT_FALSE(range_parts<Port>(nested, none, 8).has_value());
}

TEST(RangeParts, OfAddressesReachToTheHighest) {
  const auto none = [](std::size_t) { return false; };
  const std::vector<ValueRange<IpAddress>> ranges{{*IpAddress::parse("ffff::"), IpAddress::highest(IpFamily::v6)},
                                                  {*IpAddress::parse("ffff:1::"), *IpAddress::parse("ffff:1::ff")}};
  const auto parts = range_parts<IpAddress>(ranges, none, plenty);
  ASSERT_TRUE(parts && parts->size() == 3);
  EXPECT_EQ(parts->at(0).range.last.to_string(), "ffff:0:ffff:ffff:ffff:ffff:ffff:ffff");
  EXPECT_EQ(parts->at(2).range.first.to_string(), "ffff:1::100");
  EXPECT_EQ(parts->at(2).range.last, IpAddress::highest(IpFamily::v6));
}

}  // namespace
}  // namespace adit::stack
