#include "rpc/policy_messages.h"

#include <gtest/gtest.h>

#include "rpc/wiped_message.h"
#include "samples.h"

namespace adit::rpc {
namespace {

TEST(PolicyMessage, CarriesEveryFieldOfAPolicyToIked) {
  const policy::PolicyPointer sent = test::snapshot();
  const auto received = from_message(to_message(*sent, Audience::iked));
  ASSERT_TRUE(received) << received.error().field;
  EXPECT_EQ(**received, *test::without_manual_keys(*sent));
}

TEST(PolicyMessage, HasTheKeysOfManualTunnelsForTheStackAlone) {
  const std::string_view keys[] = {"inbound cipher k", "inbound mac key", "outbound cipher ", "outbound mac key"};
  const std::string to_stack = to_message(*test::snapshot(), Audience::stack).SerializeAsString();
  const std::string to_iked = to_message(*test::snapshot(), Audience::iked).SerializeAsString();
  v1::FilterPolicy to_operator;
  write(test::snapshot()->filter, to_operator);
  for (const std::string_view key : keys) {
    EXPECT_TRUE(to_stack.contains(key)) << key;
    EXPECT_FALSE(to_iked.contains(key)) << key;
    EXPECT_FALSE(to_operator.SerializeAsString().contains(key)) << key;
  }
}

TEST(PolicyMessage, IsWipedOfItsKeys) {
  for (const Audience audience : {Audience::iked, Audience::stack}) {
    v1::PolicyChange change;
    *change.mutable_installed() = to_message(*test::snapshot(), audience);
    wipe(change);
    const std::string octets = change.SerializeAsString();
    for (const std::string_view key : {"very secret indeed", "inbound cipher k", "outbound mac key"}) {
      EXPECT_FALSE(octets.contains(key)) << key;
    }
  }
}

TEST(PolicyMessage, SharesAnActionThatSeveralRulesShare) {
  const v1::PolicySnapshot message = to_message(*test::snapshot(), Audience::iked);
  EXPECT_EQ(message.filter().vpn_actions_size(), 1);
  const auto received = from_message(message);
  ASSERT_TRUE(received);
  EXPECT_EQ((*received)->filter.filters[0].vpn, (*received)->filter.filters[2].vpn);
}

TEST(PolicyMessage, SharesAConditionThatSeveralRulesShare) {
  for (const Audience audience : {Audience::iked, Audience::stack}) {
    const v1::PolicySnapshot message = to_message(*test::snapshot(), audience);
    EXPECT_EQ(message.filter().time_conditions_size(), 2);
    const auto received = from_message(message);
    ASSERT_TRUE(received) << received.error().field;
    EXPECT_EQ((*received)->filter.filters[1].time, (*received)->filter.filters[2].time);
  }
}

TEST(PolicyMessage, TellsAStackNoSharedKeyAndNoKeyExchangeRule) {
  const v1::PolicySnapshot message = to_message(*test::snapshot(), Audience::stack);
  EXPECT_EQ(message.SerializeAsString().find("very secret indeed"), std::string::npos);
  const auto received = from_message(message);
  ASSERT_TRUE(received);
  EXPECT_TRUE((*received)->key_exchange.rules.empty());
  EXPECT_EQ((*received)->key_exchange.nat_keep_alive, Seconds{33});
  EXPECT_EQ((*received)->filter, test::snapshot()->filter);
}

const struct {
  const char* name;
  void (*spoil)(v1::PolicySnapshot&);
  const char* field;
} wrong[] = {
    {"an index past the table of actions", [](auto& m) { m.mutable_filter()->mutable_filters(0)->set_vpn(1); },
     "IpDynVpnAction of a filter"},
    {"an IpSec filter without an action", [](auto& m) { m.mutable_filter()->mutable_filters(0)->clear_vpn(); },
     "tunnel of a filter"},
    {"a deny filter with one", [](auto& m) { m.mutable_filter()->mutable_filters(1)->set_vpn(0); },
     "tunnel of a filter"},
    {"an index past the table of manual tunnels",
     [](auto& m) { m.mutable_filter()->mutable_filters(3)->set_manual(1); }, "IpManVpnAction of a filter"},
    {"two tunnels", [](auto& m) { m.mutable_filter()->mutable_filters(0)->set_manual(0); }, "two tunnels of a filter"},
    {"a manual tunnel of two families",
     [](auto& m) { m.mutable_filter()->mutable_man_vpn_actions(0)->set_ipv6(false); },
     "address families of an IpManVpnAction"},
    {"an enumerator that is absent",
     [](auto& m) { m.mutable_filter()->mutable_filters(0)->set_direction(v1::DIRECTION_UNSPECIFIED); }, "Direction"},
    {"an enumerator past the last",
     [](auto& m) { m.mutable_filter()->mutable_filters(0)->set_action(static_cast<v1::FilterAction>(4)); },
     "filter action"},
    {"an index past the table of times of a filter",
     [](auto& m) { m.mutable_filter()->mutable_filters(1)->set_time(2); }, "IpTimeCondition of a filter"},
    {"an index past the table of times of a tunnel",
     [](auto& m) { m.mutable_filter()->mutable_man_vpn_actions(0)->set_time(2); },
     "IpTimeCondition of an IpManVpnAction"},
    {"a thirteenth month", [](auto& m) { m.mutable_filter()->mutable_time_conditions(0)->set_months(0x1000); },
     "masks of an IpTimeCondition"},
    {"an eighth day of the week", [](auto& m) { m.mutable_filter()->mutable_time_conditions(0)->set_weekdays(0x80); },
     "masks of an IpTimeCondition"},
    {"a span beyond calendars",
     [](auto& m) { m.mutable_filter()->mutable_time_conditions(0)->mutable_span()->set_last(1LL << 62); },
     "ConditionTimeRange"},
    {"a day of 1441 minutes",
     [](auto& m) { m.mutable_filter()->mutable_time_conditions(0)->mutable_times(0)->set_end(1441); },
     "TimeOfDayRange"},
    {"more times than a line can hold",
     [](auto& m) {
       while (m.mutable_filter()->mutable_time_conditions(0)->add_times() &&
              m.filter().time_conditions(0).times_size() < 1001) {
       }
     },
     "times of an IpTimeCondition"},
    {"an address of five octets",
     [](auto& m) { m.mutable_filter()->mutable_filters(0)->mutable_source()->set_first("12345"); }, "first address"},
    {"a range that ends before it begins",
     [](auto& m) { m.mutable_filter()->mutable_filters(0)->mutable_source()->set_last(std::string(4, '\0')); },
     "address range"},
    {"two families in one range",
     [](auto& m) { m.mutable_filter()->mutable_filters(0)->mutable_source()->set_last(std::string(16, '\xff')); },
     "address range"},
    {"a protocol of more than an octet",
     [](auto& m) { m.mutable_filter()->mutable_filters(0)->mutable_service()->set_protocol(256); }, "protocol"},
    {"a cipher that nobody knows",
     [](auto& m) { m.mutable_filter()->mutable_vpn_actions(0)->mutable_offers(0)->set_encryption(9999); },
     "encryption"},
    {"a lifetime of centuries", [](auto& m) { m.mutable_filter()->mutable_vpn_actions(0)->set_vpn_life_minutes(~0U); },
     "VpnLife"},
    {"a rule whose action is not there", [](auto& m) { m.mutable_key_exchange()->mutable_rules(0)->set_action(1); },
     "KeyExchangeAction of a rule"},
    {"a name with a NUL in it", [](auto& m) { m.set_stack(std::string("a\0b", 3)); }, "stack"},
    {"a name of five thousand octets", [](auto& m) { m.set_stack(std::string(5000, 'x')); }, "stack"},
};

TEST(PolicyMessage, IsRefusedWhenAFieldCannotBeRight) {
  for (const auto& [name, spoil, field] : wrong) {
    SCOPED_TRACE(name);
    v1::PolicySnapshot message = to_message(*test::snapshot(), Audience::iked);
    spoil(message);
    const auto received = from_message(message);
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error().field, field);
  }
}

TEST(PolicyMessage, IsRefusedWhenEmpty) { EXPECT_FALSE(from_message(v1::PolicySnapshot{})); }

}  // namespace
}  // namespace adit::rpc
