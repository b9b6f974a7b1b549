// Messages that an onlooker records and sends again, or makes up with the cookies that he has seen: they change
// nothing.

#include "ike/wire/v1/message.h"
#include "v1_pair.h"

namespace adit::ike {
namespace {

std::optional<wire::ExchangeType> exchange_of(const Datagram& datagram) {
  const auto header = wire::v1::Header::parse(datagram.octets);
  return header ? std::optional{header->exchange} : std::nullopt;
}

/// A pair with an SA, and the quick mode and Informational messages that east sent while a refresh was done.
struct Recorded : V1Pair {
  explicit Recorded(V1Side a = {}, V1Side b = {}) : V1Pair{v1_east(), v1_west(), a, b} {
    install();
    begin();
    record();
    east_host.feed(RefreshDynamicTunnel{east_host.stack(), std::nullopt});
    record();
    for (int i = 0; i < 250; ++i) {  // nothing of the refresh is kept any more, and the older pair is deleted
      for (Host* host : {&east_host, &west_host}) host->pass_time_to(host->now + Seconds{1});
      record();
    }
  }
  void record() {
    settle([&](Datagram& datagram) { return recorded.push_back(datagram), true; });
  }
  /// Of east's, as they arrive at west.
  std::vector<Datagram> from_east(wire::ExchangeType exchange) {
    std::vector<Datagram> found;
    for (const Datagram& datagram : recorded) {
      if (datagram.stack == west_host.stack() && exchange_of(datagram) == exchange) found.push_back(datagram);
    }
    return found;
  }
  std::vector<Datagram> recorded;
};

TEST(ReplaysV1, OfAQuickModeMakeNoPair) {
  Recorded net;
  const auto before = net.west_host.installed;
  const auto messages = net.from_east(wire::ExchangeType::quick_mode);
  ASSERT_GE(messages.size(), 4u);
  net.west_host.out.clear();
  for (const Datagram& message : messages) net.west_host.feed(Datagram{message});
  EXPECT_EQ(net.west_host.installed.size(), before.size());
  EXPECT_EQ(net.west_host.installed.begin()->first, before.begin()->first);
  EXPECT_TRUE(net.west_host.out.empty());
  EXPECT_EQ(net.west_host.engine.statistics().inbound_spis, 1u);
}

TEST(ReplaysV1, OfOwnMessagesThrownBackAreNotTakenForThePeers) {
  Recorded net;
  net.east_host.out.clear();
  for (const Datagram& message : net.from_east(wire::ExchangeType::quick_mode)) {
    net.east_host.feed(Datagram{
        .stack = net.east_host.stack(), .local = message.remote, .remote = message.local, .octets = message.octets});
  }
  EXPECT_EQ(net.east_host.installed.size(), 1u);
  EXPECT_TRUE(net.east_host.out.empty());
}

TEST(ReplaysV1, OfAnInformationalMoveNobody) {
  Side a = v1_east(), b = v1_west();
  a.allow_nat = b.allow_nat = true;
  V1Pair net{a, b};
  net.install();
  net.begin();
  Datagram last;                              // of east's, as it came to west
  const auto nat = [&](Datagram& datagram) {  // that changes the port alone
    if (datagram.stack == net.west_host.stack()) {
      datagram.remote.port = static_cast<std::uint16_t>(datagram.remote.port + 20000);
      if (exchange_of(datagram) == wire::ExchangeType::informational_v1) last = datagram;
    } else if (datagram.local.port > 20000) {
      datagram.local.port = static_cast<std::uint16_t>(datagram.local.port - 20000);
    }
    return true;
  };
  net.settle(nat);
  Host& west = net.west_host;
  ASSERT_EQ(west.installed.size(), 1u) << told(net);
  // West asks, and east answers: an Informational exchange that proves a living peer once.
  west.feed(contract::PeerMoved{west.stack(), west.installed.begin()->first, net.carried.back().remote});
  net.east_host.feed(RefreshDynamicTunnel{net.east_host.stack(), std::nullopt});
  net.settle(nat);
  for (int i = 0; i < 20 && last.octets.empty(); ++i) {  // the Delete of the older pair
    for (Host* host : {&net.east_host, &net.west_host}) host->pass_time_to(host->now + Seconds{1});
    net.settle(nat);
  }
  ASSERT_FALSE(last.octets.empty());
  const Endpoint before = west.ike().front().remote;
  last.remote.port = 9999;
  west.moved.clear();
  west.feed(Datagram{last});
  EXPECT_EQ(west.ike().front().remote, before);
  EXPECT_TRUE(west.moved.empty());
}

TEST(ReplaysV1, OfARefusalEndNoLaterQuickMode) {
  Side a = v1_east();
  a.net = "10.9.0.0";
  V1Pair net{a, v1_west()};
  net.install();
  net.begin();
  Datagram refusal;
  net.settle([&](Datagram& datagram) {
    if (datagram.stack == net.east_host.stack() && exchange_of(datagram) == wire::ExchangeType::informational_v1) {
      refusal = datagram;
    }
    return true;
  });
  ASSERT_FALSE(refusal.octets.empty());
  ASSERT_TRUE(net.east_host.children().empty());
  net.begin();
  ASSERT_FALSE(net.east_host.out.empty()) << "message 1 of another quick mode";
  ASSERT_EQ(net.east_host.children().size(), 1u);
  net.east_host.feed(Datagram{refusal});
  EXPECT_EQ(net.east_host.children().size(), 1u) << net.east_host.told();
}

TEST(ForgeriesV1, WearNoSaOut) {
  V1Pair net{v1_east(),
             v1_west(),
             {.ike_lifesize = 10},
             {.ike_lifesize = 10, .lifesize_accepted = policy::LifesizeLimits{1, 1000}}};
  net.east_v1.lifesize_accepted = policy::LifesizeLimits{1, 1000};
  std::optional<Datagram> quick_mode;
  net.install();
  net.begin();
  net.settle([&](Datagram& datagram) {
    if (datagram.stack == net.west_host.stack() && exchange_of(datagram) == wire::ExchangeType::quick_mode) {
      quick_mode = datagram;
    }
    return true;
  });
  ASSERT_EQ(net.west_host.installed.size(), 1u) << told(net);
  Datagram forged = *quick_mode;
  for (std::uint32_t i = 0; i < 200; ++i) {            // of more than ten Kbytes in all
    forged.octets[20] = static_cast<std::uint8_t>(i);  // the message ID
    forged.octets.back() = static_cast<std::uint8_t>(i);
    net.west_host.feed(Datagram{forged});
  }
  EXPECT_EQ(net.west_host.installed.size(), 1u) << net.west_host.told();
  EXPECT_EQ(net.west_host.ike().size(), 1u);
}

TEST(ForgeriesV1, OfAProofInClearLeaveTheWayToTheRightOne) {
  V1Pair net{v1_east(), v1_west(), {.how = policy::HowToInitiate::aggressive}};
  net.install();
  net.begin();
  bool is_forged = false;
  net.settle([&](Datagram& datagram) {
    const auto header = wire::v1::Header::parse(datagram.octets);
    const bool is_proof = header && header->exchange == wire::ExchangeType::aggressive && header->is_encrypted;
    if (!is_proof || is_forged) return true;
    is_forged = true;
    wire::v1::Header clear = *header;
    clear.is_encrypted = false;
    wire::v1::Payloads payloads;
    payloads.add(wire::v1::Hash{ByteString(32, 0x5a)});
    net.west_host.feed(Datagram{.stack = datagram.stack,
                                .local = datagram.local,
                                .remote = datagram.remote,
                                .octets = wire::v1::build_message(clear, payloads)});
    return true;
  });
  EXPECT_TRUE(is_forged);
  expect_one_v1_tunnel(net);
}

}  // namespace
}  // namespace adit::ike
