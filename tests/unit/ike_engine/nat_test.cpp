// NATs in front of either end or both, and peers that are seen elsewhere than before (RFC 7296 §2.11, §2.23).

#include "two_engines.h"

namespace adit::ike {
namespace {

void install(TwoEngines& net) {
  for (Host* host : {&net.east_host, &net.west_host}) host->feed(PolicyInstalled{make_policy(host->side)});
}

// Shows RFC 7296 2.23-4, 2.23-5, 2.23-7, 2.23-9, 2.23-11, 2.23-12.
TEST(Nat, InFrontOfTheInitiatorMovesBothTo4500AndEncapsulates) {
  Side a = east();
  Side b = west();
  a.allow_nat = b.allow_nat = b.bypass_ip_validation = true;
  b.peer_address = "203.0.113.7";
  b.peer_identity = "198.51.100.1";  // its address before the NAT
  TwoEngines net{a, b};
  install(net);
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  const IpAddress outside = address("203.0.113.7");
  net.settle([&](Datagram& datagram) {
    if (datagram.stack.text == "west") {
      datagram.remote = {outside, static_cast<std::uint16_t>(datagram.remote.port + 20000)};
    } else {
      EXPECT_EQ(datagram.local.address, outside);
      datagram.local = {address(net.east_host.side.address), static_cast<std::uint16_t>(datagram.local.port - 20000)};
    }
    return true;
  });
  ASSERT_EQ(net.west_host.installed.size(), 1u) << net.east_host.told() << net.west_host.told();
  EXPECT_EQ(net.west_host.installed.begin()->second.udp, (contract::UdpEncapsulation{4500, 24500}));
  EXPECT_EQ(net.east_host.installed.begin()->second.udp, (contract::UdpEncapsulation{4500, 4500}));
  EXPECT_TRUE(net.east_host.ike().front().nat_local);
  EXPECT_TRUE(net.west_host.ike().front().nat_remote);
  EXPECT_FALSE(net.west_host.ike().front().nat_local);
}

/// Both hosts with a NAT in front of each, a tunnel between them.
struct BehindNats {
  static constexpr const char* east_outside = "203.0.113.7";
  static constexpr const char* west_outside = "203.0.113.8";

  explicit BehindNats(bool west_too, policy::EncapsulationChoice encap = policy::EncapsulationChoice::tunnel)
      : west_is_behind{west_too}, net{side_a(west_too, encap), side_b(encap)} {
    install(net);
    net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
    settle(east_outside, 4500);
  }
  static Side side_a(bool west_too, policy::EncapsulationChoice encap) {
    Side a = east();
    a.encap = encap;
    a.allow_nat = a.bypass_ip_validation = true;
    a.peer_identity = west().address;
    if (west_too) a.peer_address = west_outside;
    return a;
  }
  static Side side_b(policy::EncapsulationChoice encap) {
    Side b = west();
    b.encap = encap;
    b.allow_nat = b.bypass_ip_validation = true;
    b.peer_identity = east().address;
    b.peer_address = east_outside;
    return b;
  }
  /// Delivers all, what east sends as from there.
  void settle(const std::string& from, std::uint16_t port) {
    net.settle([&](Datagram& datagram) {
      if (datagram.stack.text == "west") {
        datagram.remote = {address(from), datagram.remote.port == 500 ? std::uint16_t{500} : port};
        datagram.local.address = address(west().address);
      } else {
        answered_to = datagram.local;
        datagram.local.address = address(east().address);
        datagram.local.port = datagram.local.port == 500 ? std::uint16_t{500} : std::uint16_t{4500};
        if (west_is_behind) datagram.remote.address = address(west_outside);
      }
      return true;
    });
  }

  bool west_is_behind;
  TwoEngines net;
  Endpoint answered_to;
};

// Shows RFC 7296 2.23-15, 2.23-16.
TEST(Nat, ThatMovesThePeerIsFollowedByItsNextRequest) {  // RFC 7296 §2.23
  for (const bool west_too : {false, true}) {
    SCOPED_TRACE(west_too);
    BehindNats world{west_too};
    ASSERT_EQ(world.net.west_host.installed.size(), 1u) << world.net.east_host.told() << world.net.west_host.told();
    EXPECT_EQ(world.net.west_host.ike().front().nat_local, west_too);
    world.net.east_host.feed(DeactivateDynamicTunnel{world.net.east_host.stack(), std::nullopt});
    world.settle("203.0.113.99", 7000);
    EXPECT_EQ(world.answered_to, (Endpoint{address("203.0.113.99"), 7000})) << "the answer goes where the request was";
    const Endpoint stays{address(BehindNats::east_outside), 4500};
    EXPECT_EQ(world.net.west_host.ike().front().remote, west_too ? stays : world.answered_to)
        << "a host behind a NAT does not follow";
  }
}

TEST(Nat, ThatMovesThePeerIsFollowedByItsNextResponseToo) {  // RFC 7296 §2.23
  for (const bool west_too : {false, true}) {
    SCOPED_TRACE(west_too);
    BehindNats world{west_too};
    ASSERT_EQ(world.net.west_host.installed.size(), 1u);
    for (Host* host : {&world.net.east_host, &world.net.west_host}) host->pass_time_to(host->now + Seconds{1});
    world.net.west_host.feed(DeactivateDynamicTunnel{world.net.west_host.stack(), std::nullopt});
    world.settle("203.0.113.99", 7000);
    const Endpoint moved{address("203.0.113.99"), 7000}, stays{address(BehindNats::east_outside), 4500};
    EXPECT_EQ(world.net.west_host.ike().front().remote, west_too ? stays : moved);
  }
}

TEST(Nat, ThatMovesThePeerIsFollowedByItsChildSasAfterAPacketOfTheirs) {  // RFC 7296 §2.23
  for (const bool west_too : {false, true}) {
    SCOPED_TRACE(west_too);
    BehindNats world{west_too};
    Host& west = world.net.west_host;
    const contract::ChildSaName name = west.installed.begin()->first;
    const Endpoint elsewhere{address("203.0.113.99"), 7000};
    west.feed(contract::PeerMoved{west.stack(), name, elsewhere});
    if (west_too) {
      EXPECT_TRUE(west.moved.empty()) << "a host behind a NAT does not follow";
      continue;
    }
    ASSERT_EQ(west.moved.size(), 1u);
    EXPECT_EQ(west.moved.front(), (contract::MovePeer{west.stack(), name, elsewhere}));
    EXPECT_EQ(west.ike().front().remote, elsewhere);
    ASSERT_EQ(west.out.size(), 1u) << "and is asked there whether it is alive";
    EXPECT_EQ(west.out.front().remote, elsewhere);
  }
}

// Shows RFC 7296 2.23-14, 2.23.1-1, 2.23.1-3, 2.23.1-4.
TEST(Nat, LetsTransportModeThroughInFrontOfEitherOrBoth) {  // RFC 7296 §2.23.1
  for (const bool west_too : {false, true}) {
    SCOPED_TRACE(west_too);
    BehindNats world{west_too, policy::EncapsulationChoice::transport};
    ASSERT_EQ(world.net.east_host.installed.size(), 1u) << world.net.east_host.told() << world.net.west_host.told();
    ASSERT_EQ(world.net.west_host.installed.size(), 1u);
    const auto& a = world.net.east_host.installed.begin()->second;
    const auto& b = world.net.west_host.installed.begin()->second;
    EXPECT_EQ(a.mode, contract::EncapsulationMode::transport);
    // Each end's selectors are the addresses that it sees itself.
    EXPECT_EQ(a.local_ts.front().addresses, IpRange::of(address(east().address)));
    EXPECT_EQ(a.remote_ts.front().addresses,
              IpRange::of(address(west_too ? BehindNats::west_outside : west().address)));
    EXPECT_EQ(b.local_ts.front().addresses, IpRange::of(address(west().address)));
    EXPECT_EQ(b.remote_ts.front().addresses, IpRange::of(address(BehindNats::east_outside)));
  }
}

// Shows RFC 7296 2.11-2.
TEST(Response, GoesToWhereItsRequestAndEachRepetitionCameFrom) {  // RFC 7296 §2.11
  TwoEngines net;
  net.activate();
  net.west_host.feed(DeactivateDynamicTunnel{net.west_host.stack(), std::nullopt});
  ASSERT_EQ(net.west_host.out.size(), 1u);
  const Datagram sent = std::exchange(net.west_host.out, {}).front();
  Datagram request{net.east_host.stack(), sent.remote, sent.local, sent.octets};
  for (const std::uint16_t port : {std::uint16_t{700}, std::uint16_t{701}}) {
    request.remote.port = port;
    net.east_host.feed(request);
    ASSERT_EQ(net.east_host.out.size(), 1u);
    EXPECT_EQ(std::exchange(net.east_host.out, {}).front().remote, request.remote);
  }
  EXPECT_EQ(net.east_host.ike().front().remote.port, 500) << "without a NAT the peer stays where it was";
}

/// Which end wants ESP in UDP without a NAT.
struct Forced {
  const char* name;
  bool east, west;
};
const Forced who_forces[] = {{"the initiator", true, false}, {"the responder", false, true}, {"both", true, true}};

TEST(UdpEncapsulation, IsForcedByEitherEnd) {  // RFC 7296 §2.23
  for (const auto encap : {policy::EncapsulationChoice::tunnel, policy::EncapsulationChoice::transport}) {
    for (const Forced& forced : who_forces) {
      SCOPED_TRACE(forced.name);
      Side a = east();
      Side b = west();
      a.encap = b.encap = encap;
      a.allow_nat = b.allow_nat = true;
      a.force_udp = forced.east;
      b.force_udp = forced.west;
      TwoEngines net{a, b};
      net.activate();
      ASSERT_EQ(net.east_host.installed.size(), 1u) << net.east_host.told() << net.west_host.told();
      ASSERT_EQ(net.west_host.installed.size(), 1u);
      for (Host* host : {&net.east_host, &net.west_host}) {
        const contract::InstallChildSa& pair = host->installed.begin()->second;
        EXPECT_EQ(pair.udp, (contract::UdpEncapsulation{4500, 4500}));
        EXPECT_EQ(pair.mode == contract::EncapsulationMode::transport, encap == policy::EncapsulationChoice::transport);
        EXPECT_EQ(pair.remote_ts.front().addresses.is_single(), encap == policy::EncapsulationChoice::transport);
        EXPECT_EQ(host->ike().front().local.port, 4500);
        EXPECT_EQ(host->ike().front().nat_remote, host == &net.east_host ? forced.west : forced.east)
            << "who forces appears behind a NAT, to the peer alone";
        EXPECT_FALSE(host->ike().front().nat_local);
      }
    }
  }
}

TEST(UdpEncapsulation, StaysOverARekeyOfTheIkeSa) {
  Side a = east();
  Side b = west();
  a.allow_nat = b.allow_nat = a.force_udp = true;
  a.ike_lifetime = Minutes{10};
  TwoEngines net{a, b};
  net.activate();
  net.pass(Seconds{601});
  ASSERT_EQ(net.east_host.ike().size(), 1u);
  net.east_host.feed(RefreshDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  net.pass(Seconds{2});  // the old one receives a moment longer
  ASSERT_EQ(net.east_host.installed.size(), 1u);
  for (Host* host : {&net.east_host, &net.west_host}) {
    EXPECT_EQ(host->installed.rbegin()->first.generation, 2u);
    EXPECT_EQ(host->installed.rbegin()->second.udp, (contract::UdpEncapsulation{4500, 4500}));
  }
}

TEST(UdpEncapsulation, IsNotForcedOnAPeerWithoutNatTraversal) {
  Side a = east();
  a.allow_nat = a.force_udp = true;
  TwoEngines net{a, west()};
  net.activate();
  ASSERT_EQ(net.east_host.installed.size(), 1u) << net.east_host.told() << net.west_host.told();
  for (Host* host : {&net.east_host, &net.west_host}) {
    EXPECT_EQ(host->installed.begin()->second.udp, std::nullopt);
    EXPECT_EQ(host->ike().front().local.port, 500);
  }
}

/// As seen through a NAT in front of east, until nothing is under way; how many IKE_AUTH there were.
std::size_t settle_through_nat(TwoEngines& net) {
  const IpAddress outside = address("203.0.113.7");
  std::size_t auth = 0;
  net.settle([&](Datagram& datagram) {
    if (datagram.octets.size() > 18 && datagram.octets[18] == 35) ++auth;
    if (datagram.stack.text == "west") {
      datagram.remote.address = outside;
    } else {
      datagram.local.address = address(net.east_host.side.address);
    }
    return true;
  });
  return auth;
}

TEST(Nat, IsNothingForAhAndTheInitiatorSaysSo) {  // RFC 7296 §2.23: AH covers what a NAT changes
  Side a = east(), b = west();
  a.allow_nat = b.allow_nat = b.bypass_ip_validation = true;
  b.peer_address = "203.0.113.7";
  b.peer_identity = "198.51.100.1";
  a.data_encryption = b.data_encryption = EncryptionId::none;
  TwoEngines net{a, b};
  install(net);
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  EXPECT_EQ(settle_through_nat(net), 0u) << "no SA payload without a proposal";
  EXPECT_TRUE(net.east_host.installed.empty());
  EXPECT_TRUE(net.east_host.ike().empty());
  EXPECT_NE(net.east_host.told().find("AH does not pass the NAT on the way, and IpDynVpnAction tunnel offers nothing"),
            std::string::npos)
      << net.east_host.told();
}

TEST(Nat, IsNothingForAhUnderAnIkeSaThatIsThere) {
  Side a = east(), b = west();
  a.allow_nat = b.allow_nat = b.bypass_ip_validation = true;
  b.peer_address = "203.0.113.7";
  b.peer_identity = "198.51.100.1";
  TwoEngines net{a, b};
  install(net);
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  settle_through_nat(net);
  ASSERT_EQ(net.east_host.installed.size(), 1u) << net.east_host.told();
  net.east_host.feed(DeactivateDynamicTunnel{net.east_host.stack(), std::nullopt});
  settle_through_nat(net);
  a.data_encryption = EncryptionId::none;
  net.east_host.feed(PolicyInstalled{make_policy(a)});
  settle_through_nat(net);
  ASSERT_EQ(net.east_host.ike().size(), 1u) << net.east_host.told();
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  EXPECT_TRUE(net.east_host.out.empty()) << "nothing is asked for without a proposal";
  settle_through_nat(net);
  EXPECT_NE(net.east_host.told().find("AH does not pass the NAT on the way"), std::string::npos)
      << net.east_host.told();
  EXPECT_EQ(net.east_host.ike().size(), 1u) << "the IKE SA is as good as before";
}

TEST(Nat, IsNothingForAhAndTheResponderSaysSo) {
  Side a = east(), b = west();
  a.allow_nat = b.allow_nat = b.bypass_ip_validation = true;
  b.peer_address = "203.0.113.7";
  b.peer_identity = "198.51.100.1";
  b.data_encryption = EncryptionId::none;
  TwoEngines net{a, b};
  install(net);
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  EXPECT_GE(settle_through_nat(net), 2u);
  EXPECT_TRUE(net.west_host.installed.empty());
  EXPECT_NE(net.west_host.told().find("but not through the NAT on the way"), std::string::npos) << net.west_host.told();
  EXPECT_NE(net.east_host.told().find("NO_PROPOSAL_CHOSEN"), std::string::npos) << net.east_host.told();
}

TEST(Nat, IsNotSeenWhereThereIsNone) {
  Side a = east();
  Side b = west();
  a.allow_nat = b.allow_nat = true;
  TwoEngines net{a, b};
  net.activate();
  EXPECT_FALSE(net.east_host.installed.begin()->second.udp.has_value());
  EXPECT_EQ(net.east_host.ike().front().local.port, 500);
}

}  // namespace
}  // namespace adit::ike
