#include "stack/classifier.h"

#include <gtest/gtest.h>

#include "two_ends.h"

namespace adit::stack {
namespace {

policy::Filter ipsec_filter(policy::Direction direction) {
  policy::Filter filter;
  filter.rule = "rule";
  filter.direction = direction;
  filter.source = filter.destination = IpRange::all(IpFamily::v4);
  filter.action = policy::FilterAction::ipsec;
  return filter;
}

PacketSelectors tcp(std::string_view source, std::string_view destination) {
  return {.source = address(source), .destination = address(destination), .protocol = IpProtocol::tcp};
}

std::shared_ptr<const policy::FilterIndex> policy_of(std::vector<policy::Filter> filters) {
  policy::FilterPolicy policy;
  policy.filters = std::move(filters);
  return std::make_shared<const policy::FilterIndex>(std::make_shared<const policy::FilterPolicy>(std::move(policy)));
}

/// One SA and the rule it was made for, with connections opened by the peer alone.
struct ConnectRule : testing::Test {
  End end{install_message()};
  Classifier classifier{end.sad};

  ConnectRule() {
    policy::Filter out = ipsec_filter(policy::Direction::outbound);
    policy::Filter in = ipsec_filter(policy::Direction::inbound);
    out.connect = policy::ConnectQualifier::inbound;
    in.connect = policy::ConnectQualifier::inbound;
    classifier.set_policy(policy_of({out, in}));
  }
};

TEST_F(ConnectRule, SendsAnswersButNoConnectionOfOurs) {
  PacketSelectors packet = tcp("10.1.0.1", "10.2.0.1");
  EXPECT_EQ(classifier.outbound(packet), &end.out());
  packet.opens_connection = true;
  EXPECT_EQ(classifier.outbound(packet), nullptr) << "what was found for the answers is not for a SYN";
  packet.opens_connection = false;
  EXPECT_EQ(classifier.outbound(packet), &end.out());
}

TEST(Classifier, AsksTheRulesForFragmentsOfAKnownFlowAgain) {
  End end{install_message()};
  Classifier classifier{end.sad};
  policy::Filter in = ipsec_filter(policy::Direction::inbound);
  in.fragments_only = true;
  classifier.set_policy(policy_of({in}));
  PacketSelectors packet = tcp("10.2.0.1", "10.1.0.1");
  packet.is_fragment = true;
  EXPECT_TRUE(classifier.may_come_in(packet, end.in()));
  packet.is_fragment = false;
  EXPECT_FALSE(classifier.may_come_in(packet, end.in()));
}

TEST(Classifier, LetsInWhatTheRuleOfTheSaMatchesFirst) {
  End end{install_message()};
  Classifier classifier{end.sad};
  const PacketSelectors packet = tcp("10.2.0.1", "10.1.0.1");
  EXPECT_FALSE(classifier.may_come_in(packet, end.in())) << "without a policy nothing comes in";
  classifier.set_policy(policy_of({ipsec_filter(policy::Direction::inbound)}));
  EXPECT_TRUE(classifier.may_come_in(packet, end.in()));

  policy::Filter other = ipsec_filter(policy::Direction::inbound);
  other.rule = "other";
  classifier.set_policy(policy_of({other, ipsec_filter(policy::Direction::inbound)}));
  EXPECT_FALSE(classifier.may_come_in(packet, end.in())) << "an earlier rule wants another SA";

  policy::Filter permit = ipsec_filter(policy::Direction::inbound);
  permit.action = policy::FilterAction::permit;
  permit.routing = policy::Routing::either;
  classifier.set_policy(policy_of({permit, ipsec_filter(policy::Direction::inbound)}));
  EXPECT_FALSE(classifier.may_come_in(packet, end.in())) << "clear text is wanted here";
}

}  // namespace
}  // namespace adit::stack
