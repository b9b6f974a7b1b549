// What peers may cost under IKEv1, proved and not; and the bounds that a policy sets to a tunnel.

#include "ike/wire/v1/header.h"
#include "v1_pair.h"

namespace adit::ike {
namespace {

Datagram to_west(const TwoEngines& net, const Datagram& sent) {
  return {.stack = net.west_host.stack(), .local = sent.remote, .remote = sent.local, .octets = sent.octets};
}

bool is_informational(const Datagram& datagram) {
  const auto header = wire::v1::Header::parse(datagram.octets);
  return header && header->exchange == wire::ExchangeType::informational_v1;
}

void sign_everything(Side& side) {
  side.me = policy::HowToAuthMe::rsa_signature;
  side.peers = policy::HowToAuthPeers::signature;
}

TEST(LimitsV1, AForgedFirstMessageIsAnsweredOnce) {
  for (const auto how : {policy::HowToInitiate::main, policy::HowToInitiate::aggressive}) {
    V1Pair net{v1_east(), v1_west(), {.how = how}};
    net.install();
    net.begin();
    ASSERT_EQ(net.east_host.out.size(), 1u);
    net.west_host.feed(to_west(net, net.east_host.out.front()));
    net.west_host.pass_time_to(net.west_host.now + Seconds{60});
    EXPECT_EQ(net.west_host.out.size(), 1u) << "whoever has the address that it names gets no more";
    EXPECT_EQ(net.west_host.engine.statistics().ike_sas, 0u);
  }
}

TEST(LimitsV1, AReplayedFirstMessageIsAnsweredTenTimesMore) {
  EngineOptions options;
  V1Pair net{v1_east(), v1_west(), {}, {}, options};
  net.install();
  net.begin();
  ASSERT_EQ(net.east_host.out.size(), 1u);
  for (int i = 0; i < 100; ++i) net.west_host.feed(to_west(net, net.east_host.out.front()));
  EXPECT_EQ(net.west_host.out.size(), 1u + options.init_repeats);
  net.settle();
  expect_one_v1_tunnel(net);
}

TEST(LimitsV1, FirstMessagesFromEverywhereLeaveNoMoreThanTheThreshold) {
  EngineOptions options;
  options.cookie_threshold = 5;
  V1Pair net{v1_east(), v1_west(), {}, {}, options};
  net.install();
  net.begin();
  for (std::uint8_t i = 0; i < 100; ++i) {
    Datagram forged = to_west(net, net.east_host.out.front());
    forged.octets[0] = i;
    forged.remote.port = static_cast<std::uint16_t>(1000 + i);
    net.west_host.feed(std::move(forged));
  }
  EXPECT_EQ(net.west_host.engine.statistics().half_open, 5u);
  EXPECT_EQ(net.west_host.engine.statistics().ike_sas, 5u);
}

TEST(LimitsV1, WhatIsKeptOfUnprovedPeersIsCountedAndBounded) {
  Side a = v1_east(), b = v1_west();
  sign_everything(a);
  sign_everything(b);
  V1Pair net{a, b};
  give_nssd(net.east_host);  // west's does not answer
  net.up();
  EXPECT_GT(net.west_host.engine.statistics().unproved_octets, 0u);
  net.west_host.pass_time_to(net.west_host.now + Seconds{120});
  EXPECT_EQ(net.west_host.engine.statistics().unproved_octets, 0u);

  EngineOptions tight;
  tight.unproved_octets = 100;  // less than message 3 has
  V1Pair refused{v1_east(), v1_west(), {}, {}, tight};
  refused.up();
  EXPECT_TRUE(refused.west_host.installed.empty());
  EXPECT_TRUE(refused.west_host.has_told(CatalogueId::v1_message_dropped));
  EngineOptions tight_for_one;  // address, whatever room there is for all
  tight_for_one.unproved_octets_per_address = 100;
  V1Pair alone{v1_east(), v1_west(), {}, {}, tight_for_one};
  alone.up();
  EXPECT_TRUE(alone.west_host.installed.empty());
  V1Pair roomy;
  roomy.up();
  expect_one_v1_tunnel(roomy);
  EXPECT_EQ(roomy.west_host.engine.statistics().unproved_octets, 0u);
}

TEST(LimitsV1, APeerHasSoManyPhase1SasAndTheOldestGoes) {
  EngineOptions options;
  options.ike_sas_per_peer = 3;
  V1Pair net{v1_east(), v1_west(), {}, {}, options};
  net.up();
  for (int i = 0; i < 10; ++i) {
    net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
    // Its Deletes are lost: it is a peer that keeps what it has replaced.
    net.settle([](Datagram& datagram) { return !is_informational(datagram); });
    net.east_host.pass_time_to(net.east_host.now + Seconds{10});
    net.east_host.out.clear();
    net.west_host.now = net.east_host.now;
  }
  EXPECT_EQ(net.west_host.ike().size(), 3u) << net.west_host.told();
  EXPECT_EQ(net.west_host.installed.size(), 1u);
}

TEST(LimitsV1, APeerHasSoManyPhase2Sas) {
  EngineOptions options;
  options.child_sas_per_ike_sa = 2;
  V1Pair net{v1_east(), v1_west(), {}, {}, options};
  net.up();
  for (int i = 0; i < 10; ++i) {
    net.east_host.feed(RefreshDynamicTunnel{net.east_host.stack(), std::nullopt});
    net.settle([](Datagram& datagram) { return !is_informational(datagram); });
    net.east_host.pass_time_to(net.east_host.now + Seconds{10});
    net.east_host.out.clear();
    net.west_host.now = net.east_host.now;
  }
  EXPECT_EQ(net.west_host.children().size(), 4u) << "each with a successor";
  EXPECT_TRUE(net.west_host.has_told(CatalogueId::negotiation_failed)) << net.west_host.told();
}

TEST(LimitsV1, QuickModesOfASecondAreCounted) {
  EngineOptions options;
  options.create_child_requests_per_second = 1;
  V1Pair net{v1_east(), v1_west(), {}, {}, options};
  net.up();
  net.east_host.feed(RefreshDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  EXPECT_EQ(net.west_host.children().size(), 1u) << "the second within the second is dropped";
  net.pass(Seconds{20});
  expect_one_v1_tunnel(net);
  EXPECT_EQ(net.west_host.children().front().name.generation, 2u) << "and its repetition is answered";
}

TEST(LimitsV1, VpnLifeEndsATunnelUnderWhateverPhase1Sa) {
  Side a = v1_east(), b = v1_west();
  a.vpn_life = b.vpn_life = Minutes{300};
  V1Pair net{a, b};
  net.up();
  net.pass(Seconds{Minutes{200}});
  net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  net.pass(Seconds{Minutes{98}});
  EXPECT_EQ(net.east_host.installed.size(), 1u) << told(net);
  EXPECT_GE(net.east_host.children().front().name.generation, 2u);
  net.pass(Seconds{Minutes{3}});
  EXPECT_TRUE(net.east_host.installed.empty()) << told(net);
  EXPECT_TRUE(net.west_host.installed.empty());
}

TEST(LimitsV1, UdpIsForcedWherePolicySaysSo) {
  for (const auto how : {policy::HowToInitiate::main, policy::HowToInitiate::aggressive}) {
    for (const bool is_east : {true, false}) {
      Side a = v1_east(), b = v1_west();
      a.allow_nat = b.allow_nat = true;
      (is_east ? a : b).force_udp = true;
      V1Pair net{a, b, {.how = how}};
      net.up();
      expect_one_v1_tunnel(net);
      for (const Host* host : {&net.east_host, &net.west_host}) {
        EXPECT_TRUE(host->installed.begin()->second.udp) << told(net);
        EXPECT_EQ(host->ike().front().remote.port, 4500);
      }
    }
  }
}

TEST(NatV1, APeerIsFollowedToWhereItsPacketsComeFrom) {
  Side a = v1_east(), b = v1_west();
  a.allow_nat = b.allow_nat = true;
  V1Pair net{a, b};
  net.install();
  net.begin();
  net.settle([&](Datagram& datagram) {  // a NAT before east that changes the port alone
    if (datagram.stack == net.west_host.stack())
      datagram.remote.port = static_cast<std::uint16_t>(datagram.remote.port + 20000);
    if (datagram.stack == net.east_host.stack() && datagram.local.port > 20000) {
      datagram.local.port = static_cast<std::uint16_t>(datagram.local.port - 20000);
    }
    return true;
  });
  Host& west = net.west_host;
  ASSERT_EQ(west.installed.size(), 1u) << told(net);
  ASSERT_TRUE(west.ike().front().nat_remote);
  west.out.clear();
  const Endpoint elsewhere{address("198.51.100.1"), 31000};
  west.feed(contract::PeerMoved{west.stack(), west.installed.begin()->first, elsewhere});
  ASSERT_EQ(west.moved.size(), 1u);
  EXPECT_EQ(west.moved.front().to, elsewhere);
  ASSERT_EQ(west.out.size(), 1u) << "R-U-THERE: whether it hears us there";
  EXPECT_EQ(west.out.front().remote, elsewhere);
}

}  // namespace
}  // namespace adit::ike
