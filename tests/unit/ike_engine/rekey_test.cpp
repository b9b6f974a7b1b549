// SAs are replaced before they end, and whatever crosses, both ends are left with the same ones (RFC 7296 §2.8, §2.25).

#include <algorithm>
#include <set>

#include "ike/wire/header.h"
#include "two_engines.h"

namespace adit::ike {
namespace {

/// The pairs of both stacks, crosswise the same; at most `most` of them.
void expect_agreement(TwoEngines& net, std::size_t most = 1) {
  net.pass(Seconds{2});  // replaced pairs stay for a moment
  const std::string told = net.east_host.told() + net.west_host.told();
  EXPECT_EQ(net.east_host.installed.size(), net.west_host.installed.size()) << told;
  EXPECT_LE(net.east_host.installed.size(), most) << told;
  EXPECT_GE(net.east_host.installed.size(), 1u) << told;
  for (const auto& [name, a] : net.east_host.installed) {
    const auto& west = net.west_host.installed;
    const auto b = std::ranges::find_if(
        west, [&](const auto& entry) { return entry.second.inbound_spi.value() == a.outbound_spi.value(); });
    ASSERT_NE(b, west.end()) << told;
    EXPECT_EQ(b->second.outbound_spi.value(), a.inbound_spi.value());
    EXPECT_EQ(b->second.inbound, a.outbound);
    EXPECT_EQ(b->second.outbound, a.inbound);
  }
  for (const Host* host : {&net.east_host, &net.west_host}) {
    ASSERT_EQ(host->ike().size(), 1u) << told;
    EXPECT_EQ(host->ike().front().state, IkeState::done);
    EXPECT_EQ(host->children().size(), host->installed.size()) << told;
    for (const DynamicTunnelView& child : host->children()) EXPECT_EQ(child.state, ChildState::active) << told;
    EXPECT_EQ(host->engine.statistics().child_sas, host->installed.size());
  }
}

std::uint32_t generation(const Host& host) { return host.installed.begin()->first.generation; }

Side with(Side side, const std::function<void(Side&)>& change) {
  change(side);
  return side;
}

/// Both ends of a tunnel whose soft limits come only when a test says so.
struct UpTunnel : TwoEngines {
  static void outlives_the_ike_sa(Side& side) { side.child_lifetime = Minutes{2000}; }
  explicit UpTunnel(const std::function<void(Side&)>& change = outlives_the_ike_sa)
      : TwoEngines{with(east(), change), with(west(), change)} {
    activate();
  }
  void rekey_child(Host& host) { host.feed(RefreshDynamicTunnel{host.stack(), std::nullopt}); }
  /// Lets the moment come before a child's soft limit.
  void pass_to_child_refresh(Host& host) {
    const Instant almost = *host.children().front().refresh_at - Seconds{1};
    for (Host* each : {&east_host, &west_host}) each->pass_time_to(almost);
    settle();
  }
  /// Lets the IKE SA's soft limit be reached now.
  void pass_to_ike_refresh(Host& host) { host.pass_time_to(*host.ike().front().refresh_at); }
};

TEST(ChildRekey, ReplacesTheSaBeforeItsLifetimeEnds) {
  UpTunnel net{[](Side& side) { side.child_lifetime = Minutes{10}; }};
  const InboundSpi first = net.east_host.installed.begin()->second.inbound_spi;
  const Instant end = net.east_host.now + Minutes{10};
  while (net.east_host.now < end) {
    net.pass(Seconds{1});
    ASSERT_GE(net.east_host.installed.size(), 1u) << net.east_host.told();
    ASSERT_GE(net.west_host.installed.size(), 1u) << net.west_host.told();
  }
  expect_agreement(net);
  EXPECT_NE(net.east_host.installed.begin()->second.inbound_spi, first);
  EXPECT_EQ(net.east_host.installed.begin()->first.tunnel, DynamicTunnelId{1}) << "the tunnel keeps its name";
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::child_sa_rekeyed));
  EXPECT_EQ(net.east_host.ike().front().generation, 1u) << "the IKE SA stays";
}

TEST(ChildRekey, ByLifesizeBeginsAtNoFixedNumberOfOctets) {  // RFC 7296 §2.8
  constexpr std::uint64_t lifesize = 100'000 * 1024;
  std::set<std::uint64_t> drawn;
  UpTunnel net{[](Side& side) { side.child_lifesize = 100'000; }};
  for (const Host* host : {&net.east_host, &net.west_host}) {
    const contract::Lifetimes& lifetimes = host->installed.begin()->second.lifetimes;
    EXPECT_EQ(lifetimes.hard_octets, lifesize);
    ASSERT_TRUE(lifetimes.soft_octets.has_value());
    EXPECT_GE(*lifetimes.soft_octets, lifesize / 10 * 9);
    EXPECT_LE(*lifetimes.soft_octets, lifesize / 100 * 96);
    drawn.insert(*lifetimes.soft_octets);
  }
  EXPECT_EQ(drawn.size(), 2u);
}

TEST(ChildRekey, OfAhIsNamedByItsProtocol) {  // RFC 7296 §3.10, §3.11
  Side a = east(), b = west();
  a.data_encryption = b.data_encryption = EncryptionId::none;
  TwoEngines net{a, b};
  net.activate();
  ASSERT_EQ(net.east_host.installed.size(), 1u) << net.east_host.told() << net.west_host.told();
  const auto before = net.east_host.installed.begin()->second;
  EXPECT_EQ(before.transforms.protocol, contract::SaProtocol::ah);
  EXPECT_EQ(before.transforms.to_string(), "AH HMAC_SHA2_256_128 ESN");
  EXPECT_EQ(before.inbound.encryption.size(), 0u);
  EXPECT_EQ(before.inbound.integrity.size(), 32u);
  EXPECT_EQ(before.udp, std::nullopt);
  net.east_host.feed(RefreshDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  net.pass(Seconds{2});  // the old pair is heard a little longer
  ASSERT_EQ(net.east_host.installed.size(), 1u) << net.east_host.told();
  ASSERT_EQ(net.west_host.installed.size(), 1u) << net.west_host.told();
  const auto& here = net.east_host.installed.begin()->second;
  const auto& there = net.west_host.installed.begin()->second;
  EXPECT_EQ(here.transforms, before.transforms);
  EXPECT_NE(here.inbound_spi, before.inbound_spi);
  EXPECT_EQ(here.inbound, there.outbound);
  EXPECT_EQ(here.outbound, there.inbound);
}

TEST(ChildRekey, ByCommandComesFromEitherEnd) {
  for (const bool from_east : {true, false}) {
    UpTunnel net;
    Host& host = from_east ? net.east_host : net.west_host;
    net.rekey_child(host);
    net.settle();
    expect_agreement(net);
    EXPECT_EQ(host.answers.back().status, OperatorAnswer::Status::started);
    EXPECT_EQ(generation(net.east_host), 2u);
    EXPECT_EQ(generation(net.west_host), 2u);
    const Host& other = from_east ? net.west_host : net.east_host;
    EXPECT_EQ(host.installed.begin()->second.sending, contract::SendingBegins::at_once);
    EXPECT_EQ(other.installed.begin()->second.sending, contract::SendingBegins::when_peer_is_ready);
  }
}

TEST(ChildRekey, ByCommandIsNotBegunTwiceAndTheOperatorHearsIt) {
  UpTunnel net;
  net.rekey_child(net.east_host);
  EXPECT_EQ(net.east_host.answers.back().status, OperatorAnswer::Status::started);
  net.rekey_child(net.east_host);
  EXPECT_EQ(net.east_host.answers.back().status, OperatorAnswer::Status::already);
  net.settle();
  net.pass(Seconds{2});
  expect_agreement(net);
  EXPECT_EQ(generation(net.east_host), 2u);
  net.rekey_child(net.east_host);
  EXPECT_EQ(net.east_host.answers.back().status, OperatorAnswer::Status::started) << "the one before has ended";
}

TEST(ChildRekey, TakesAKeyExchangeOfItsOwnForPfs) {
  UpTunnel net{[](Side& side) { side.pfs = GroupId::ecp_256; }};
  net.rekey_child(net.east_host);
  net.settle();
  expect_agreement(net);
  EXPECT_EQ(net.east_host.children().front().group, GroupId::ecp_256);
}

TEST(ChildRekey, AsksAgainWithTheGroupThatThePeerWants) {  // RFC 7296 §1.3
  TwoEngines net{with(east(),
                      [](Side& s) {
                        s.pfs = GroupId::ecp_256;
                        s.also_pfs = GroupId::ecp_384;
                      }),
                 with(west(), [](Side& s) { s.pfs = GroupId::ecp_384; })};
  net.activate();
  net.east_host.feed(RefreshDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  // East offers one group a request: the peer's other one is a proposal it cannot choose.
  expect_agreement(net);
}

// Shows RFC 7296 2.8.1-3, 2.25.1-3.
TEST(ChildRekey, OfBothEndsAtOnceLeavesOneSa) {  // RFC 7296 §2.8.1
  for (std::uint64_t round = 0; round < 8; ++round) {
    SCOPED_TRACE(round);
    UpTunnel net;
    for (std::uint64_t i = 0; i < round; ++i) net.east_host.random.number<std::uint64_t>();
    net.rekey_child(net.east_host);
    net.rekey_child(net.west_host);
    net.settle();
    net.pass(Seconds{1});
    expect_agreement(net);
    EXPECT_GE(generation(net.east_host), 2u);
    EXPECT_GE(net.east_host.retired.size() + net.west_host.retired.size(), 1u) << "one end gives its own up";
  }
}

TEST(ChildRekey, MeetsADeleteOfTheSameSa) {  // RFC 7296 §2.25.1
  UpTunnel net;
  net.rekey_child(net.east_host);
  net.west_host.feed(DeactivateDynamicTunnel{net.west_host.stack(), std::nullopt});
  net.settle();
  EXPECT_EQ(net.east_host.installed.size(), net.west_host.installed.size());
  for (const Host* host : {&net.east_host, &net.west_host}) {
    for (const DynamicTunnelView& child : host->children()) EXPECT_EQ(child.state, ChildState::active);
  }
}

TEST(ChildRekey, ComesForAnSaThatIsUsedAfterItsSoftLimitOnly) {
  UpTunnel net{[](Side& side) { side.child_lifetime = Minutes{10}; }};
  std::uint64_t packets = 0;
  for (Host* host : {&net.east_host, &net.west_host}) {
    host->counters = [host, &packets](const QueryCounters& query) {
      return contract::ChildSaCounters{.stack = host->stack(), .name = query.name, .outbound_packets = packets};
    };
  }
  const Instant soft =
      std::max(*net.east_host.children().front().refresh_at, *net.west_host.children().front().refresh_at);
  net.pass(soft + Seconds{3} - net.east_host.now);
  ASSERT_EQ(generation(net.east_host), 1u);
  packets = 7;
  net.pass(Seconds{120});
  expect_agreement(net);
  EXPECT_EQ(generation(net.east_host), 2u) << net.east_host.told();
}

TEST(ChildRekey, ThatFailsAtTheSoftLifesizeComesAgainSoon) {
  UpTunnel net;
  net.west_host.refuse_install = [](const contract::InstallChildSa&) { return std::optional<std::string>{"no room"}; };
  const contract::ChildSaName name = net.east_host.installed.begin()->first;
  net.east_host.feed(contract::LifetimeReached{.stack = net.east_host.stack(), .name = name, .hard = false});
  net.settle();
  ASSERT_TRUE(net.east_host.children().front().refresh_at) << net.east_host.told();
  EXPECT_LE(*net.east_host.children().front().refresh_at, net.east_host.now + Seconds{5})
      << "the hard one may be a few seconds away";
}

TEST(ChildRekey, IsNotWorthItForAnSaThatNobodyUsed) {
  UpTunnel net{[](Side& side) { side.child_lifetime = Minutes{10}; }};
  for (Host* host : {&net.east_host, &net.west_host}) {
    host->counters = [host](const QueryCounters& query) {
      return contract::ChildSaCounters{.stack = host->stack(), .name = query.name};
    };
  }
  net.pass(Seconds{11 * 60});
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::unused_not_refreshed));
  EXPECT_FALSE(net.east_host.has_told(CatalogueId::child_sa_rekeyed));
  EXPECT_TRUE(net.east_host.installed.empty());
  EXPECT_TRUE(net.west_host.installed.empty());
}

TEST(ChildRekey, ComesWhenTheStackSaysThatTheLifesizeIsNear) {
  UpTunnel net;
  const contract::ChildSaName name = net.east_host.installed.begin()->first;
  net.east_host.feed(contract::LifetimeReached{.stack = net.east_host.stack(), .name = name, .hard = false});
  net.settle();
  expect_agreement(net);
  EXPECT_EQ(generation(net.east_host), 2u);
}

TEST(ChildRekey, EndsWithTheVpnLife) {
  UpTunnel net{[](Side& side) {
    side.child_lifetime = Minutes{10};
    side.vpn_life = Minutes{25};
  }};
  net.pass(Seconds{24 * 60});
  expect_agreement(net);
  EXPECT_GE(generation(net.east_host), 3u);
  net.pass(Seconds{2 * 60});
  EXPECT_TRUE(net.east_host.installed.empty()) << net.east_host.told();
  EXPECT_TRUE(net.west_host.installed.empty()) << net.west_host.told();
}

TEST(ChildRekey, OfAnSaThatThePeerHasLostMakesANewOne) {  // RFC 7296 §2.25: CHILD_SA_NOT_FOUND
  UpTunnel net;
  net.west_host.feed(DeactivateDynamicTunnel{net.west_host.stack(), std::nullopt});
  net.west_host.out.clear();  // its Delete is lost, and the answer to it will never come
  net.rekey_child(net.east_host);
  net.settle();
  net.pass(Seconds{40});
  EXPECT_EQ(net.east_host.installed.size(), net.west_host.installed.size())
      << net.east_host.told() << net.west_host.told();
}

// Shows RFC 7296 2.18-1, 2.18-4.
TEST(IkeRekey, KeepsTheTunnelsAndTakesNewKeys) {  // RFC 7296 §2.18
  for (const bool from_east : {true, false}) {
    UpTunnel net;
    Host& host = from_east ? net.east_host : net.west_host;
    const auto before = net.east_host.installed;
    const IkeSpi old = net.east_host.ike().front().initiator_spi;
    net.pass_to_ike_refresh(host);
    for (Host* each : {&net.east_host, &net.west_host}) each->now = host.now;
    net.settle();
    expect_agreement(net);
    EXPECT_EQ(net.east_host.installed, before) << "no child is touched";
    EXPECT_EQ(net.east_host.ike().front().generation, 2u);
    EXPECT_EQ(net.west_host.ike().front().generation, 2u);
    EXPECT_EQ(net.east_host.ike().front().tunnel, IkeTunnelId{1});
    EXPECT_NE(net.east_host.ike().front().initiator_spi, old);
    EXPECT_EQ(net.east_host.ike().front().role, from_east ? Role::initiator : Role::responder);
    EXPECT_EQ(net.west_host.ike().front().remote_identity, identity_of("198.51.100.1"));
    // The new SA serves: its message IDs begin at 0, from both ends.
    net.rekey_child(net.east_host);
    net.settle();
    net.rekey_child(net.west_host);
    net.settle();
    expect_agreement(net);
    EXPECT_EQ(generation(net.east_host), 3u);
  }
}

TEST(IkeRekey, ComesBeforeTheLifetimeEnds) {
  UpTunnel net{[](Side& side) { side.ike_lifetime = Minutes{20}; }};
  net.pass(Seconds{21 * 60});
  expect_agreement(net);
  EXPECT_EQ(net.east_host.ike().front().generation, 2u);
  net.pass(Seconds{60 * 60});
  expect_agreement(net);
  EXPECT_GE(net.east_host.ike().front().generation, 4u);
}

/// Loses what lets east hear of anything but west's rekey under the IKE SA with that SPI.
auto lose_most_of(const TwoEngines& net, IkeSpi old) {
  return [&net, old](const Datagram& datagram) {
    const wire::Header header = *wire::Header::parse(datagram.octets);
    const bool is_from_west = datagram.stack == net.east_host.stack();
    const bool is_of_wests_rekey = header.exchange == wire::ExchangeType::create_child_sa &&
                                   is_from_west == (header.direction == wire::Direction::request);
    return header.initiator_spi != old || is_of_wests_rekey;
  };
}

// Its Delete of the old SA is lost, and its requests under the new one come.
TEST(IkeRekey, OfThePeerIsTakenUpWhenItUsesItWhileTheOwnOneIsOpen) {  // RFC 7296 §2.25.2
  UpTunnel net;
  const IkeSpi old = net.east_host.ike().front().initiator_spi;
  const Instant at = std::max(*net.east_host.ike().front().refresh_at, *net.west_host.ike().front().refresh_at);
  for (Host* host : {&net.east_host, &net.west_host}) host->pass_time_to(at);
  net.settle(lose_most_of(net, old));
  net.west_host.feed(DeactivateDynamicTunnel{net.west_host.stack(), std::nullopt});
  net.settle(lose_most_of(net, old));
  EXPECT_TRUE(net.west_host.installed.empty()) << net.west_host.told();
  EXPECT_TRUE(net.east_host.installed.empty()) << "no packet of east meets a peer without the SA";
  net.settle();
  net.pass(Seconds{60});
  EXPECT_EQ(net.east_host.ike().size(), net.west_host.ike().size());
  EXPECT_EQ(net.east_host.ike().front().initiator_spi, net.west_host.ike().front().initiator_spi);
}

// East's own request is never answered, nor does the peer's Delete of the old SA come through.
TEST(IkeRekey, OfThePeerTakesOverWhenTheOwnOneIsNeverAnswered) {
  UpTunnel net;
  const auto before = net.east_host.installed;
  const IkeSpi old = net.east_host.ike().front().initiator_spi;
  const Instant at = std::max(*net.east_host.ike().front().refresh_at, *net.west_host.ike().front().refresh_at);
  for (Host* host : {&net.east_host, &net.west_host}) host->pass_time_to(at);
  for (int second = 0; second < 300; ++second) {
    net.settle(lose_most_of(net, old));
    for (Host* host : {&net.east_host, &net.west_host}) host->pass_time_to(host->now + Seconds{1});
  }
  net.settle();
  expect_agreement(net);
  EXPECT_EQ(net.east_host.installed, before) << net.east_host.told();
  EXPECT_NE(net.east_host.ike().front().initiator_spi, old);
}

// Shows RFC 7296 2.8.2-1, 2.8.2-2, 2.25.2-2.
TEST(IkeRekey, OfBothEndsAtOnceLeavesOneSaWithTheTunnels) {  // RFC 7296 §2.8.2
  for (std::uint64_t round = 0; round < 8; ++round) {
    SCOPED_TRACE(round);
    UpTunnel net;
    for (std::uint64_t i = 0; i < round; ++i) net.east_host.random.number<std::uint64_t>();
    const auto before = net.east_host.installed;
    const Instant at = std::max(*net.east_host.ike().front().refresh_at, *net.west_host.ike().front().refresh_at);
    for (Host* host : {&net.east_host, &net.west_host}) host->pass_time_to(at);
    net.settle();
    expect_agreement(net);
    EXPECT_EQ(net.east_host.installed, before);
    EXPECT_EQ(net.east_host.ike().front().initiator_spi, net.west_host.ike().front().initiator_spi);
    EXPECT_EQ(net.east_host.ike().front().responder_spi, net.west_host.ike().front().responder_spi);
    net.rekey_child(net.west_host);
    net.settle();
    expect_agreement(net);
  }
}

// Shows RFC 7296 2.25-2.
TEST(IkeRekey, WaitsWhileChildrenChange) {  // RFC 7296 §2.25.1
  UpTunnel net;
  net.rekey_child(net.west_host);
  net.pass_to_ike_refresh(net.east_host);
  net.west_host.now = net.east_host.now;
  net.settle();
  net.pass(Seconds{30});
  expect_agreement(net);
  EXPECT_EQ(net.east_host.ike().front().generation, 2u);
  EXPECT_EQ(generation(net.east_host), 2u);
}

TEST(IkeRekey, MeetsADeleteOfTheSameSa) {  // RFC 7296 §2.25.2
  UpTunnel net;
  net.pass_to_ike_refresh(net.east_host);
  net.west_host.now = net.east_host.now;
  net.west_host.feed(DeactivateIkeTunnel{net.west_host.stack(), std::nullopt});
  net.settle();
  net.pass(Seconds{300});
  for (const Host* host : {&net.east_host, &net.west_host}) {
    EXPECT_TRUE(host->ike().empty()) << host->told();
    EXPECT_TRUE(host->installed.empty()) << host->told();
  }
}

TEST(IkeRekey, ThatWasNotWorthItComesWhenTheSaIsUsedAgain) {
  UpTunnel net{[](Side& side) { side.ike_lifetime = Minutes{20}; }};
  net.east_host.feed(DeactivateDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  net.pass(Seconds{20 * 60 - 10});
  ASSERT_TRUE(net.east_host.has_told(CatalogueId::unused_not_refreshed));
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  net.settle();
  net.pass(Seconds{60});
  expect_agreement(net);
  EXPECT_EQ(net.east_host.ike().front().generation, 2u);
}

TEST(IkeRekey, IsNotWorthItWithoutATunnel) {
  UpTunnel net{[](Side& side) { side.ike_lifetime = Minutes{20}; }};
  net.east_host.feed(DeactivateDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  net.pass(Seconds{21 * 60});
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::unused_not_refreshed));
  EXPECT_FALSE(net.east_host.has_told(CatalogueId::ike_sa_rekeyed));
  EXPECT_TRUE(net.east_host.ike().empty());
  EXPECT_TRUE(net.west_host.ike().empty());
}

// Shows RFC 7296 2.8.1-1.
TEST(Lifetimes, AreRefreshedAtNoFixedTime) {
  std::set<Duration> margins;
  UpTunnel net{[](Side& side) { side.child_lifetime = Minutes{60}; }};
  for (int i = 0; i < 8; ++i) {
    net.rekey_child(net.east_host);
    net.settle();
    const DynamicTunnelView child = net.east_host.children().front();
    margins.insert(*child.expires_at - *child.refresh_at);
  }
  EXPECT_GT(margins.size(), 1u);
}

TEST(Reauthentication, ByCommandHasTheNewSaUpBeforeTheOldGoes) {  // RFC 7296 §2.8.3
  for (const bool from_east : {true, false}) {
    UpTunnel net;
    Host& host = from_east ? net.east_host : net.west_host;
    const auto before = net.east_host.installed;
    host.feed(RefreshIkeTunnel{host.stack(), std::nullopt});
    net.settle([&](Datagram&) {
      EXPECT_GE(net.east_host.installed.size(), 1u);
      EXPECT_GE(net.west_host.installed.size(), 1u);
      return true;
    });
    net.pass(Seconds{1});
    expect_agreement(net);
    EXPECT_NE(net.east_host.installed, before);
    EXPECT_EQ(generation(net.east_host), 2u) << "the tunnel keeps its name";
    EXPECT_EQ(generation(net.west_host), 2u) << "at both ends";
    EXPECT_EQ(host.ike().front().generation, 2u);
    EXPECT_TRUE(host.has_told(CatalogueId::ike_sa_reauthenticated));
    EXPECT_EQ(host.answers.back().status, OperatorAnswer::Status::started);
  }
}

// The new IKE SA comes up, and not what the old one carries.
TEST(Reauthentication, KeepsTheOldSaWhereAChildDoesNotComeUpAnew) {
  for (const bool is_refused_here : {true, false}) {
    SCOPED_TRACE(is_refused_here);
    UpTunnel net;
    const auto before = net.east_host.installed;
    Host& refusing = is_refused_here ? net.east_host : net.west_host;
    refusing.refuse_install = [](const contract::InstallChildSa&) { return std::optional<std::string>{"no room"}; };
    net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
    net.settle();
    net.pass(Seconds{5});
    EXPECT_EQ(net.east_host.installed, before) << net.east_host.told();
    EXPECT_EQ(net.west_host.installed.size(), 1u);
    EXPECT_FALSE(net.east_host.has_told(CatalogueId::ike_sa_reauthenticated));
    EXPECT_EQ(net.east_host.ike().size(), 1u);
    EXPECT_EQ(net.west_host.ike().size(), 1u);
    refusing.refuse_install = {};
    net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
    net.settle();
    expect_agreement(net);
    EXPECT_TRUE(net.east_host.has_told(CatalogueId::ike_sa_reauthenticated));
  }
}

TEST(Reauthentication, ThatWasNotWorthItComesWhenTheSaIsUsedAgain) {
  UpTunnel net{[](Side& side) { side.reauth = Minutes{60}; }};
  net.east_host.feed(DeactivateDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  net.pass(Seconds{61 * 60});
  ASSERT_FALSE(net.east_host.has_told(CatalogueId::ike_sa_reauthenticated));
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  net.settle();
  net.pass(Seconds{5});
  expect_agreement(net);
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::ike_sa_reauthenticated)) << net.east_host.told();
}

TEST(Reauthentication, ThatHangsDoesNotLetAChildRunOut) {
  UpTunnel net{[](Side& side) { side.child_lifetime = Minutes{10}; }};
  const auto lose_new_ike_sas = [](const Datagram& datagram) {
    constexpr std::size_t exchange_at = 18;
    constexpr std::uint8_t ike_auth = 35;
    return datagram.octets[exchange_at] != ike_auth;
  };
  net.pass_to_child_refresh(net.east_host);
  net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
  for (int second = 0; second < 65; ++second) {
    for (Host* host : {&net.east_host, &net.west_host}) host->pass_time_to(host->now + Seconds{1});
    net.settle(lose_new_ike_sas);
    ASSERT_FALSE(net.east_host.installed.empty()) << second;
    ASSERT_FALSE(net.west_host.installed.empty()) << second;
  }
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::child_sa_rekeyed)) << net.east_host.told();
}

TEST(Reauthentication, ComesAfterItsInterval) {
  UpTunnel net{[](Side& side) { side.reauth = Minutes{60}; }};
  net.pass(Seconds{59 * 60});
  EXPECT_FALSE(net.east_host.has_told(CatalogueId::ike_sa_reauthenticated));
  net.pass(Seconds{2 * 60});
  expect_agreement(net);
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::ike_sa_reauthenticated) ||
              net.west_host.has_told(CatalogueId::ike_sa_reauthenticated));
}

TEST(Reauthentication, ByCommandIsNotBegunTwiceAndTheOperatorHearsIt) {
  UpTunnel net;
  const RefreshIkeTunnel request{net.east_host.stack(), net.east_host.ike().front().tunnel};
  net.east_host.feed(request);
  EXPECT_EQ(net.east_host.answers.back().status, OperatorAnswer::Status::started);
  net.east_host.feed(request);
  EXPECT_EQ(net.east_host.answers.back().status, OperatorAnswer::Status::already);
  net.settle();
  net.pass(Seconds{1});
  expect_agreement(net);
  EXPECT_EQ(net.east_host.ike().front().generation, 2u);
  net.east_host.feed(request);
  EXPECT_EQ(net.east_host.answers.back().status, OperatorAnswer::Status::started) << "the one before has ended";
}

TEST(Reauthentication, ByCommandThatThePolicyRulesOutIsRefused) {
  UpTunnel net;
  Side other = east();
  other.peer_address = "198.51.100.9";
  net.east_host.feed(PolicyInstalled{make_policy(other)});
  net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
  EXPECT_EQ(net.east_host.answers.back().status, OperatorAnswer::Status::no_key_exchange_rule);
  EXPECT_EQ(net.east_host.ike().size(), 1u);
}

TEST(Reauthentication, DoesNotBeginTheVpnLifeAnew) {
  UpTunnel net{[](Side& side) { side.vpn_life = Minutes{25}; }};
  net.pass(Seconds{20 * 60});
  net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  net.pass(Seconds{2 * 60});
  expect_agreement(net);
  EXPECT_EQ(generation(net.east_host), 2u);
  net.pass(Seconds{4 * 60});
  EXPECT_TRUE(net.east_host.installed.empty()) << net.east_host.told();
  EXPECT_TRUE(net.west_host.installed.empty()) << net.west_host.told();
}

TEST(Reauthentication, ThatFailsLeavesTheOldSa) {
  UpTunnel net;
  Side other = west();
  other.secret = "changed";
  net.west_host.feed(PolicyInstalled{make_policy(other)});
  net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  expect_agreement(net);
  EXPECT_EQ(generation(net.east_host), 1u);
  EXPECT_EQ(net.east_host.ike().front().generation, 1u);
}

TEST(Reauthentication, WithoutAnAnswerHasTheOldSaLookedInto) {  // RFC 7296 §2.4
  UpTunnel net{[](Side& side) {
    UpTunnel::outlives_the_ike_sa(side);
    side.liveness = Seconds{0};
  }};
  net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
  for (int i = 0; i < 600; ++i) {
    net.east_host.pass_time_to(net.east_host.now + Seconds{1});
    net.east_host.out.clear();
  }
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::peer_is_dead)) << net.east_host.told();
  EXPECT_TRUE(net.east_host.installed.empty());
}

TEST(Reauthentication, ThatFailsLeavesTheRekeyOfAChildToCome) {
  UpTunnel net{[](Side& side) { side.ike_lifetime = Minutes{2000}; }};
  net.east_host.feed(contract::Acquire{
      net.east_host.stack(), "nets", {.source = address("10.1.0.5"), .destination = address("10.2.0.9")}});
  net.settle();
  ASSERT_EQ(net.east_host.installed.size(), 2u);
  net.rekey_child(net.east_host);  // of one; the other waits its turn
  Side other = west();
  other.secret = "changed";
  net.west_host.feed(PolicyInstalled{make_policy(other)});
  net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  for (const DynamicTunnelView& child : net.east_host.children()) {
    EXPECT_TRUE(child.state != ChildState::active || child.refresh_at) << child.name.generation;
  }
}

TEST(Reauthentication, InPlaceOfARefusedRekeyIsTriedAgain) {
  UpTunnel net;
  const Instant end = *net.east_host.ike().front().expires_at;
  Side other = west();
  other.groups = {GroupId::ecp_256};
  net.west_host.feed(PolicyInstalled{make_policy(other)});
  net.east_host.counters = [](const QueryCounters& query) {
    return contract::ChildSaCounters{.stack = query.stack, .name = query.name, .outbound_packets = 1};
  };
  for (Host* host : {&net.west_host, &net.east_host}) host->now = *net.east_host.ike().front().refresh_at;
  net.east_host.feed(TimePassed{});
  net.settle();
  net.pass(Seconds{20});
  EXPECT_EQ(net.east_host.ike().front().generation, 1u) << "the peer refuses both";
  net.west_host.feed(PolicyInstalled{make_policy(west())});
  net.pass(Seconds{65});
  ASSERT_LT(net.east_host.now, end);
  ASSERT_EQ(net.east_host.ike().size(), 1u) << net.east_host.told();
  EXPECT_EQ(net.east_host.ike().front().generation, 2u) << net.east_host.told();
}

TEST(SimultaneousStart, LeavesOneTunnel) {
  for (std::uint64_t round = 0; round < 8; ++round) {
    SCOPED_TRACE(round);
    TwoEngines net;
    for (std::uint64_t i = 0; i < round; ++i) net.east_host.random.number<std::uint64_t>();
    for (Host* host : {&net.east_host, &net.west_host}) {
      host->feed(PolicyInstalled{make_policy(host->side)});
      host->feed(StackUp{host->stack()});
      host->feed(ActivateRule{host->stack(), "net-to-net"});
    }
    net.settle();
    net.pass(Seconds{10});
    expect_agreement(net);
  }
}

}  // namespace
}  // namespace adit::ike
