// The life of IKEv1's SAs: refreshed, deleted, silent, behind a NAT.

#include "ike/v1/exchanges_seen.h"
#include "ike/wire/v1/header.h"
#include "v1_pair.h"

namespace adit::ike {
namespace {

void expect_the_same_pair(const TwoEngines& net) {
  ASSERT_EQ(net.east_host.installed.size(), 1u) << told(net);
  ASSERT_EQ(net.west_host.installed.size(), 1u) << told(net);
  EXPECT_EQ(net.east_host.installed.begin()->second.inbound_spi.value(),
            net.west_host.installed.begin()->second.outbound_spi.value());
}

TEST(LifeV1, RefreshesAPhase2SaBeforeItsEnd) {
  V1Pair net;
  net.up();
  const auto before = net.east_host.installed.begin()->second.inbound_spi;
  net.pass(Seconds{Minutes{245}});
  expect_the_same_pair(net);
  EXPECT_NE(net.east_host.installed.begin()->second.inbound_spi, before);
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::child_sa_rekeyed));
  EXPECT_EQ(net.east_host.children().front().name.tunnel, DynamicTunnelId{1}) << "the tunnel stays";
  EXPECT_GE(net.east_host.children().front().name.generation, 2u);
  for (const Host* host : {&net.east_host, &net.west_host}) {
    EXPECT_EQ(host->engine.statistics().inbound_spis, 1u);
    EXPECT_FALSE(host->retired.empty()) << "the older pair sends no more before it goes";
  }
}

// Shows RFC 2408 4.3-1.
TEST(LifeV1, RefreshesPhase1WithBothProofsAgain) {
  V1Pair net;
  net.up();
  const IkeSpi before = net.east_host.ike().front().initiator_spi;
  net.pass(Seconds{Minutes{485}});
  ASSERT_EQ(net.east_host.ike().size(), 1u) << told(net);
  ASSERT_EQ(net.west_host.ike().size(), 1u) << told(net);
  EXPECT_NE(net.east_host.ike().front().initiator_spi, before);
  EXPECT_EQ(net.east_host.ike().front().initiator_spi, net.west_host.ike().front().initiator_spi);
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::ike_sa_reauthenticated) ||
              net.west_host.has_told(CatalogueId::ike_sa_reauthenticated));
  expect_the_same_pair(net);
  EXPECT_EQ(net.east_host.children().front().parent, net.east_host.ike().front().tunnel);
}

TEST(LifeV1, ConvergesWhenBothRefreshAtOnce) {
  V1Pair net;
  net.up();
  net.east_host.feed(RefreshDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.west_host.feed(RefreshDynamicTunnel{net.west_host.stack(), std::nullopt});
  net.settle();
  net.pass(Seconds{60});
  expect_the_same_pair(net);
  net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
  net.west_host.feed(RefreshIkeTunnel{net.west_host.stack(), std::nullopt});
  net.settle();
  net.pass(Seconds{60});
  expect_the_same_pair(net);
  EXPECT_EQ(net.east_host.engine.statistics().child_sas, 1u);
  EXPECT_EQ(net.west_host.engine.statistics().child_sas, 1u);
}

TEST(LifeV1, KeepsTheOlderPairWhenARefreshFails) {
  V1Pair net;
  net.up();
  const auto before = net.east_host.installed.begin()->second.inbound_spi;
  net.east_host.feed(RefreshDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle([](Datagram&) { return false; });
  ASSERT_EQ(net.east_host.installed.size(), 1u);
  EXPECT_EQ(net.east_host.installed.begin()->second.inbound_spi, before);
  net.pass(Seconds{400});  // it is tried again
  expect_the_same_pair(net);
  EXPECT_NE(net.east_host.installed.begin()->second.inbound_spi, before);
}

// Shows RFC 2408 4.3-2, 4.3-3.
TEST(LifeV1, HasThePairThatThePeerRefreshesToBeforeThePeerCanSendByIt) {
  V1Pair net;
  net.up();
  const contract::ChildSaName old = net.west_host.installed.begin()->first;
  net.east_host.feed(RefreshDynamicTunnel{net.east_host.stack(), std::nullopt});
  std::size_t from_east = 0;
  net.settle([&](Datagram& datagram) { return datagram.stack == net.east_host.stack() || ++from_east < 2; });
  EXPECT_EQ(net.west_host.installed.size(), 2u) << "message 3 is lost";
  EXPECT_EQ(net.west_host.installed.rbegin()->second.sending, contract::SendingBegins::when_peer_is_ready);
  EXPECT_TRUE(net.west_host.retired.empty()) << "by the older one this side still sends";
  net.pass(Seconds{3});  // message 2 again, and so message 3
  EXPECT_FALSE(net.west_host.retired.empty());
  EXPECT_EQ(net.west_host.retired.front().name, old);
  net.pass(Seconds{20});
  expect_the_same_pair(net);
}

// The first pair: there is no older one to send by, and packets wait for it.
TEST(LifeV1, HasTheFirstPairBeforeMessage2AndSendsByItAfterMessage3) {
  V1Pair net;
  net.install();
  net.begin();
  const auto is_quick_mode = [](const Datagram& datagram) {
    const auto header = wire::v1::Header::parse(datagram.octets);
    return header && header->exchange == wire::ExchangeType::quick_mode;
  };
  std::size_t of_quick_mode = 0;
  net.settle([&](Datagram& datagram) {
    if (!is_quick_mode(datagram)) return true;
    EXPECT_EQ(net.west_host.installed.size(), of_quick_mode == 0 ? 0u : 1u);
    EXPECT_TRUE(net.west_host.begun.empty()) << "message 3 has not come";
    EXPECT_EQ(net.east_host.begun.size(), of_quick_mode == 2 ? 1u : 0u) << "with message 3, and not before";
    return ++of_quick_mode < 3;
  });
  ASSERT_EQ(of_quick_mode, 3u);
  for (const Host* host : {&net.east_host, &net.west_host}) {
    ASSERT_EQ(host->installed.size(), 1u);
    EXPECT_EQ(host->installed.begin()->second.sending, contract::SendingBegins::when_told);
  }
  EXPECT_TRUE(net.west_host.begun.empty()) << "message 3 is lost";
  net.pass(Seconds{3});  // message 2 again, and so message 3
  ASSERT_EQ(net.west_host.begun.size(), 1u);
  EXPECT_EQ(net.west_host.begun.front().name, net.west_host.installed.begin()->first);
  expect_the_same_pair(net);
}

TEST(LifeV1, TakesTheFirstPairAwayWhenMessage3NeverComes) {
  V1Pair net;
  net.install();
  net.begin();
  std::size_t of_east = 0;
  const auto loses_message_3 = [&](Datagram& datagram) {
    const auto header = wire::v1::Header::parse(datagram.octets);
    const bool counts =
        header && header->exchange == wire::ExchangeType::quick_mode && datagram.stack == net.west_host.stack();
    return !counts || ++of_east < 2;
  };
  net.settle(loses_message_3);
  ASSERT_EQ(net.west_host.installed.size(), 1u);
  const auto activated = [&] {
    net.west_host.feed(ActivateRule{net.west_host.stack(), "net-to-net"});
    return net.west_host.answers.back().status;
  };
  EXPECT_EQ(activated(), OperatorAnswer::Status::already);
  for (unsigned i = 0; i < 3; ++i) {
    net.west_host.pass_time_to(net.west_host.now + Seconds{1});
    net.settle(loses_message_3);
  }
  EXPECT_EQ(activated(), OperatorAnswer::Status::started) << "the peer is silent";
  for (unsigned i = 0; i < 265; ++i) {  // all repetitions of message 2
    net.east_host.now += Seconds{1};
    net.west_host.pass_time_to(net.west_host.now + Seconds{1});
    net.settle(loses_message_3);
  }
  EXPECT_TRUE(net.west_host.installed.empty());
  EXPECT_TRUE(net.west_host.begun.empty());
  EXPECT_TRUE(net.west_host.children().empty());
}

/// East's quick mode has its answer and waits for its stack: what `happens` meanwhile is the end of it.
TEST(LifeV1, APairWhoseMessage3DoesNotGoOutAnyMoreDoesNotComeUp) {
  for (const bool by_peer : {true, false}) {
    SCOPED_TRACE(by_peer);
    V1Pair net;
    net.install();
    net.east_host.stack_answers = false;
    net.begin();
    net.settle();
    ASSERT_EQ(net.east_host.installed.size(), 1u);
    const contract::ChildSaName name = net.east_host.installed.begin()->first;
    Host& ending = by_peer ? net.west_host : net.east_host;
    ending.feed(DeactivateIkeTunnel{ending.stack(), std::nullopt});
    net.settle();
    net.east_host.feed(contract::InstallResult{.stack = net.east_host.stack(), .name = name, .refused = {}});
    net.settle();
    net.pass(Seconds{20});
    for (const Host* host : {&net.east_host, &net.west_host}) {
      EXPECT_TRUE(host->installed.empty()) << told(net);
      EXPECT_EQ(host->engine.statistics().child_sas, 0u);
      EXPECT_EQ(host->engine.statistics().inbound_spis, 0u);
    }
  }
}

TEST(LifeV1, Message3OfAPairThatHasGoneIsAnsweredWithItsDelete) {
  V1Pair net;
  net.install();
  net.begin();
  std::optional<Datagram> message3;
  std::size_t of_quick_mode = 0;
  net.settle([&](Datagram& datagram) {
    const auto header = wire::v1::Header::parse(datagram.octets);
    if (!header || header->exchange != wire::ExchangeType::quick_mode || ++of_quick_mode < 3) return true;
    if (!message3) message3 = datagram;
    return false;
  });
  ASSERT_TRUE(message3.has_value());
  net.east_host.feed(DeactivateDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  EXPECT_TRUE(net.west_host.installed.empty()) << "east's Delete";
  net.west_host.feed(*message3);
  net.settle();
  net.pass(Seconds{300});
  EXPECT_TRUE(net.west_host.begun.empty());
  EXPECT_EQ(net.west_host.engine.statistics().child_sas, 0u);
  // Nothing hangs: the SA can be ended and a pair made again.
  net.begin();
  net.settle();
  expect_one_v1_tunnel(net);
}

TEST(LifeV1, APolicyThatDoesNotHaveTheRuleEndsAPairUnderWayToo) {
  V1Pair net;
  net.install();
  net.begin();
  std::size_t of_quick_mode = 0;
  net.settle([&](Datagram& datagram) {
    const auto header = wire::v1::Header::parse(datagram.octets);
    return !header || header->exchange != wire::ExchangeType::quick_mode || ++of_quick_mode < 3;
  });
  ASSERT_EQ(net.west_host.installed.size(), 1u);
  policy::PolicySnapshot without = *make_v1_policy(net.west_host.side, {});
  without.filter.filters.clear();
  net.west_host.feed(PolicyInstalled{std::make_shared<const policy::PolicySnapshot>(std::move(without))});
  net.settle();
  EXPECT_TRUE(net.west_host.installed.empty());
  net.pass(Seconds{20});
  EXPECT_TRUE(net.east_host.installed.empty()) << "message 3 is answered with the Delete\n" << told(net);
}

TEST(LifeV1, APeerHearsThatTheStackTakesNoPair) {
  V1Pair net;
  net.install();
  net.west_host.refuse_install = [](const contract::InstallChildSa&) { return std::optional<std::string>{"no room"}; };
  net.begin();
  net.settle();
  EXPECT_TRUE(net.west_host.installed.empty());
  EXPECT_NE(net.east_host.told().find("NO-PROPOSAL-CHOSEN"), std::string::npos) << told(net);
  EXPECT_EQ(net.west_host.engine.statistics().inbound_spis, 0u);
}

TEST(LifeV1, LivenessQuestionsWearNoSaOut) {
  Side a = v1_east(), b = v1_west();
  a.liveness = b.liveness = Seconds{1};
  V1Side as_v1;
  as_v1.ike_most = Minutes{1440};
  V1Pair net{a, b, as_v1, as_v1};
  net.up();
  const auto before = net.east_host.ike().front().generation;
  for (Host* host : {&net.east_host, &net.west_host}) {
    host->counters = [&](const QueryCounters& query) {  // sends, and hears nothing
      static std::uint64_t sent = 0;
      return contract::ChildSaCounters{.stack = query.stack, .name = query.name, .outbound_packets = ++sent};
    };
  }
  net.pass(Seconds{7000});
  ASSERT_EQ(net.east_host.ike().size(), 1u) << told(net);
  EXPECT_EQ(net.east_host.ike().front().generation, before);
  std::size_t questions = 0;
  for (const Datagram& datagram : net.carried) {
    const auto header = wire::v1::Header::parse(datagram.octets);
    questions += header && header->exchange == wire::ExchangeType::informational_v1 ? 1u : 0u;
  }
  EXPECT_GT(questions, v1::ExchangesSeen::limits_of(v1::Exchange::quick_mode).hard) << "the test did not ask enough";
}

TEST(LifeV1, ShowsTheLifetimeThatWasAgreedOn) {
  Side a = v1_east();
  a.child_lifetime = Minutes{60};
  V1Pair net{a, v1_west()};
  net.up();
  for (const Host* host : {&net.east_host, &net.west_host}) {
    ASSERT_EQ(host->children().size(), 1u) << told(net);
    EXPECT_EQ(host->children().front().lifetime, Minutes{60});
  }
}

TEST(LifeV1, AnswersARefreshWhenTheStackHasThePairAndNotBefore) {
  V1Pair net;
  net.up();
  net.west_host.stack_answers = false;
  net.east_host.feed(RefreshDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  EXPECT_EQ(net.east_host.installed.size(), 1u) << "the peer sends by the pair as soon as it has the answer";
  net.west_host.stack_answers = true;
  const contract::ChildSaName newer = net.west_host.installed.rbegin()->first;
  net.west_host.feed(contract::InstallResult{.stack = net.west_host.stack(), .name = newer, .refused = {}});
  net.settle();
  net.pass(Seconds{20});
  expect_the_same_pair(net);
  EXPECT_EQ(net.west_host.installed.begin()->first, newer);
}

TEST(LifeV1, GivesUpAPairThatTheStackSaysNothingOf) {
  V1Pair net;
  net.up();
  net.west_host.stack_answers = false;
  net.east_host.feed(RefreshDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  ASSERT_EQ(net.west_host.installed.size(), 2u);
  for (int i = 0; i < 11; ++i) net.west_host.pass_time_to(net.west_host.now + Seconds{1});
  EXPECT_EQ(net.west_host.installed.size(), 1u);
  EXPECT_EQ(net.west_host.engine.statistics().inbound_spis, 1u);
}

TEST(LifeV1, GivesUpAPairWhoseThirdMessageNeverComes) {
  V1Pair net;
  net.up();
  const contract::ChildSaName old = net.west_host.installed.begin()->first;
  net.east_host.feed(RefreshDynamicTunnel{net.east_host.stack(), std::nullopt});
  std::size_t from_east = 0;
  net.settle([&](Datagram& datagram) { return datagram.stack == net.east_host.stack() || ++from_east < 2; });
  for (int i = 0; i < 265; ++i) {  // all repetitions of message 2
    net.west_host.pass_time_to(net.west_host.now + Seconds{1});
    net.west_host.out.clear();
  }
  ASSERT_EQ(net.west_host.installed.size(), 1u) << net.west_host.told();
  EXPECT_EQ(net.west_host.installed.begin()->first, old);
  EXPECT_EQ(net.west_host.engine.statistics().inbound_spis, 1u);
}

TEST(LifeV1, DeletesOnBothEnds) {
  V1Pair net;
  net.up();
  net.east_host.feed(DeactivateDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle();
  EXPECT_TRUE(net.east_host.installed.empty());
  EXPECT_TRUE(net.west_host.installed.empty()) << told(net);
  ASSERT_EQ(net.west_host.ike().size(), 1u) << "phase 1 stays";
  net.begin();
  net.settle();
  EXPECT_EQ(net.west_host.installed.size(), 1u) << "quick mode alone is enough";
  net.west_host.feed(DeactivateIkeTunnel{net.west_host.stack(), std::nullopt});
  net.settle();
  EXPECT_TRUE(net.east_host.installed.empty());
  EXPECT_TRUE(net.east_host.ike().empty()) << told(net);
  net.pass(Seconds{60});
  for (const Host* host : {&net.east_host, &net.west_host}) {
    EXPECT_EQ(host->engine.statistics().ike_sas, 0u);
    EXPECT_EQ(host->engine.statistics().inbound_spis, 0u);
    EXPECT_FALSE(host->engine.next_deadline());
  }
}

TEST(LifeV1, DeletesThoughADeleteIsLost) {
  V1Pair net;
  net.up();
  net.east_host.feed(DeactivateIkeTunnel{net.east_host.stack(), std::nullopt});
  net.settle([](Datagram&) { return false; });
  EXPECT_EQ(net.west_host.installed.size(), 1u);
  net.pass(Seconds{10});
  EXPECT_TRUE(net.west_host.installed.empty()) << told(net);
  EXPECT_TRUE(net.west_host.ike().empty());
}

// Shows RFC 3706 5.4-1, 5.4-5, 5.4-6.
TEST(LifeV1, FindsOutThatAPeerIsDead) {
  V1Pair net;
  net.up();
  net.pass(Seconds{40});  // R-U-THERE and its answer
  EXPECT_EQ(net.east_host.ike().size(), 1u);
  for (int i = 0; i < 400; ++i) {
    const Instant next = net.east_host.now + Seconds{1};
    net.east_host.pass_time_to(next);
    net.east_host.out.clear();  // the peer is away
  }
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::peer_is_dead)) << told(net);
  EXPECT_TRUE(net.east_host.installed.empty());
  EXPECT_TRUE(net.east_host.ike().empty());
}

class RestartV1 : public testing::TestWithParam<std::tuple<policy::HowToInitiate, bool>> {};

/// Of the mode, and whether Informational exchanges are lost: aggressive mode's INITIAL-CONTACT goes with its first
/// quick mode, too.
TEST_P(RestartV1, OfAPeerLetsItsOlderSasBeForgotten) {
  const auto [how, loses_notify] = GetParam();
  V1Pair net;
  net.up();
  // East has lost everything, and says INITIAL-CONTACT.
  Host fresh{net.east_host.side, {}, 77};
  fresh.now = net.east_host.now + Seconds{10};
  net.west_host.now = fresh.now;
  fresh.feed(PolicyInstalled{make_v1_policy(fresh.side, {.how = how})});
  fresh.feed(StackUp{fresh.stack()});
  fresh.feed(ActivateRule{fresh.stack(), "net-to-net"});
  for (int i = 0; i < 20; ++i) {
    for (Host* from : {&fresh, &net.west_host}) {
      Host& to = from == &fresh ? net.west_host : fresh;
      for (Datagram& sent : std::exchange(from->out, {})) {
        const auto header = wire::v1::Header::parse(sent.octets);
        if (loses_notify && header->exchange == wire::ExchangeType::informational_v1) continue;
        to.feed(Datagram{.stack = to.stack(), .local = sent.remote, .remote = sent.local, .octets = sent.octets});
      }
    }
  }
  EXPECT_EQ(fresh.installed.size(), 1u) << fresh.told() << net.west_host.told();
  EXPECT_EQ(net.west_host.installed.size(), 1u);
  EXPECT_EQ(net.west_host.ike().size(), 1u);
}
INSTANTIATE_TEST_SUITE_P(
    Modes, RestartV1,
    testing::Combine(testing::Values(policy::HowToInitiate::main, policy::HowToInitiate::aggressive), testing::Bool()));

TEST(LifeV1, EndsWithTheStack) {
  V1Pair net;
  net.up();
  net.west_host.installed.clear();
  net.west_host.feed(StackUp{net.west_host.stack()});
  net.settle();
  EXPECT_TRUE(net.east_host.installed.empty()) << "it was told";
  net.east_host.feed(PolicyRemoved{net.east_host.stack()});
  net.pass(Seconds{20});
  EXPECT_EQ(net.east_host.engine.statistics().ike_sas, 0u);
}

TEST(LifeV1, ARefreshIsAFurtherGenerationOfOneTunnelAtBothEnds) {
  V1Pair net;
  net.up();
  for (Host* host : {&net.east_host, &net.west_host, &net.east_host}) {
    host->feed(RefreshIkeTunnel{host->stack(), std::nullopt});
    net.settle();
    net.pass(Seconds{20});
  }
  for (const Host* host : {&net.east_host, &net.west_host}) {
    ASSERT_EQ(host->ike().size(), 1u);
    EXPECT_EQ(host->ike().front().tunnel, IkeTunnelId{1});
    EXPECT_EQ(host->ike().front().generation, 4u);
  }
}

TEST(LifeV1, AnOlderSaGoesWhenThePeerHasTheNewerOneAndDoesNotDeleteIt) {
  V1Pair net;
  net.up();
  net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
  // East's own Deletes are lost: west asks whether east has the newer SA, and deletes the older one itself.
  net.settle([&](Datagram& datagram) {
    const auto header = wire::v1::Header::parse(datagram.octets);
    return header && header->exchange != wire::ExchangeType::informational_v1;
  });
  ASSERT_EQ(net.west_host.ike().size(), 2u);
  net.west_host.pass_time_to(net.west_host.now + Seconds{1});
  EXPECT_EQ(net.west_host.out.size(), 1u) << "R-U-THERE";
  net.settle();
  EXPECT_EQ(net.west_host.ike().size(), 1u) << told(net);
  EXPECT_EQ(net.west_host.ike().front().generation, 2u);
  EXPECT_EQ(net.west_host.installed.size(), 1u);
  EXPECT_EQ(net.east_host.installed.size(), 1u);
}

TEST(LifeV1, AnOlderSaStaysWhereThePeerMayLackTheNewerOne) {
  V1Pair net;
  net.up();
  net.east_host.feed(RefreshIkeTunnel{net.east_host.stack(), std::nullopt});
  std::size_t count = 0;
  net.settle([&](Datagram&) { return ++count < 6; });  // the last message of main mode and all after it
  net.west_host.pass_time_to(net.west_host.now + Seconds{20});
  EXPECT_EQ(net.west_host.ike().size(), 2u) << told(net);
  EXPECT_EQ(net.west_host.installed.size(), 1u);
}

/// A NAT before east: west sees it at another address and port.
void pass_nat(V1Pair& net, int rounds) {
  const IpAddress outside = address("203.0.113.9");
  std::map<std::uint16_t, std::uint16_t> ports{{24500, 4500}, {20500, 500}};  // outside to inside
  for (int i = 0; i < rounds; ++i) {
    for (Datagram& sent : std::exchange(net.east_host.out, {})) {
      const auto port = static_cast<std::uint16_t>(sent.local.port + 20000);
      ports[port] = sent.local.port;
      net.west_host.feed(Datagram{
          .stack = net.west_host.stack(), .local = sent.remote, .remote = {outside, port}, .octets = sent.octets});
    }
    for (Datagram& sent : std::exchange(net.west_host.out, {})) {
      ASSERT_EQ(sent.remote.address, outside);
      net.east_host.feed(Datagram{.stack = net.east_host.stack(),
                                  .local = {address("198.51.100.1"), ports.at(sent.remote.port)},
                                  .remote = sent.local,
                                  .octets = sent.octets});
    }
  }
}

// Shows RFC 3947 3-1, 3-2, 3-3, 4-1, 4-2, 4-3, 4-5, 4-6, 4-7, 4-8, 4-10.
TEST(NatV1, IsFoundAndPassedInUdp) {
  for (const auto how : {policy::HowToInitiate::main, policy::HowToInitiate::aggressive}) {
    Side a = v1_east(), b = v1_west();
    a.allow_nat = b.allow_nat = true;
    b.bypass_ip_validation = true;
    b.remote_endpoint = "203.0.113.9";
    V1Pair net{a, b, {.how = how}};
    net.install();
    net.begin();
    pass_nat(net, 20);
    ASSERT_EQ(net.east_host.installed.size(), 1u) << told(net);
    ASSERT_EQ(net.west_host.installed.size(), 1u) << told(net);
    EXPECT_TRUE(net.east_host.ike().front().nat_local);
    EXPECT_FALSE(net.east_host.ike().front().nat_remote);
    EXPECT_TRUE(net.west_host.ike().front().nat_remote);
    EXPECT_EQ(net.east_host.ike().front().remote.port, 4500) << "RFC 3947 §4";
    EXPECT_EQ(net.west_host.installed.begin()->second.udp->remote_port, 24500);
    EXPECT_EQ(net.east_host.installed.begin()->second.udp->local_port, 4500);
    // The responder begins a refresh, on port 4500 and to where the NAT has the peer.
    net.west_host.feed(RefreshIkeTunnel{net.west_host.stack(), std::nullopt});
    ASSERT_EQ(net.west_host.out.size(), 1u);
    EXPECT_EQ(net.west_host.out.front().local.port, 4500);
    EXPECT_EQ(net.west_host.out.front().remote, (Endpoint{address("203.0.113.9"), 24500}));
    pass_nat(net, 20);
    EXPECT_EQ(net.west_host.ike().front().generation, 2u) << told(net);
    EXPECT_TRUE(net.west_host.ike().front().nat_remote);
  }
}

}  // namespace
}  // namespace adit::ike
