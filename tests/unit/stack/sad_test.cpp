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
  cache.remember(a, 1, &sa);
  EXPECT_EQ(cache.find(a, 1), &sa);
  EXPECT_EQ(cache.find(a, 2), std::nullopt);
  EXPECT_EQ(cache.find(b, 1), std::nullopt);
  cache.remember(b, 1, nullptr);
  EXPECT_EQ(cache.find(b, 1), std::optional<OutboundSa*>{nullptr}) << "that there is none is known too";
  EXPECT_EQ(cache.find(a, 1), std::nullopt);
  cache.remember(a, 1, &other);
  EXPECT_EQ(cache.find(a, 1), &other);
}

}  // namespace
}  // namespace adit::stack
