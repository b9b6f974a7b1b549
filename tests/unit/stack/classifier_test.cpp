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

constexpr policy::PacketPath leaves{.direction = policy::Direction::outbound};
constexpr policy::PacketPath forwarded{.direction = policy::Direction::outbound, .routed = true};

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
  EXPECT_EQ(classifier.outbound(packet, leaves).sa, &end.out());
  packet.opens_connection = true;
  EXPECT_EQ(classifier.outbound(packet, leaves).sa, nullptr) << "what was found for the answers is not for a SYN";
  packet.opens_connection = false;
  EXPECT_EQ(classifier.outbound(packet, leaves).sa, &end.out());
}

TEST(Classifier, AsksTheRulesForFragmentsOfAKnownFlowAgain) {
  End end{install_message()};
  Classifier classifier{end.sad};
  policy::Filter in = ipsec_filter(policy::Direction::inbound);
  in.fragments_only = true;
  classifier.set_policy(policy_of({in}));
  PacketSelectors packet = tcp("10.2.0.1", "10.1.0.1");
  packet.is_fragment = true;
  EXPECT_EQ(classifier.inbound(packet, end.in(), 0), Admission::allowed);
  packet.is_fragment = false;
  EXPECT_EQ(classifier.inbound(packet, end.in(), 0), Admission::refused);
}

TEST(Classifier, LetsInWhatTheRuleOfTheSaMatchesFirst) {
  End end{install_message()};
  Classifier classifier{end.sad};
  const PacketSelectors packet = tcp("10.2.0.1", "10.1.0.1");
  EXPECT_EQ(classifier.inbound(packet, end.in(), 0), Admission::refused) << "without a policy nothing comes in";
  classifier.set_policy(policy_of({ipsec_filter(policy::Direction::inbound)}));
  EXPECT_EQ(classifier.inbound(packet, end.in(), 0), Admission::allowed);

  policy::Filter other = ipsec_filter(policy::Direction::inbound);
  other.rule = "other";
  classifier.set_policy(policy_of({other, ipsec_filter(policy::Direction::inbound)}));
  EXPECT_EQ(classifier.inbound(packet, end.in(), 0), Admission::refused) << "an earlier rule wants another SA";

  policy::Filter permit = ipsec_filter(policy::Direction::inbound);
  permit.action = policy::FilterAction::permit;
  permit.routing = policy::Routing::either;
  classifier.set_policy(policy_of({permit, ipsec_filter(policy::Direction::inbound)}));
  EXPECT_EQ(classifier.inbound(packet, end.in(), 0), Admission::refused) << "clear text is wanted here";
}

/// Two tunnels between the same nets: one for what this host sends and receives, the other for what it forwards. The
/// local rule stands first.
struct LocalAndRouted : testing::Test {
  End end{install_message()};
  Classifier classifier{end.sad};
  const ChildSa* local = nullptr;
  const ChildSa* routed = nullptr;
  static constexpr policy::Routing routings[] = {policy::Routing::local, policy::Routing::routed};

  LocalAndRouted() {
    std::vector<policy::Filter> filters;
    for (const policy::Routing routing : routings) {
      const bool is_local = routing == policy::Routing::local;
      contract::InstallChildSa install = install_message();
      install.name.tunnel = DynamicTunnelId{is_local ? 11u : 12u};
      install.inbound_spi = InboundSpi{is_local ? 0x1011u : 0x1012u};
      install.filter_rule = is_local ? "here" : "forwarded";
      EXPECT_EQ(end.sad.add(install, at(Seconds{0})).refused, std::nullopt);
      for (const policy::Direction direction : {policy::Direction::outbound, policy::Direction::inbound}) {
        policy::Filter& filter = filters.emplace_back(ipsec_filter(direction));
        filter.rule = install.filter_rule;
        filter.routing = routing;
      }
      (is_local ? local : routed) = end.sad.find(install.name);
    }
    classifier.set_policy(policy_of(std::move(filters)));
  }
};

TEST_F(LocalAndRouted, AForwardedPacketDoesNotLeaveByTheTunnelOfALocalRule) {
  const PacketSelectors packet = tcp("10.1.0.1", "10.2.0.1");
  for (int i = 0; i < 2; ++i) {  // what is found for the one is not remembered for the other
    EXPECT_EQ(classifier.outbound(packet, leaves).sa, &local->outbound);
    EXPECT_EQ(classifier.outbound(packet, forwarded).sa, &routed->outbound);
  }
  EXPECT_EQ(classifier.outbound(packet, forwarded).rule->rule, "forwarded");
}

TEST_F(LocalAndRouted, APacketComesInByEitherTunnelOnTheWayOfItsRuleAlone) {
  const PacketSelectors packet = tcp("10.2.0.1", "10.1.0.1");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(classifier.inbound(packet, local->inbound, 0), Admission::if_local);
    EXPECT_EQ(classifier.inbound(packet, routed->inbound, 0), Admission::if_routed);
    EXPECT_EQ(classifier.inbound(packet, end.in(), 0), Admission::refused);
  }
}

TEST(Classifier, ARuleForOneWayAloneAsksNobodyWhereThePacketGoes) {
  End end{install_message()};
  Classifier classifier{end.sad};
  classifier.set_policy(policy_of({ipsec_filter(policy::Direction::inbound)}));  // Routing Local
  EXPECT_EQ(classifier.inbound(tcp("10.2.0.1", "10.1.0.1"), end.in(), 0), Admission::allowed);
}

TEST(Classifier, ARuleForAClassOfInterfacesHoldsForWhatTheirProtectedPacketsCarry) {
  End end{install_message()};
  Classifier classifier{end.sad};
  policy::Filter deny = ipsec_filter(policy::Direction::inbound);
  deny.rule = "deny";
  deny.action = policy::FilterAction::deny;
  deny.routing = policy::Routing::either;
  deny.security_class = 5;
  classifier.set_policy(policy_of({deny, ipsec_filter(policy::Direction::inbound)}));
  const PacketSelectors packet = tcp("10.2.0.1", "10.1.0.1");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(classifier.inbound(packet, end.in(), 0), Admission::allowed);
    EXPECT_EQ(classifier.inbound(packet, end.in(), 5), Admission::refused);
    EXPECT_EQ(classifier.inbound(packet, end.in(), 6), Admission::allowed);
  }
}

}  // namespace
}  // namespace adit::stack
