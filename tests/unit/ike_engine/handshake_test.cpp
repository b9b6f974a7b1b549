// A tunnel comes up, is used, and goes.

#include "two_engines.h"

namespace adit::ike {
namespace {

void expect_one_tunnel(const TwoEngines& net) {
  ASSERT_EQ(net.east_host.installed.size(), 1u) << net.east_host.told() << net.west_host.told();
  ASSERT_EQ(net.west_host.installed.size(), 1u) << net.east_host.told() << net.west_host.told();
  const contract::InstallChildSa& a = net.east_host.installed.begin()->second;
  const contract::InstallChildSa& b = net.west_host.installed.begin()->second;
  EXPECT_EQ(a.inbound, b.outbound);
  EXPECT_EQ(a.outbound, b.inbound);
  EXPECT_FALSE(a.inbound == a.outbound);
  EXPECT_EQ(a.inbound_spi.value(), b.outbound_spi.value());
  EXPECT_EQ(a.outbound_spi.value(), b.inbound_spi.value());
  EXPECT_EQ(a.local_ts, b.remote_ts);
  EXPECT_EQ(a.remote_ts, b.local_ts);
  EXPECT_EQ(a.mode, b.mode);
  EXPECT_EQ(a.transforms, b.transforms);
  for (const Host* host : {&net.east_host, &net.west_host}) {
    ASSERT_EQ(host->ike().size(), 1u);
    EXPECT_EQ(host->ike().front().state, IkeState::done);
    ASSERT_EQ(host->children().size(), 1u);
    EXPECT_EQ(host->children().front().state, ChildState::active);
    EXPECT_TRUE(host->has_told(CatalogueId::ike_sa_created));
    EXPECT_TRUE(host->has_told(CatalogueId::child_sa_created));
    EXPECT_EQ(host->engine.statistics().half_open, 0u);
  }
}

// Shows RFC 7296 4-4.
TEST(Handshake, GivesBothEndsTheSameKeysByASharedKey) {
  TwoEngines net;
  net.activate();
  expect_one_tunnel(net);
  EXPECT_EQ(net.carried.size(), 4u);
  ASSERT_EQ(net.east_host.answers.size(), 1u);
  EXPECT_EQ(net.east_host.answers.front().status, OperatorAnswer::Status::started);
  EXPECT_EQ(net.east_host.answers.front().detail, "Y1");
}

TEST(Handshake, WorksWithEachGroupAndCipher) {
  for (const GroupId group : {GroupId::modp_2048, GroupId::ecp_256, GroupId::ecp_384, GroupId::curve448}) {
    for (const EncryptionId encryption : {EncryptionId::aes_cbc, EncryptionId::aes_gcm_16, EncryptionId::aes_ctr}) {
      SCOPED_TRACE(to_string(group) + " " + to_string(encryption, 256));
      Side a = east();
      Side b = west();
      for (Side* side : {&a, &b}) {
        side->groups = {group};
        side->encryption = encryption;
      }
      TwoEngines net{a, b};
      net.activate();
      expect_one_tunnel(net);
    }
  }
}

// Shows RFC 7296 1.3.1-1.
TEST(Handshake, InTransportModeJoinsTheHostsThemselves) {
  Side a = east();
  Side b = west();
  a.encap = b.encap = policy::EncapsulationChoice::transport;
  TwoEngines net{a, b};
  net.activate();
  expect_one_tunnel(net);
  EXPECT_EQ(net.east_host.installed.begin()->second.mode, contract::EncapsulationMode::transport);
}

TEST(Handshake, StartsWithTheFirstPacketAndOnlyOnceForManyOfThem) {
  TwoEngines net;
  for (Host* host : {&net.east_host, &net.west_host}) host->feed(PolicyInstalled{make_policy(host->side)});
  const contract::Acquire acquire{net.east_host.stack(),
                                  "nets",
                                  {.source = address("10.1.0.5"), .destination = address("10.2.0.9"), .protocol = 6}};
  for (int i = 0; i < 3; ++i) net.east_host.feed(acquire);
  net.settle();
  expect_one_tunnel(net);
  EXPECT_EQ(net.east_host.children().front().activation, Activation::on_demand);
  EXPECT_EQ(net.west_host.children().front().activation, Activation::remote);
}

TEST(Handshake, OfAnAutomaticRuleBeginsWhenStackAndPolicyAreThereAndStaysUpBeyondAnSa) {
  Side a = east();
  a.auto_activate = true;
  a.child_lifetime = Minutes{10};
  TwoEngines net{a};
  net.activate();
  expect_one_tunnel(net);
  EXPECT_EQ(net.east_host.installed.begin()->first.tunnel.value(), 1u);
  net.pass(Seconds{700});
  expect_one_tunnel(net);
  EXPECT_EQ(net.east_host.installed.begin()->first.tunnel.value(), 1u);
  EXPECT_EQ(net.east_host.installed.begin()->first.generation, 2u);
}

TEST(Handshake, OfAnAutomaticRuleIsTriedAgainWhenThePeerWasNotThere) {
  Side a = east();
  a.auto_activate = true;
  TwoEngines net{a};
  net.east_host.feed(PolicyInstalled{make_policy(net.east_host.side)});
  net.east_host.feed(StackUp{net.east_host.stack()});
  for (int second = 0; second < 260; ++second) {
    net.east_host.pass_time_to(net.east_host.now + Seconds{1});
    net.east_host.out.clear();
  }
  EXPECT_TRUE(net.east_host.ike().empty());
  net.west_host.now = net.east_host.now;
  net.west_host.feed(PolicyInstalled{make_policy(net.west_host.side)});
  net.pass(Seconds{61});
  expect_one_tunnel(net);
}

TEST(Handshake, ThatTheResponderHadToForgetIsGivenUpBeforeAllRetransmissions) {
  TwoEngines net;
  for (Host* host : {&net.east_host, &net.west_host}) host->feed(PolicyInstalled{make_policy(host->side)});
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  bool is_lost = true;
  for (int second = 0; second < 70; ++second) {
    net.settle([&](Datagram& datagram) {
      constexpr std::size_t exchange_at = 18;
      constexpr std::uint8_t ike_auth = 35;
      return !is_lost || datagram.octets[exchange_at] != ike_auth;
    });
    for (Host* host : {&net.east_host, &net.west_host}) host->pass_time_to(host->now + Seconds{1});
    if (second == 10) {
      EXPECT_EQ(net.east_host.ike().size(), 1u);
    }
    if (second == 33) is_lost = false;  // the half-open SA has gone
  }
  EXPECT_TRUE(net.west_host.ike().empty());
  EXPECT_TRUE(net.east_host.ike().empty()) << net.east_host.told();
}

/// East, with an automatic rule that is up; beside it may come on-demand SAs of single addresses.
struct AutomaticTunnel : TwoEngines {
  static Side automatic() {
    Side side = east();
    side.auto_activate = true;
    return side;
  }
  AutomaticTunnel() : TwoEngines{automatic()} { activate(); }
};

TEST(AutomaticRule, IsTriedAgainWhenThePeerBeganAnewWithAnotherTunnel) {
  AutomaticTunnel net;
  Host again{west(), {}, 77};
  again.now = net.east_host.now += Seconds{5};
  again.feed(PolicyInstalled{make_policy(again.side)});
  again.feed(contract::Acquire{
      again.stack(), "nets", {.source = address("10.2.0.9"), .destination = address("10.1.0.5"), .protocol = 6}});
  const auto deliver = [&] {
    while (!again.out.empty() || !net.east_host.out.empty()) {
      for (const Datagram& sent : std::exchange(again.out, {}))
        net.east_host.feed(Datagram{net.east_host.stack(), sent.remote, sent.local, sent.octets});
      for (const Datagram& sent : std::exchange(net.east_host.out, {}))
        again.feed(Datagram{again.stack(), sent.remote, sent.local, sent.octets});
    }
  };
  deliver();
  ASSERT_EQ(net.east_host.installed.size(), 1u) << "the peer's, after INITIAL_CONTACT";
  again.now += Seconds{11};
  net.east_host.pass_time_to(again.now);
  deliver();
  EXPECT_EQ(net.east_host.installed.size(), 2u) << net.east_host.told();
  EXPECT_EQ(again.installed.size(), 2u);
}

TEST(AutomaticRule, HasItsTurnWhenTheTunnelThatThePeerBeganHasEnded) {
  TwoEngines net;
  for (Host* host : {&net.east_host, &net.west_host}) {
    host->feed(PolicyInstalled{make_policy(host->side)});
    host->feed(StackUp{host->stack()});
  }
  net.west_host.feed(ActivateRule{net.west_host.stack(), "net-to-net"});
  net.settle();
  expect_one_tunnel(net);
  net.east_host.feed(PolicyInstalled{make_policy(AutomaticTunnel::automatic())});
  net.west_host.feed(DeactivateDynamicTunnel{net.west_host.stack(), std::nullopt});
  net.settle();
  EXPECT_TRUE(net.east_host.installed.empty());
  net.pass(Seconds{11});
  expect_one_tunnel(net);
}

TEST(AutomaticRule, IsNotLostWhenBothEndsBeginAtOnce) {
  for (std::uint64_t round = 0; round < 8; ++round) {
    SCOPED_TRACE(round);
    TwoEngines net{AutomaticTunnel::automatic()};
    for (std::uint64_t i = 0; i < round; ++i) net.east_host.random.number<std::uint64_t>();
    net.west_host.feed(PolicyInstalled{make_policy(net.west_host.side)});
    net.west_host.feed(ActivateRule{net.west_host.stack(), "net-to-net"});
    net.east_host.feed(PolicyInstalled{make_policy(net.east_host.side)});
    net.east_host.feed(StackUp{net.east_host.stack()});
    net.settle();
    net.pass(Seconds{30});
    net.west_host.feed(DeactivateIkeTunnel{net.west_host.stack(), std::nullopt});
    net.settle();
    EXPECT_TRUE(net.east_host.installed.empty());
    net.pass(Seconds{30});
    EXPECT_EQ(net.east_host.installed.size(), 1u) << net.east_host.told();
  }
}

TEST(AutomaticRule, BeginsAnewUnderAPolicyThatLetTheOldTunnelGo) {
  AutomaticTunnel net;
  policy::PolicySnapshot other = *make_policy(net.east_host.side);
  for (policy::Filter& filter : other.filter.filters) filter.rule = "renamed";
  net.east_host.feed(PolicyInstalled{std::make_shared<const policy::PolicySnapshot>(other)});
  net.settle();
  net.pass(Seconds{1});
  expect_one_tunnel(net);
  EXPECT_EQ(net.east_host.installed.begin()->second.filter_rule, "renamed");
}

TEST(AutomaticRule, ThatIsAutomaticNoMoreIsNotTriedAgain) {
  AutomaticTunnel net;
  net.east_host.feed(PolicyInstalled{make_policy(east())});
  net.west_host.feed(DeactivateIkeTunnel{net.west_host.stack(), std::nullopt});
  net.settle();
  net.pass(Seconds{60});
  EXPECT_TRUE(net.east_host.installed.empty());
  EXPECT_TRUE(net.east_host.ike().empty());
}

// Shows RFC 7296 2.8-5.
TEST(FurtherChildren, ComeUpUnderTheSameIkeSaWithForwardSecrecy) {
  Side a = east();
  Side b = west();
  a.pfs = b.pfs = GroupId::ecp_256;
  TwoEngines net{a, b};
  net.activate();
  const contract::Acquire acquire{net.east_host.stack(),
                                  "nets",
                                  {.source = address("10.1.0.5"), .destination = address("10.2.0.9"), .protocol = 6}};
  net.east_host.feed(acquire);
  net.settle();
  EXPECT_EQ(net.east_host.ike().size(), 1u);
  ASSERT_EQ(net.east_host.installed.size(), 2u) << net.east_host.told() << net.west_host.told();
  ASSERT_EQ(net.west_host.installed.size(), 2u);
  for (const auto& [name, a_child] : net.east_host.installed) {
    bool found = false;
    for (const auto& [other, b_child] : net.west_host.installed) {
      found = found || (b_child.inbound_spi.value() == a_child.outbound_spi.value() &&
                        b_child.inbound == a_child.outbound && b_child.outbound == a_child.inbound);
    }
    EXPECT_TRUE(found);
  }
}

// Shows RFC 7296 1.4.1-1, 2.4-8.
TEST(Deactivation, OfADynamicTunnelRemovesItAtBothEndsAndKeepsTheIkeSa) {
  TwoEngines net;
  net.activate();
  net.west_host.feed(DeactivateDynamicTunnel{net.west_host.stack(), std::nullopt});
  EXPECT_EQ(net.west_host.children().front().state, ChildState::half_closed);
  net.settle();
  EXPECT_TRUE(net.east_host.installed.empty());
  EXPECT_TRUE(net.west_host.installed.empty());
  EXPECT_EQ(net.east_host.ike().size(), 1u);
  EXPECT_EQ(net.west_host.ike().size(), 1u);
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  net.settle();
  expect_one_tunnel(net);
}

// Shows RFC 7296 2.3-3.
TEST(Deactivation, ThatCrossesThePeersRemovesOnce) {
  TwoEngines net;
  net.activate();
  net.west_host.feed(DeactivateDynamicTunnel{net.west_host.stack(), std::nullopt});
  net.east_host.feed(DeactivateDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  EXPECT_TRUE(net.east_host.installed.empty());
  EXPECT_TRUE(net.west_host.installed.empty());
  net.west_host.feed(DeactivateIkeTunnel{net.west_host.stack(), std::nullopt});
  net.east_host.feed(DeactivateIkeTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  EXPECT_TRUE(net.east_host.ike().empty());
  EXPECT_TRUE(net.west_host.ike().empty());
  EXPECT_EQ(net.east_host.engine.next_deadline(), std::nullopt) << "nothing may be left behind";
}

// Shows RFC 7296 2.4-9, 2.8-1, 2.8-2.
TEST(Lifetime, OfTheIkeSaEndsWithADeleteAndTakesTheChildrenWhenThePolicyAllowsNoOther) {
  Side a = east();
  a.ike_lifetime = Minutes{20};
  TwoEngines net{a};
  net.activate();
  a.peer_identity = "198.51.100.77";  // the rule is for somebody else now
  net.east_host.feed(PolicyInstalled{make_policy(a)});
  net.pass(Seconds{1201});
  EXPECT_TRUE(net.east_host.ike().empty());
  EXPECT_TRUE(net.west_host.ike().empty());
  EXPECT_TRUE(net.west_host.installed.empty());
  EXPECT_TRUE(net.west_host.has_told(CatalogueId::ike_sa_deleted));
}

// Shows RFC 7296 2.4-4.
TEST(Liveness, OfASilentPeerIsCheckedAndOneThatIsGoneLosesItsSas) {
  TwoEngines net;
  net.activate();
  const std::size_t carried = net.carried.size();
  net.pass(Seconds{100});
  EXPECT_GT(net.carried.size(), carried) << "an idle peer is asked";
  EXPECT_EQ(net.east_host.ike().size(), 1u);
  for (int i = 0; i < 400; ++i) {
    net.east_host.pass_time_to(net.east_host.now + Seconds{1});
    net.east_host.out.clear();
  }
  EXPECT_TRUE(net.east_host.ike().empty());
  EXPECT_TRUE(net.east_host.installed.empty());
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::retransmissions_exhausted));
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::peer_is_dead));
}

TEST(Liveness, LooksAtTheTrafficOfEveryChildSa) {  // RFC 7296 §2.4
  TwoEngines net;
  net.activate();
  constexpr std::uint8_t more = 40;
  for (std::uint8_t host = 1; host <= more; ++host) {
    const IpAddress source = *IpAddress::from_octets(ByteString{10, 1, 0, host});
    net.east_host.feed(contract::Acquire{
        net.east_host.stack(), "nets", {.source = source, .destination = address("10.2.0.9"), .protocol = 6}});
    net.settle();
  }
  ASSERT_EQ(net.east_host.installed.size(), more + 1u);
  const contract::ChildSaName last = net.east_host.installed.rbegin()->first;
  std::uint64_t sent = 0;
  net.east_host.counters = [&](const QueryCounters& query) {
    return contract::ChildSaCounters{
        .stack = query.stack, .name = query.name, .outbound_packets = query.name == last ? ++sent : 0};
  };
  for (int i = 0; i < 400; ++i) {
    net.east_host.pass_time_to(net.east_host.now + Seconds{1});
    net.east_host.out.clear();
  }
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::peer_is_dead));
  EXPECT_TRUE(net.east_host.installed.empty());
}

TEST(StackUp, AfterARestartOfTheStackBeginsAnewWithoutOldSas) {
  Side a = east();
  a.auto_activate = true;
  TwoEngines net{a};
  net.activate();
  net.east_host.feed(StackDown{net.east_host.stack()});
  net.east_host.installed.clear();
  net.east_host.feed(StackUp{net.east_host.stack()});
  net.settle();
  expect_one_tunnel(net);
}

}  // namespace
}  // namespace adit::ike
