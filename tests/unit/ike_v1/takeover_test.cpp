// One phase 1 SA takes over from another while the network or nssd is slow: what hangs on the older one goes on.

#include "ike/wire/v1/header.h"
#include "v1_pair.h"

namespace adit::ike {
namespace {

bool is_of(const Datagram& datagram, wire::ExchangeType exchange) {
  const auto header = wire::v1::Header::parse(datagram.octets);
  return header && header->exchange == exchange;
}

/// Main mode's sixth message, counted from now, kept back.
struct KeptBack {
  bool operator()(Datagram& datagram) {
    if (!is_of(datagram, wire::ExchangeType::identity_protection) || ++seen != 6) return true;
    last = datagram;
    return false;
  }
  int seen = 0;
  std::optional<Datagram> last;
};

/// West has the newer SA, and no room for the older one: its Delete overtakes its last message of main mode.
struct Overtaken : V1Pair {
  explicit Overtaken(Side a = v1_east()) : V1Pair{std::move(a), v1_west(), {}, {}, {.ike_sas_per_peer = 1}} {
    up();
    spi = east_host.installed.begin()->second.inbound_spi;
    east_host.feed(RefreshIkeTunnel{east_host.stack(), std::nullopt});
    settle(std::ref(message6));
  }
  InboundSpi spi;
  KeptBack message6;
};

TEST(TakeoverV1, APhase2SaWaitsForTheRefreshThatThePeerMayHaveAlready) {
  Overtaken net;
  ASSERT_TRUE(net.message6.last.has_value());
  EXPECT_EQ(net.east_host.installed.size(), 1u) << "sends and receives meanwhile\n" << told(net);
  EXPECT_EQ(net.east_host.engine.statistics().child_sas, 1u);
  net.east_host.feed(*net.message6.last);
  net.settle();
  net.pass(Seconds{20});
  expect_one_v1_tunnel(net);
  EXPECT_EQ(net.east_host.installed.begin()->second.inbound_spi, net.spi);
  EXPECT_TRUE(net.east_host.removed.empty());
  // It is refreshed under the newer SA as any other.
  net.east_host.feed(RefreshDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  net.pass(Seconds{20});
  expect_one_v1_tunnel(net);
  EXPECT_NE(net.east_host.installed.begin()->second.inbound_spi, net.spi);
}

TEST(TakeoverV1, ThePeerHearsByTheRefreshWhatEndsMeanwhile) {
  Overtaken net;
  for (int i = 0; i < 10; ++i) {  // then west keeps nothing of the older SA any more
    for (Host* host : {&net.east_host, &net.west_host}) host->pass_time_to(host->now + Seconds{1});
    net.settle([](Datagram& datagram) { return !is_of(datagram, wire::ExchangeType::identity_protection); });
  }
  net.east_host.feed(DeactivateDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  EXPECT_TRUE(net.east_host.installed.empty());
  EXPECT_EQ(net.west_host.engine.statistics().child_sas, 1u);
  net.east_host.feed(*net.message6.last);
  net.settle();
  net.pass(Seconds{1});
  EXPECT_EQ(net.west_host.engine.statistics().child_sas, 0u) << told(net);
}

TEST(TakeoverV1, ARekeyThatThePeersDeleteCutsOffIsBegunAnew) {
  V1Pair net{v1_east(), v1_west(), {}, {}, {.ike_sas_per_peer = 1}};
  net.up();
  const InboundSpi before = net.east_host.installed.begin()->second.inbound_spi;
  // East's quick mode is lost; west deletes the SA under it when the refresh is up.
  net.east_host.feed(RefreshDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.east_host.out.clear();
  net.west_host.feed(RefreshIkeTunnel{net.west_host.stack(), std::nullopt});
  net.settle();
  net.pass(Seconds{30});
  expect_one_v1_tunnel(net);
  EXPECT_NE(net.east_host.installed.begin()->second.inbound_spi, before);
}

TEST(TakeoverV1, APhase2SaEndsWithTheRefreshThatItWaitsFor) {
  Overtaken net;
  ASSERT_EQ(net.east_host.installed.size(), 1u);
  for (int i = 0; i < 600 && !net.east_host.installed.empty(); ++i) {
    net.east_host.pass_time_to(net.east_host.now + Seconds{1});
    net.east_host.out.clear();  // west hears nothing any more
  }
  EXPECT_TRUE(net.east_host.installed.empty());
  EXPECT_EQ(net.east_host.engine.statistics().child_sas, 0u);
  EXPECT_EQ(net.east_host.engine.statistics().inbound_spis, 0u);
}

TEST(TakeoverV1, APhase2SaThatWaitsEndsWithItsLifetime) {
  Side a = v1_east();
  a.child_lifetime = Minutes{1};
  Overtaken net{a};
  ASSERT_EQ(net.east_host.installed.size(), 1u);
  for (int i = 0; i < 62; ++i) {
    net.east_host.pass_time_to(net.east_host.now + Seconds{1});
    net.east_host.out.clear();
  }
  EXPECT_TRUE(net.east_host.installed.empty());
  EXPECT_EQ(net.east_host.ike().size(), 1u) << "the refresh goes on\n" << told(net);
}

TEST(TakeoverV1, ADeleteIsHeardWhileNssdJudgesTheLastMessage) {
  V1Side v1;
  Side a = v1_east(), b = v1_west();
  for (Side* side : {&a, &b}) {
    side->me = policy::HowToAuthMe::rsa_signature;
    side->peers = policy::HowToAuthPeers::signature;
  }
  V1Pair net{a, b, v1, v1};
  give_nssd(net.east_host);
  give_nssd(net.west_host);
  const auto nssd = net.east_host.nssd;
  std::optional<RequestId> verify;
  net.east_host.nssd = {};
  net.install();
  net.begin();
  net.settle();
  const auto answer = [&] {
    for (const CertificateRequest& request : std::exchange(net.east_host.asked, {})) {
      if (std::holds_alternative<contract::Verify>(request.request)) {
        verify = request.id;
      } else {
        net.east_host.feed(CertificateAnswer{request.id, nssd(request)});
      }
    }
    net.settle();
  };
  while (!verify && !net.east_host.asked.empty()) answer();
  ASSERT_TRUE(verify.has_value()) << told(net);
  ASSERT_EQ(net.west_host.ike().size(), 1u) << told(net);
  ASSERT_EQ(net.west_host.ike().front().state, IkeState::done);
  net.west_host.feed(DeactivateIkeTunnel{net.west_host.stack(), std::nullopt});
  net.settle();
  EXPECT_TRUE(net.east_host.ike().empty()) << told(net);
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::negotiation_failed));
  net.east_host.feed(CertificateAnswer{*verify, contract::Verified{.subject = "CN=peer"}});
  EXPECT_TRUE(net.east_host.ike().empty()) << "what nssd says later changes nothing";
}

TEST(TakeoverV1, ARefreshEndsThatThePeerHasOvertakenAndDoesNotAnswer) {
  V1Pair net;
  net.up();
  net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
  std::optional<IkeSpi> unanswered;
  const auto change = [&](Datagram& datagram) {
    const auto header = wire::v1::Header::parse(datagram.octets);
    if (!unanswered) unanswered = header->initiator_cookie;
    return header->initiator_cookie != *unanswered || !header->is_encrypted;  // west never takes east's proof
  };
  net.settle(change);
  net.west_host.feed(RefreshIkeTunnel{net.west_host.stack(), std::nullopt});
  net.settle(change);
  ASSERT_EQ(net.east_host.engine.statistics().ike_sas, 3u) << told(net);
  for (int i = 0; i < 130; ++i) {
    for (Host* host : {&net.east_host, &net.west_host}) host->pass_time_to(host->now + Seconds{1});
    net.settle(change);
  }
  expect_one_v1_tunnel(net);
}

TEST(TakeoverV1, ADeletedSaDoesNotComeUpByTheRepetitionOfALastMessageThatWasLost) {
  for (const auto how : {policy::HowToInitiate::main, policy::HowToInitiate::aggressive}) {
    SCOPED_TRACE(how == policy::HowToInitiate::main ? "main" : "aggressive");
    V1Pair net{v1_east(), v1_west(), {.how = how}, {.how = how}};
    net.install();
    net.begin();
    // The last message of phase 1, and all that follows.
    const auto last = how == policy::HowToInitiate::main ? 6 : 3;
    int seen = 0;
    net.settle([&](Datagram&) { return ++seen < last; });
    Host& up = how == policy::HowToInitiate::main ? net.west_host : net.east_host;
    Host& other = how == policy::HowToInitiate::main ? net.east_host : net.west_host;
    ASSERT_EQ(up.ike().size(), 1u) << told(net);
    ASSERT_EQ(up.ike().front().state, IkeState::done);
    up.feed(DeactivateIkeTunnel{up.stack(), std::nullopt});
    net.settle();
    net.pass(Seconds{6});  // the other end repeats its last one
    EXPECT_TRUE(up.ike().empty()) << told(net);
    if (how == policy::HowToInitiate::main) {
      EXPECT_TRUE(other.has_told(CatalogueId::ike_sa_created)) << "it has learnt of it";
    } else {
      EXPECT_FALSE(other.has_told(CatalogueId::ike_sa_created));
      net.pass(Seconds{30});
    }
    EXPECT_EQ(other.engine.statistics().ike_sas, up.engine.statistics().ike_sas) << told(net);
  }
}

TEST(TakeoverV1, Phase2SasGoToAnSaThatThePeerHasUsed) {
  // Beside the oldest SA east has two newer ones; of the newest west lacks the last message, and so would not hear what
  // is deleted under it.
  const V1Side aggressive{.how = policy::HowToInitiate::aggressive};
  V1Pair net{v1_east(), v1_west(), aggressive, aggressive};
  net.up();
  net.pass(Seconds{10});
  const IkeSpi oldest = net.east_host.ike().front().initiator_spi;
  bool hears_deletes = false;
  IkeSpi begun_by_east;
  const auto change = [&](Datagram& datagram) {
    const auto header = wire::v1::Header::parse(datagram.octets);
    if (header->exchange == wire::ExchangeType::informational_v1) {
      return hears_deletes || header->initiator_cookie != oldest;
    }
    const bool is_by_east = datagram.stack == net.west_host.stack();
    if (is_by_east && header->responder_cookie == IkeSpi{}) begun_by_east = header->initiator_cookie;
    const bool is_third = header->exchange == wire::ExchangeType::aggressive &&
                          header->initiator_cookie == begun_by_east && header->responder_cookie != IkeSpi{};
    return !is_by_east || !is_third;
  };
  const auto pass = [&](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      for (Host* host : {&net.east_host, &net.west_host}) host->pass_time_to(host->now + Seconds{1});
      net.settle(change);
    }
  };
  net.west_host.feed(RefreshIkeTunnel{net.west_host.stack(), std::nullopt});
  net.settle(change);
  pass(1);  // west asks whether east has it
  net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
  net.settle(change);
  ASSERT_EQ(net.east_host.ike().size(), 3u) << told(net);
  hears_deletes = true;
  pass(4);
  ASSERT_EQ(net.east_host.ike().size(), 2u) << told(net);
  ASSERT_EQ(net.east_host.engine.statistics().child_sas, 1u) << told(net);
  net.east_host.feed(DeactivateDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle(change);
  EXPECT_EQ(net.west_host.engine.statistics().child_sas, 0u) << told(net);
}

TEST(TakeoverV1, AnSaIsNotRefreshedThatThePeerHasJustReplaced) {
  V1Pair net;
  net.up();
  net.pass(Seconds{10});
  net.west_host.feed(RefreshIkeTunnel{net.west_host.stack(), std::nullopt});
  // West's Delete of the older one is lost for now.
  net.settle([](Datagram& datagram) { return !is_of(datagram, wire::ExchangeType::informational_v1); });
  ASSERT_EQ(net.east_host.ike().size(), 2u) << told(net);
  net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
  std::size_t first_messages = 0;
  for (const Datagram& sent : net.east_host.out) first_messages += is_of(sent, wire::ExchangeType::identity_protection);
  EXPECT_EQ(first_messages, 1u) << "of the newer one alone";
  net.settle();
  net.pass(Seconds{30});
  expect_one_v1_tunnel(net);
}

TEST(TakeoverV1, SasOfATunnelThatEndTogetherAreNamedInOneDelete) {
  V1Pair net;
  net.up();
  // A refresh whose older pair has not gone yet: two pairs, of which the older one is there for a while.
  net.east_host.feed(RefreshDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  ASSERT_EQ(net.east_host.installed.size(), 2u);
  ASSERT_EQ(net.west_host.installed.size(), 2u);
  net.east_host.feed(DeactivateDynamicTunnel{net.east_host.stack(), std::nullopt});
  EXPECT_EQ(net.east_host.out.size(), 1u) << "one message, so that nothing overtakes";
  net.settle();
  for (const Host* host : {&net.east_host, &net.west_host}) {
    EXPECT_EQ(host->engine.statistics().child_sas, 0u);
  }
}

}  // namespace
}  // namespace adit::ike
