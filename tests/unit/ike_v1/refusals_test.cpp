// What IKEv1 refuses, and how it says so; and that neither version answers the other.

#include <algorithm>

#include "v1_pair.h"

#include "ike/wire/header.h"
#include "ike/wire/v1/message.h"

namespace adit::ike {
namespace {

/// The notify in clear among what was carried to a host; nothing when there is none.
std::optional<wire::v1::NotifyType> notify_to(const TwoEngines& net, const Host& host) {
  for (const Datagram& datagram : net.carried) {
    if (datagram.stack != host.stack()) continue;
    const auto header = wire::v1::Header::parse(datagram.octets);
    if (!header || header->exchange != wire::ExchangeType::informational_v1 || header->is_encrypted) continue;
    const auto chain = wire::v1::parse_chain(header->next_payload, Bytes{datagram.octets}.subspan(wire::header_size),
                                             wire::v1::Origin::clear);
    if (!chain) continue;
    if (const auto* notify = chain->payloads.find<wire::v1::Notify>()) return notify->type;
  }
  return std::nullopt;
}

TEST(RefusalsV1, RefuseAModeThatIsNotAnswered) {
  V1Pair net{v1_east(), v1_west(), {}, {.respond = policy::HowToRespondIkeV1::aggressive}};
  net.up();
  EXPECT_TRUE(net.west_host.has_told(CatalogueId::v1_mode_refused));
  EXPECT_EQ(notify_to(net, net.east_host), wire::v1::NotifyType::unsupported_exchange_type);
  EXPECT_TRUE(net.west_host.ike().empty());
  V1Pair other{
      v1_east(), v1_west(), {.how = policy::HowToInitiate::aggressive}, {.respond = policy::HowToRespondIkeV1::main}};
  other.up();
  EXPECT_EQ(notify_to(other, other.east_host), wire::v1::NotifyType::unsupported_exchange_type);
}

TEST(RefusalsV1, RefuseWhatNoOfferHas) {
  Side b = v1_west();
  b.groups = {GroupId::ecp_384};
  V1Pair net{v1_east(), b};
  net.up();
  EXPECT_TRUE(net.west_host.has_told(CatalogueId::no_ike_proposal_chosen));
  EXPECT_EQ(notify_to(net, net.east_host), wire::v1::NotifyType::no_proposal_chosen);
  net.pass(Seconds{300});
  EXPECT_TRUE(net.east_host.ike().empty());
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::negotiation_failed));
  EXPECT_TRUE(net.east_host.children().empty());
}

TEST(RefusalsV1, RefuseALifetimeOutsideWhatIsAccepted) {
  V1Pair longer{v1_east(), v1_west(), {}, {.ike_most = Minutes{479}}};
  longer.up();
  EXPECT_TRUE(longer.west_host.has_told(CatalogueId::no_ike_proposal_chosen));
  V1Pair shorter{v1_east(), v1_west(), {}, {.child_least = Minutes{241}}};
  shorter.up();
  EXPECT_TRUE(shorter.west_host.has_told(CatalogueId::no_child_proposal_chosen));
  EXPECT_TRUE(shorter.east_host.has_told(CatalogueId::error_notify_received)) << told(shorter);
  EXPECT_TRUE(shorter.east_host.children().empty());
  EXPECT_EQ(shorter.east_host.engine.statistics().inbound_spis, 0u);
  EXPECT_EQ(shorter.west_host.engine.statistics().inbound_spis, 0u);
}

TEST(RefusalsV1, TakeALifesizeOnlyWherePolicyDoes) {
  V1Pair none{v1_east(), v1_west(), {.child_lifesize = 5000}};
  none.up();
  EXPECT_TRUE(none.west_host.has_told(CatalogueId::no_child_proposal_chosen));
  V1Pair taken{v1_east(),
               v1_west(),
               {.ike_lifesize = 4000, .child_lifesize = 5000},
               {.lifesize_accepted = policy::LifesizeLimits{4000, 5000}}};
  taken.up();
  expect_one_v1_tunnel(taken);
  EXPECT_EQ(taken.west_host.installed.begin()->second.lifetimes.hard_octets, 5000u * 1024);
  EXPECT_EQ(taken.west_host.ike().front().lifesize_kbytes, 4000u);
}

TEST(RefusalsV1, RefuseAnotherSharedKey) {
  for (const auto how : {policy::HowToInitiate::main, policy::HowToInitiate::aggressive}) {
    Side b = v1_west();
    b.secret = "another one";
    V1Pair net{v1_east(), b, {.how = how}};
    net.up();
    net.pass(Seconds{300});
    EXPECT_TRUE(net.east_host.installed.empty());
    EXPECT_TRUE(net.west_host.installed.empty());
    EXPECT_TRUE(net.east_host.ike().empty());
    EXPECT_TRUE(net.west_host.ike().empty());
    EXPECT_TRUE(net.west_host.has_told(CatalogueId::negotiation_failed) ||
                net.east_host.has_told(CatalogueId::authentication_failed))
        << told(net);
  }
}

TEST(RefusalsV1, RefuseAnIdentityThatTheRuleDoesNotName) {
  Side a = v1_east();
  a.peer_identity = "198.51.100.77";
  V1Pair net{a, v1_west()};
  net.up();
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::authentication_failed)) << told(net);
  EXPECT_TRUE(net.east_host.installed.empty());
}

TEST(RefusalsV1, RefuseTrafficThatNoRuleContains) {
  Side a = v1_east();
  a.net = "10.9.0.0";
  V1Pair net{a, v1_west()};
  net.up();
  EXPECT_TRUE(net.west_host.has_told(CatalogueId::no_filter_rule_for_traffic));
  EXPECT_TRUE(net.east_host.has_told(CatalogueId::error_notify_received));
  EXPECT_TRUE(net.east_host.children().empty());
}

TEST(RefusalsV1, RefuseToRespondWhereOnlyThisSideMayStart) {
  Side b = v1_west();
  b.initiation = policy::Initiation::local_only;
  V1Pair net{v1_east(), b};
  net.up();
  EXPECT_TRUE(net.west_host.has_told(CatalogueId::response_forbidden));
  EXPECT_TRUE(net.west_host.installed.empty());
}

TEST(VersionsV1, AreNotMixed) {
  V1Pair net;
  net.install();
  net.begin();
  std::vector<Datagram> sent;
  net.settle([&](Datagram& datagram) {
    sent.push_back(datagram);
    return true;
  });
  for (const Datagram& datagram : sent) EXPECT_EQ(datagram.octets[17] >> 4, 1);
  // The same octets as version 2 belong to nobody: no answer of version 1.
  for (Datagram datagram : sent) {
    datagram.octets[17] = 0x20;
    Host& host = datagram.stack == net.east_host.stack() ? net.east_host : net.west_host;
    host.feed(Datagram{datagram});
    for (const Datagram& answer : host.out) EXPECT_EQ(answer.octets[17] >> 4, 2);
    host.out.clear();
  }
  expect_one_v1_tunnel(net);
}

TEST(VersionsV1, BothRunBetweenTheSamePeersAtOnce) {
  V1Pair net;
  net.install();
  net.begin();
  net.settle();
  // West's policy begins by IKEv2 now: it makes an SA of its own, beside the one of IKEv1.
  net.west_host.feed(PolicyInstalled{make_policy(net.west_host.side)});
  net.west_host.feed(ActivateRule{net.west_host.stack(), "net-to-net"});
  net.settle();
  ASSERT_EQ(net.west_host.answers.size(), 1u);
  EXPECT_EQ(net.west_host.answers.front().status, OperatorAnswer::Status::already);
}

TEST(BoundsV1, KeepHalfOpenSasOfOneAddressFew) {
  EngineOptions options;
  options.half_open_per_address = 3;
  V1Pair net{v1_east(), v1_west(), {}, {}, options};
  net.install();
  net.begin();
  ASSERT_EQ(net.east_host.out.size(), 1u);
  const Datagram first{.stack = net.west_host.stack(),
                       .local = net.east_host.out.front().remote,
                       .remote = net.east_host.out.front().local,
                       .octets = net.east_host.out.front().octets};
  for (std::uint8_t i = 0; i < 100; ++i) {
    Datagram forged = first;
    forged.octets[0] = i;
    forged.octets[1] = 0x77;
    net.west_host.feed(std::move(forged));
  }
  EXPECT_EQ(net.west_host.engine.statistics().half_open, 3u);
  EXPECT_EQ(net.west_host.engine.statistics().ike_sas, 3u);
  net.west_host.pass_time_to(net.west_host.now + Seconds{31});
  EXPECT_EQ(net.west_host.engine.statistics().half_open, 0u);
  EXPECT_EQ(net.west_host.engine.statistics().ike_sas, 0u);
}

TEST(BoundsV1, ThatForgedFirstMessagesFillKeepNobodyOut) {
  for (const bool of_its_address : {false, true}) {
    SCOPED_TRACE(of_its_address);
    EngineOptions options;
    options.half_open_per_address = of_its_address ? 3 : 1000;
    options.cookie_threshold = of_its_address ? 1000 : 3;
    V1Pair net{v1_east(), v1_west(), {}, {}, options};
    net.install();
    net.begin();
    ASSERT_EQ(net.east_host.out.size(), 1u);
    const Datagram first{.stack = net.west_host.stack(),
                         .local = net.east_host.out.front().remote,
                         .remote = net.east_host.out.front().local,
                         .octets = net.east_host.out.front().octets};
    const auto forge = [&](std::uint8_t number) {
      Datagram forged = first;
      forged.octets[0] = number;
      forged.octets[1] = 0x77;
      if (!of_its_address) forged.remote.address = IpAddress::v4(0xcb007100u + number);
      net.west_host.feed(std::move(forged));
      net.west_host.out.clear();
    };
    for (std::uint8_t i = 0; i < 100; ++i) forge(i);
    EXPECT_LE(net.west_host.engine.statistics().half_open, 3u);
    std::uint8_t next = 100;
    net.settle([&](Datagram& datagram) {  // another one before each message of the peer
      if (datagram.stack != net.west_host.stack()) return true;
      auto out = std::exchange(net.west_host.out, {});
      forge(next++);
      net.west_host.out = std::move(out);
      return true;
    });
    EXPECT_EQ(net.east_host.installed.size(), 1u) << told(net);
    EXPECT_EQ(net.west_host.installed.size(), 1u);
    net.west_host.pass_time_to(net.west_host.now + Seconds{31});
    EXPECT_EQ(net.west_host.engine.statistics().half_open, 0u);
    EXPECT_EQ(net.west_host.engine.statistics().ike_sas, 1u);
  }
}

TEST(BoundsV1, AreNotFilledByIkeV2) {
  EngineOptions options;
  options.half_open_per_address = 3;
  options.cookie_threshold = 5;
  V1Pair net{v1_east(), v1_west(), {}, {}, options};
  net.install();
  net.begin();
  ASSERT_EQ(net.east_host.out.size(), 1u);
  Host by_v2{v1_east(), {}, 99};
  by_v2.feed(PolicyInstalled{make_policy(by_v2.side)});
  by_v2.feed(StackUp{by_v2.stack()});
  by_v2.feed(ActivateRule{by_v2.stack(), "net-to-net"});
  ASSERT_FALSE(by_v2.out.empty());
  const Datagram& sent = by_v2.out.front();
  for (std::uint8_t i = 0; i < 20; ++i) {  // of the peer's address, and of others
    for (const IpAddress& source : {sent.local.address, IpAddress::v4(0xcb007100u + i)}) {
      Datagram forged{.stack = net.west_host.stack(),
                      .local = sent.remote,
                      .remote = {source, sent.local.port},
                      .octets = sent.octets};
      forged.octets[0] = i;
      net.west_host.feed(std::move(forged));
    }
  }
  EXPECT_EQ(net.west_host.engine.statistics().half_open, 5u) << "of IKEv2 alone";
  net.west_host.out.clear();
  net.settle();
  EXPECT_EQ(net.west_host.installed.size(), 1u) << told(net);
}

TEST(BoundsV1, OfAnAddressMakeRoomInItsNetWhateverTheStack) {
  EngineOptions options;
  options.half_open_per_address = 2;
  V1Pair net{v1_east(), v1_west(), {}, {}, options};
  net.install();
  policy::PolicySnapshot other = *make_v1_policy(net.west_host.side, {});
  other.stack = {"other"};
  other.key_exchange.rules.front().local_locations.clear();
  other.key_exchange.rules.front().remote_locations.clear();
  net.west_host.feed(PolicyInstalled{std::make_shared<const policy::PolicySnapshot>(other)});
  net.west_host.feed(StackUp{{"other"}});
  net.begin();
  const Datagram first = net.east_host.out.front();
  for (std::uint8_t i = 0; i < 10; ++i) {
    Datagram forged{.stack = {"other"}, .local = first.remote, .remote = first.local, .octets = first.octets};
    forged.octets[0] = i;
    net.west_host.feed(std::move(forged));
  }
  EXPECT_EQ(net.west_host.engine.statistics().half_open, 2u);
  net.west_host.out.clear();
  net.settle();
  EXPECT_EQ(net.west_host.installed.size(), 1u) << told(net);
}

TEST(BoundsV1, AggressiveModeMakesRoomForFewInASecond) {
  EngineOptions options;
  options.half_open_per_address = 2;
  V1Pair net{v1_east(), v1_west(), {.how = policy::HowToInitiate::aggressive}, {}, options};
  net.install();
  net.begin();
  const Datagram first = net.east_host.out.front();
  for (std::uint8_t i = 0; i < 100; ++i) {
    Datagram forged{
        .stack = net.west_host.stack(), .local = first.remote, .remote = first.local, .octets = first.octets};
    forged.octets[0] = i;
    net.west_host.feed(std::move(forged));
  }
  // Each answer is a Diffie-Hellman exchange.
  EXPECT_EQ(net.west_host.out.size(), 2u + options.aggressive_displacements_per_second);
  EXPECT_EQ(std::ranges::count(net.west_host.log, CatalogueId::v1_aggressive_shared_key, &LogRecord::message), 1)
      << "once for the rule";
  net.west_host.out.clear();
  net.pass(Seconds{2});
  net.settle();
  EXPECT_EQ(net.west_host.installed.size(), 1u) << told(net);
}

TEST(BoundsV1, TakeNoSecondMessageOfWhoDoesNotKnowTheCookie) {
  V1Pair net;
  net.install();
  net.begin();
  std::size_t count = 0;
  net.settle([&](Datagram& datagram) {
    if (++count != 3) return true;
    Datagram forged = datagram;
    for (std::size_t i = 8; i < 16; ++i) forged.octets[i] = 0;
    net.west_host.feed(std::move(forged));
    EXPECT_TRUE(net.west_host.out.empty()) << "no public value was computed for it";
    return true;
  });
  expect_one_v1_tunnel(net);
}

TEST(BoundsV1, SurviveEveryChangedOctetOfEveryMessage) {
  for (std::size_t message = 0; message < 9; ++message) {
    V1Pair net;
    net.install();
    net.begin();
    std::size_t count = 0;
    net.settle([&](Datagram& datagram) {
      if (count++ != message) return true;
      Host& host = datagram.stack == net.east_host.stack() ? net.east_host : net.west_host;
      for (std::size_t i = 17; i < datagram.octets.size(); i += 3) {
        Datagram changed = datagram;
        changed.octets[i] ^= 0x55;
        host.feed(std::move(changed));
        host.out.clear();
      }
      return false;
    });
    net.pass(Seconds{400});
    // What became of it differs; both ends agree, or nothing is left half done.
    EXPECT_EQ(net.east_host.engine.statistics().half_open, 0u) << message;
    EXPECT_EQ(net.west_host.engine.statistics().half_open, 0u) << message;
  }
}

}  // namespace
}  // namespace adit::ike
