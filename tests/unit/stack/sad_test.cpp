#include "stack/sad.h"

#include <gtest/gtest.h>

#include "two_ends.h"

namespace adit::stack {
namespace {

contract::InstallChildSa generation(std::uint64_t tunnel, std::uint32_t number) {
  contract::InstallChildSa install = install_message();
  install.name = {.tunnel = DynamicTunnelId{tunnel}, .generation = number};
  install.inbound_spi = InboundSpi{static_cast<std::uint32_t>(0x10000 * tunnel + number)};
  return install;
}

PacketSelectors flow(std::string_view source, std::string_view destination, std::uint16_t port = 80) {
  return {.source = address(source),
          .destination = address(destination),
          .protocol = IpProtocol::tcp,
          .source_port = 1024,
          .destination_port = port};
}

TEST(Sad, RefusesWhatItCannotHold) {
  const struct {
    const char* name;
    void (*change)(contract::InstallChildSa&);
    bool refused;
  } cases[] = {
      {"a second pair", [](contract::InstallChildSa&) {}, false},
      {"a name that is taken", [](contract::InstallChildSa& i) { i.name = {DynamicTunnelId{1}, 1}; }, true},
      {"an inbound SPI that is taken", [](contract::InstallChildSa& i) { i.inbound_spi = InboundSpi{0x10001}; }, true},
      {"a reserved inbound SPI", [](contract::InstallChildSa& i) { i.inbound_spi = InboundSpi{255}; }, true},
      {"a reserved outbound SPI", [](contract::InstallChildSa& i) { i.outbound_spi = OutboundSpi{0}; }, true},
      {"AH", [](contract::InstallChildSa& i) { i.transforms.protocol = contract::SaProtocol::ah; }, true},
      {"endpoints of two families", [](contract::InstallChildSa& i) { i.remote = address("fd00::1"); }, true},
      {"a short key", [](contract::InstallChildSa& i) { i.inbound.encryption = Secret{19}; }, true},
      {"no integrity", [](contract::InstallChildSa& i) { i.transforms.encryption = EncryptionId::aes_cbc; }, true},
  };
  for (const auto& [name, change, refused] : cases) {
    SCOPED_TRACE(name);
    Sad sad;
    ASSERT_FALSE(sad.add(generation(1, 1), at(Seconds{0})).refused);
    contract::InstallChildSa install = generation(2, 1);
    change(install);
    const auto result = sad.add(install, at(Seconds{0}));
    EXPECT_EQ(result.refused.has_value(), refused) << result.refused.value_or("");
    EXPECT_EQ(sad.size(), refused ? 1u : 2u);
    EXPECT_NE(sad.find_inbound(contract::SaProtocol::esp, InboundSpi{0x10001}), nullptr);
  }
}

TEST(Sad, FindsInboundSasBySpiUntilTheyAreRemoved) {
  Sad sad;
  ASSERT_FALSE(sad.add(generation(1, 1), at(Seconds{0})).refused);
  EXPECT_NE(sad.find_inbound(contract::SaProtocol::esp, InboundSpi{0x10001}), nullptr);
  EXPECT_EQ(sad.find_inbound(contract::SaProtocol::ah, InboundSpi{0x10001}), nullptr);
  EXPECT_EQ(sad.find_inbound(contract::SaProtocol::esp, InboundSpi{0x10002}), nullptr);
  EXPECT_TRUE(sad.remove({DynamicTunnelId{1}, 1}));
  EXPECT_FALSE(sad.remove({DynamicTunnelId{1}, 1}));
  EXPECT_EQ(sad.find_inbound(contract::SaProtocol::esp, InboundSpi{0x10001}), nullptr);
  EXPECT_FALSE(sad.add(generation(1, 1), at(Seconds{0})).refused) << "its SPI is free again";
}

TEST(Sad, SendsOnTheNewestGeneration) {
  Sad sad;
  const PacketSelectors packet = flow("10.1.0.1", "10.2.0.1");
  EXPECT_EQ(sad.find_outbound(packet), nullptr);
  for (const std::uint32_t number : {1u, 3u, 2u}) ASSERT_FALSE(sad.add(generation(1, number), at(Seconds{0})).refused);
  const auto generation_of = [&](const OutboundSa* sa) { return sa == nullptr ? 0u : sa->pair->name.generation; };
  EXPECT_EQ(generation_of(sad.find_outbound(packet)), 3u);
  EXPECT_EQ(generation_of(sad.find_outbound(packet)), 3u) << "remembered";
  sad.remove({DynamicTunnelId{1}, 3});
  EXPECT_EQ(generation_of(sad.find_outbound(packet)), 2u) << "what was remembered is void";
  sad.remove({DynamicTunnelId{1}, 2});
  EXPECT_EQ(generation_of(sad.select_outbound(packet, "rule")), 1u);
  EXPECT_EQ(sad.select_outbound(packet, "another rule"), nullptr);
}

contract::InstallChildSa awaiting(std::uint32_t number) {
  contract::InstallChildSa install = generation(1, number);
  install.sending = contract::SendingBegins::when_peer_is_ready;
  return install;
}

contract::InstallChildSa awaiting_word(std::uint32_t number) {
  contract::InstallChildSa install = generation(1, number);
  install.sending = contract::SendingBegins::when_told;
  return install;
}

/// One tunnel through what happens to it; after each step, the generation that sends.
struct Tunnel {
  Sad sad;
  const PacketSelectors packet = flow("10.1.0.1", "10.2.0.1");

  std::uint32_t add(const contract::InstallChildSa& install) {
    EXPECT_EQ(sad.add(install, at(Seconds{0})).refused, std::nullopt);
    return sending();
  }
  std::uint32_t remove(std::uint32_t number) {
    EXPECT_TRUE(sad.remove({DynamicTunnelId{1}, number}));
    return sending();
  }
  std::uint32_t retire(std::uint32_t number) {
    EXPECT_TRUE(sad.retire({DynamicTunnelId{1}, number}));
    return sending();
  }
  std::uint32_t tell(std::uint32_t number) {
    EXPECT_TRUE(sad.begin_sending(contract::ChildSaName{DynamicTunnelId{1}, number}));
    return sending();
  }
  /// As the Decapsulator does with the first packet.
  std::uint32_t hear(std::uint32_t number) {
    sad.begin_sending(*find_inbound(number)->pair);
    return sending();
  }
  InboundSa* find_inbound(std::uint32_t number) {
    return sad.find_inbound(contract::SaProtocol::esp, generation(1, number).inbound_spi);
  }
  std::uint32_t sending() {
    OutboundSa* remembered = sad.find_outbound(packet);
    EXPECT_EQ(remembered, sad.select_outbound(packet, "rule")) << "the flow's memory is behind";
    return remembered == nullptr ? 0 : remembered->pair->name.generation;
  }
};

TEST(Sad, LetsAPairThatAwaitsThePeerReceiveButNotSend) {  // RFC 7296 §2.8
  Tunnel tunnel;
  EXPECT_EQ(tunnel.add(generation(1, 1)), 1u);
  EXPECT_EQ(tunnel.add(awaiting(2)), 1u);
  EXPECT_NE(tunnel.find_inbound(2), nullptr);
  EXPECT_EQ(tunnel.hear(2), 2u);
  EXPECT_EQ(tunnel.remove(1), 2u);
  EXPECT_EQ(tunnel.remove(2), 0u);
}

TEST(Sad, SendsOnAPairThatAwaitsThePeerWhenNoOtherIsLeft) {
  Tunnel tunnel;
  EXPECT_EQ(tunnel.add(awaiting(1)), 1u) << "the only pair there is";
  EXPECT_EQ(tunnel.add(awaiting(2)), 1u) << "the first sends by now";
  EXPECT_EQ(tunnel.add(awaiting(3)), 1u);
  EXPECT_EQ(tunnel.remove(1), 2u) << "of those that stand by, the one that the peer has had longest";
  EXPECT_EQ(tunnel.add(awaiting(4)), 2u);
  EXPECT_EQ(tunnel.retire(3), 2u);
  EXPECT_EQ(tunnel.remove(2), 4u) << "better than one that was retired";
}

TEST(Sad, SendsOnAPairThatAwaitsTheWordOnlyWhenToldOrHeardOn) {  // RFC 2409 §5.5
  Tunnel told;
  EXPECT_EQ(told.add(awaiting_word(1)), 0u) << "though it is the only one";
  EXPECT_NE(told.find_inbound(1), nullptr);
  EXPECT_EQ(told.tell(1), 1u);
  EXPECT_EQ(told.add(awaiting_word(2)), 1u);
  EXPECT_EQ(told.retire(1), 1u) << "better than one that the peer may not have";
  EXPECT_EQ(told.hear(2), 2u);
  EXPECT_EQ(told.tell(1), 2u) << "what was retired stays so";
  EXPECT_FALSE(told.sad.begin_sending(contract::ChildSaName{DynamicTunnelId{1}, 3}));
}

TEST(Sad, SendsOnAPairThatStandsInOnlyUntilAnotherBegins) {  // RFC 7296 §2.8
  Tunnel tunnel;
  EXPECT_EQ(tunnel.add(generation(1, 1)), 1u);
  EXPECT_EQ(tunnel.add(awaiting(4)), 1u);
  EXPECT_EQ(tunnel.remove(1), 4u) << "there is no other, though the peer may not have it";
  EXPECT_EQ(tunnel.add(generation(1, 3)), 3u) << "the peer has that one";
  EXPECT_EQ(tunnel.hear(4), 4u);
}

TEST(InboundSa, AnswersOnItsFirstCacheLineWhetherItsPairAwaitsThePeer) {
  const InboundSa sa{AntiReplayWindow::Numbers::plain};
  const auto place = [](const auto& member) { return reinterpret_cast<std::uintptr_t>(&member); };
  EXPECT_LT(place(sa.sending) - place(sa), cache_line) << "every packet that comes in asks";
}

TEST(Sad, KeepsTunnelsApartWhenItChoosesWhoSends) {
  Sad sad;
  for (const auto& install : {generation(2, 1), awaiting(1)}) ASSERT_FALSE(sad.add(install, at(Seconds{0})).refused);
  ASSERT_FALSE(sad.add(awaiting(2), at(Seconds{0})).refused);
  sad.remove({DynamicTunnelId{2}, 1});
  const OutboundSa* sa = sad.find_outbound(flow("10.1.0.1", "10.2.0.1"));
  ASSERT_NE(sa, nullptr);
  EXPECT_EQ(sa->pair->name, (contract::ChildSaName{DynamicTunnelId{1}, 1})) << "another tunnel's end is not its own";
}

TEST(Sad, PrefersTheNewestOfThoseThatSend) {
  Tunnel tunnel;
  EXPECT_EQ(tunnel.add(generation(1, 3)), 3u);
  EXPECT_EQ(tunnel.add(awaiting(4)), 3u);
  EXPECT_EQ(tunnel.add(awaiting(2)), 3u);
  EXPECT_EQ(tunnel.hear(2), 3u) << "an older one that begins changes nothing";
  EXPECT_EQ(tunnel.hear(4), 4u);
  EXPECT_EQ(tunnel.remove(4), 3u);
  EXPECT_EQ(tunnel.remove(3), 2u);
}

TEST(Sad, StaysInOrderWhenAnotherTunnelCameBetween) {
  Tunnel tunnel;
  EXPECT_EQ(tunnel.add(generation(1, 3)), 3u);
  ASSERT_FALSE(tunnel.sad.add(generation(2, 1), at(Seconds{0})).refused);
  EXPECT_EQ(tunnel.add(generation(1, 4)), 4u);
  EXPECT_EQ(tunnel.add(generation(1, 2)), 4u);
  ASSERT_TRUE(tunnel.sad.remove({DynamicTunnelId{2}, 1}));
  EXPECT_EQ(tunnel.remove(4), 3u);
}

TEST(Sad, ARetiredPairReceivesAndLeavesSendingToTheOthers) {  // RFC 7296 §2.8.1
  Tunnel tunnel;
  EXPECT_FALSE(tunnel.sad.retire({DynamicTunnelId{1}, 1}));
  EXPECT_EQ(tunnel.add(generation(1, 1)), 1u);
  EXPECT_EQ(tunnel.add(generation(1, 3)), 3u);
  EXPECT_EQ(tunnel.retire(3), 1u) << "the older one carries on";
  EXPECT_NE(tunnel.find_inbound(3), nullptr);
  EXPECT_EQ(tunnel.add(awaiting(2)), 1u);
  EXPECT_EQ(tunnel.remove(1), 2u) << "the winner of the crossed rekeys";
  EXPECT_EQ(tunnel.remove(3), 2u);
}

TEST(Sad, ARetiredPairSendsWhenItIsTheOnlyOne) {
  Tunnel tunnel;
  EXPECT_EQ(tunnel.add(generation(1, 1)), 1u);
  EXPECT_EQ(tunnel.retire(1), 1u);
  EXPECT_EQ(tunnel.add(awaiting(2)), 2u) << "no pair that sends by right is there: it need not wait";
  EXPECT_EQ(tunnel.retire(2), 2u) << "the newest of the retired";
  EXPECT_EQ(tunnel.remove(2), 1u);
  EXPECT_EQ(tunnel.add(generation(1, 3)), 3u);
  EXPECT_EQ(tunnel.remove(1), 3u);
}

TEST(Sad, LeavesAPairAtItsLimitForTheOneThatStandsBy) {
  Tunnel tunnel;
  contract::InstallChildSa first = generation(1, 1);
  first.lifetimes.hard = Seconds{100};
  EXPECT_EQ(tunnel.add(first), 1u);
  EXPECT_EQ(tunnel.add(awaiting(2)), 1u);
  EXPECT_EQ(tunnel.sad.collect_limits(at(Seconds{100})).size(), 1u);
  EXPECT_EQ(tunnel.sending(), 2u);
}

TEST(Sad, SendsOnlyWhatTheSelectorsCarry) {
  Sad sad;
  contract::InstallChildSa install = generation(1, 1);
  install.local_ts = {{.addresses = IpRange::of_prefix(address("10.1.0.0"), 16)}};
  install.remote_ts = {{.protocol = IpProtocol::tcp,
                        .ports = PortRange::of(80),
                        .addresses = IpRange::of_prefix(address("10.2.0.0"), 16)}};
  ASSERT_FALSE(sad.add(install, at(Seconds{0})).refused);
  EXPECT_NE(sad.find_outbound(flow("10.1.2.3", "10.2.3.4")), nullptr);
  EXPECT_EQ(sad.find_outbound(flow("10.1.2.3", "10.2.3.4", 81)), nullptr);
  EXPECT_EQ(sad.find_outbound(flow("10.2.3.4", "10.1.2.3")), nullptr);
  EXPECT_EQ(sad.find_outbound(flow("fd00::1", "fd00::2")), nullptr);
  PacketSelectors hidden = flow("10.1.2.3", "10.2.3.4");
  hidden.ports_hidden = true;
  EXPECT_EQ(sad.find_outbound(hidden), nullptr) << "the flow with ports was remembered, this is another";
}

// Shows RFC 7296 2.8-1.
TEST(Sad, RemovesAPairWhenItsTimeIsOver) {
  Sad sad;
  contract::InstallChildSa install = generation(1, 1);
  install.lifetimes.hard = Seconds{100};
  ASSERT_FALSE(sad.add(install, at(Seconds{50})).refused);
  EXPECT_TRUE(sad.collect_limits(at(Seconds{149})).empty());
  const auto reached = sad.collect_limits(at(Seconds{150}));
  ASSERT_EQ(reached.size(), 1u);
  EXPECT_TRUE(reached[0].limit.hard);
  EXPECT_EQ(reached[0].limit.name, install.name);
  EXPECT_EQ(sad.size(), 0u);
}

TEST(Sad, AsksForARekeyBeforeTheNumbersEnd) {
  TwoEnds ends;
  ends.a.out().sequence = UINT32_MAX - sequence_reserve - 1;
  EXPECT_TRUE(ends.a.sad.collect_limits(at(Seconds{1})).empty());
  OwnedPacket packet{udp_packet("10.0.0.1", "10.0.0.2", 1)};
  ASSERT_EQ(ends.a.send(packet).drop, Drop::none);
  EXPECT_EQ(ends.a.sad.collect_limits(at(Seconds{1})).size(), 1u);
  EXPECT_TRUE(ends.a.sad.collect_limits(at(Seconds{2})).empty()) << "reported once";
  EXPECT_EQ(ends.a.sad.size(), 1u);
}

// Shows RFC 7296 2.23-16.
TEST(Sad, LetsAPeerMoveOnlyToWhereItCanBeReached) {  // RFC 7296 §2.23
  const Endpoint elsewhere{address("198.51.100.7"), 62000};
  const struct {
    const char* name;
    bool is_udp;
    Endpoint to;
    bool moves;
  } cases[] = {
      {"behind its NAT", true, elsewhere, true},
      {"to another family, whose header the SA cannot write", true, {address("fd00::7"), 62000}, false},
      {"to no port", true, {elsewhere.address, 0}, false},
      {"without UDP encapsulation", false, elsewhere, false},
  };
  for (const auto& [name, is_udp, to, moves] : cases) {
    SCOPED_TRACE(name);
    contract::InstallChildSa install = generation(1, 1);
    if (is_udp) install.udp.emplace();
    End end{install};
    const Endpoint before = end.out().remote;
    EXPECT_EQ(end.sad.move_peer(install.name, to), moves);
    EXPECT_EQ(end.out().remote, moves ? to : before);
    EXPECT_EQ(end.in().remote, moves ? to : before);
  }
}

TEST(FlowCache, ForgetsWithTheEpochAndWhenItsPlaceIsTaken) {
  FlowCache cache{1};
  OutboundSa sa, other;
  const PacketSelectors a = flow("10.1.0.1", "10.2.0.1"), b = flow("10.1.0.1", "10.2.0.2");
  EXPECT_EQ(cache.find(a, 1), std::nullopt);
  cache.remember(a, 1, {.sa = &sa});
  EXPECT_EQ(cache.find(a, 1), FlowCache::Found{.sa = &sa});
  EXPECT_EQ(cache.find(a, 2), std::nullopt);
  EXPECT_EQ(cache.find(b, 1), std::nullopt);
  cache.remember(b, 1, {});
  EXPECT_EQ(cache.find(b, 1), FlowCache::Found{}) << "that there is none is known too";
  EXPECT_EQ(cache.find(a, 1), std::nullopt);
  cache.remember(a, 1, {.sa = &other});
  EXPECT_EQ(cache.find(a, 1), FlowCache::Found{.sa = &other});
}

}  // namespace
}  // namespace adit::stack
