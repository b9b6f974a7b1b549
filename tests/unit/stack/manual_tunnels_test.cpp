#include "stack/manual_tunnels.h"

#include <set>

#include "stack/classifier.h"
#include "two_ends.h"

namespace adit::stack {
namespace {

/// Counts up: what is drawn twice differs.
struct Counting final : Random {
  void fill(MutableBytes octets) override {
    for (std::uint8_t& octet : octets) octet = ++last;
  }
  std::uint8_t last = 0;
};

policy::ManVpnAction action(std::string name, std::uint32_t spi) {
  policy::ManVpnAction made;
  made.name = std::move(name);
  made.local = address("192.0.2.1");
  made.remote = address("192.0.2.2");
  made.encryption = EncryptionId::aes_cbc;
  made.key_bits = 128;
  made.integrity = IntegrityId::hmac_sha1_96;
  made.inbound_spi = InboundSpi{spi};
  made.outbound_spi = OutboundSpi{spi};
  made.inbound = made.outbound = {.encryption = Secret{ByteString(16, 1)}, .integrity = Secret{ByteString(20, 2)}};
  return made;
}

policy::Filter rule_to(const policy::ManVpnAction& action, policy::Direction direction = policy::Direction::outbound) {
  policy::Filter filter;
  filter.rule = "rule of " + action.name;
  filter.direction = direction;
  filter.source = filter.destination = IpRange::all(IpFamily::v4);
  filter.action = policy::FilterAction::ipsec;
  filter.manual = std::make_shared<const policy::ManVpnAction>(action);
  return filter;
}

policy::FilterPolicy policy_of(const std::vector<policy::ManVpnAction>& actions) {
  policy::FilterPolicy policy;
  for (const policy::ManVpnAction& one : actions) policy.filters.push_back(rule_to(one));
  return policy;
}

struct Tunnels : testing::Test {
  Counting random;
  ManualTunnels tunnels{StackName{"east"}, random};

  std::vector<std::string> follow(const std::vector<policy::ManVpnAction>& actions) {
    std::vector<std::string> begun;
    for (const auto& pair : tunnels.follow(policy_of(actions), at(Seconds{0}))) begun.push_back(pair.vpn_action);
    return begun;
  }
  ManualTunnelId id(std::string_view name) { return tunnels.find(name)->id; }
};

TEST_F(Tunnels, BeginWithThePolicyUnlessItSaysActiveNo) {
  policy::ManVpnAction idle = action("idle", 300);
  idle.active = false;
  EXPECT_EQ(follow({action("a", 301), idle}), std::vector<std::string>{"a"});
  EXPECT_TRUE(tunnels.find("a")->is_active);
  EXPECT_FALSE(tunnels.find("idle")->is_active);
  EXPECT_EQ(id("a"), ManualTunnelId{1});
  EXPECT_EQ(id("idle"), ManualTunnelId{2});
}

TEST_F(Tunnels, StayAsTheyAreOverAPolicyThatHasTheSame) {
  follow({action("a", 300), action("b", 301)});
  ASSERT_TRUE(tunnels.deactivate(id("b")));
  policy::ManVpnAction moved = action("a", 300);
  moved.at.line = 77;
  const policy::FilterPolicy next = policy_of({action("b", 301), moved});
  EXPECT_TRUE(tunnels.ended_by(next).empty());
  EXPECT_TRUE(tunnels.follow(next, at(Seconds{0})).empty());
  EXPECT_TRUE(tunnels.find("a")->is_active);
  EXPECT_FALSE(tunnels.find("b")->is_active) << "what the operator ended stays ended";
  EXPECT_EQ(id("a"), ManualTunnelId{1});
  EXPECT_EQ(tunnels.find("a")->action->at.line, 77u);
}

TEST_F(Tunnels, EndBeforeAPolicyThatHasThemNoMoreOrOthersOfTheirName) {
  follow({action("goes", 300), action("changes", 301), action("stays", 302)});
  const policy::FilterPolicy next = policy_of({action("changes", 400), action("stays", 302)});
  EXPECT_EQ(tunnels.ended_by(next), (std::vector{id("goes"), id("changes")}));
  const contract::ChildSaName before = tunnels.find("changes")->name();
  const auto begun = tunnels.follow(next, at(Seconds{0}));
  ASSERT_EQ(begun.size(), 1u);
  EXPECT_EQ(begun[0].inbound_spi, InboundSpi{400});
  EXPECT_EQ(begun[0].name.tunnel, before.tunnel);
  EXPECT_GT(begun[0].name.generation, before.generation);
  EXPECT_EQ(tunnels.find("goes"), nullptr);
}

TEST_F(Tunnels, AreNotInstalledWhileTheirTimeConditionDoesNotHold) {
  policy::ManVpnAction later = action("later", 300);
  later.is_installed = false;
  EXPECT_TRUE(follow({later}).empty());
  EXPECT_EQ(tunnels.find("later"), nullptr);
  later.is_installed = true;
  EXPECT_EQ(follow({later}), std::vector<std::string>{"later"});
}

TEST_F(Tunnels, AreActivatedAndDeactivatedOnce) {
  follow({action("a", 300)});
  EXPECT_FALSE(tunnels.activate(id("a"), at(Seconds{0}))) << "it is active";
  const contract::ChildSaName first = tunnels.find("a")->name();
  EXPECT_EQ(tunnels.deactivate(id("a"))->name, first);
  EXPECT_FALSE(tunnels.deactivate(id("a")));
  const auto again = tunnels.activate(id("a"), at(Seconds{0}));
  ASSERT_TRUE(again);
  EXPECT_FALSE(tunnels.note_end(first)) << "a late word of the first does not end the second";
  EXPECT_TRUE(tunnels.find("a")->is_active);
  EXPECT_TRUE(tunnels.note_end(again->name));
  EXPECT_FALSE(tunnels.find("a")->is_active);
  EXPECT_FALSE(tunnels.activate(ManualTunnelId{9}, at(Seconds{0})));
}

TEST_F(Tunnels, AreInstalledAsTheActionSays) {
  policy::ManVpnAction tunnel = action("a", 300);
  tunnel.lifetime = Minutes{2};
  tunnel.lifesize_kbytes = 3;
  tunnel.df = policy::DfSetting::set;
  tunnel.copy_dscp = false;
  tunnel.remote.reset();
  const auto pairs = tunnels.follow(policy_of({tunnel}), at(Seconds{10}));
  ASSERT_EQ(pairs.size(), 1u);
  const contract::InstallChildSa& pair = pairs[0];
  EXPECT_TRUE(pair.name.is_manual());
  EXPECT_EQ(pair.transforms.to_string(), "ESP AES_CBC-128 HMAC_SHA1_96");
  EXPECT_FALSE(pair.anti_replay);
  EXPECT_EQ(pair.local, address("192.0.2.1"));
  EXPECT_EQ(pair.remote, address("0.0.0.0")) << "each packet's own";
  EXPECT_EQ(pair.lifetimes.hard, Seconds{120});
  EXPECT_EQ(pair.lifetimes.hard_octets, 3072u);
  EXPECT_EQ(pair.df, contract::DfPolicy::set);
  EXPECT_FALSE(pair.copy_dscp);
  EXPECT_EQ(tunnels.find("a")->expires, at(Seconds{130}));
  tunnels.deactivate(id("a"));
  EXPECT_NE(tunnels.activate(id("a"), at(Seconds{0}))->iv_seed, pair.iv_seed)
      << "the key comes twice, its IVs must not";
}

/// The pair of a manual tunnel, for both ends.
contract::InstallChildSa manual_pair(const policy::ManVpnAction& action) {
  Counting random;
  ManualTunnels tunnels{StackName{"east"}, random};
  return tunnels.follow(policy_of({action}), at(Seconds{0})).at(0);
}

TEST(ManualPair, TakesEverySequenceNumberHoweverOften) {  // RFC 4303 §3.4.3
  const contract::InstallChildSa install = manual_pair(action("a", 300));
  Sad sad;
  DropCounters drops;
  ASSERT_EQ(sad.add(install, at(Seconds{0})).refused, std::nullopt);
  Encapsulator encapsulator{drops};
  Decapsulator decapsulator{sad, drops};
  OutboundSa& out = const_cast<ChildSa*>(sad.find(install.name))->outbound;
  OwnedPacket packet{udp_packet("10.1.0.1", "10.2.0.1", 10)};
  OutboundPacket sent{.packet = &packet.buffer, .sa = &out};
  encapsulator.run({&sent, 1});
  ASSERT_EQ(sent.drop, Drop::none);
  for (int i = 0; i < 3; ++i) {
    OwnedPacket copy{packet.buffer.octets()};  // both ends have one SPI and one key here
    InboundPacket received{.packet = &copy.buffer,
                           .outer = {.source = {.address = out.remote.address}, .destination = out.local}};
    decapsulator.run({&received, 1}, at(Seconds{1}));
    EXPECT_EQ(received.drop, Drop::none) << i;
  }
}

TEST(ManualPair, CountsOnAfterTheLastSequenceNumberWithOtherIvs) {  // RFC 4303 §3.3.3
  const contract::InstallChildSa install = manual_pair(action("a", 300));
  Sad sad;
  DropCounters drops;
  ASSERT_EQ(sad.add(install, at(Seconds{0})).refused, std::nullopt);
  Encapsulator encapsulator{drops};
  OutboundSa& out = const_cast<ChildSa*>(sad.find(install.name))->outbound;
  std::set<std::string> ivs;
  const auto send = [&] {
    OwnedPacket packet{udp_packet("10.1.0.1", "10.2.0.1", 10)};
    OutboundPacket sent{.packet = &packet.buffer, .sa = &out};
    encapsulator.run({&sent, 1});
    EXPECT_EQ(sent.drop, Drop::none);
    const ByteString octets = packet.octets();
    ivs.emplace(octets.begin() + 8, octets.begin() + 24);
    return load_u32(octets.data() + 4);
  };
  EXPECT_EQ(send(), 1u);
  out.sequence = UINT32_MAX - 1;
  EXPECT_EQ(send(), UINT32_MAX);
  EXPECT_EQ(send(), 0u);
  EXPECT_EQ(send(), 1u);
  EXPECT_EQ(ivs.size(), 4u) << "the number comes again, its IV does not";
  EXPECT_TRUE(sad.collect_limits(at(Seconds{100})).empty());
}

TEST(ManualPair, OfTheSameKeyHasOtherIvsWhenItBeginsAgain) {
  Counting random;
  ManualTunnels tunnels{StackName{"east"}, random};
  std::set<std::string> ivs;
  auto pair = tunnels.follow(policy_of({action("a", 300)}), at(Seconds{0})).at(0);
  for (int i = 0; i < 3; ++i) {
    Sad sad;
    DropCounters drops;
    ASSERT_EQ(sad.add(pair, at(Seconds{0})).refused, std::nullopt);
    OwnedPacket packet{udp_packet("10.1.0.1", "10.2.0.1", 10)};
    OutboundPacket sent{.packet = &packet.buffer, .sa = &const_cast<ChildSa*>(sad.find(pair.name))->outbound};
    Encapsulator{drops}.run({&sent, 1});
    const ByteString octets = packet.octets();
    ivs.emplace(octets.begin() + 8, octets.begin() + 24);
    tunnels.deactivate(pair.name.manual_tunnel());
    pair = *tunnels.activate(pair.name.manual_tunnel(), at(Seconds{0}));
  }
  EXPECT_EQ(ivs.size(), 3u);
}

/// AH of SPI 700 around ESP.
policy::ManVpnAction bundle_action(std::string name, std::uint32_t spi) {
  policy::ManVpnAction made = action(std::move(name), spi);
  made.ah = true;
  made.around_esp = {.inbound = InboundSpi{700}, .outbound = OutboundSpi{700}};
  return made;
}

TEST(ManualPair, OfAhWithEncryptionIsAhAroundEsp) {
  const contract::InstallChildSa install = manual_pair(bundle_action("a", 300));
  EXPECT_EQ(install.transforms.to_string(), "AH HMAC_SHA1_96 around ESP AES_CBC-128");
  EXPECT_EQ(install.inbound_spi, InboundSpi{300});
  EXPECT_TRUE(install.inbound.integrity.empty());
  ASSERT_TRUE(install.ah);
  EXPECT_EQ(install.ah->outbound_spi, OutboundSpi{700});
  EXPECT_EQ(SecretView{install.ah->inbound}, SecretView{Secret{ByteString(20, 2)}});

  Sad sad;
  DropCounters drops;
  ASSERT_EQ(sad.add(install, at(Seconds{0})).refused, std::nullopt);
  ChildSa& pair = const_cast<ChildSa&>(*sad.find(install.name));
  pair.outbound.sequence = pair.around->outbound.sequence = UINT32_MAX;  // both begin again (RFC 4302 §3.3.2)
  OwnedPacket packet{udp_packet("10.1.0.1", "10.2.0.1", 10)};
  OutboundPacket sent{.packet = &packet.buffer, .sa = &pair.outbound};
  Encapsulator{drops}.run({&sent, 1});
  ASSERT_EQ(sent.drop, Drop::none);
  const ByteString octets = packet.octets();
  EXPECT_EQ(load_u32(&octets[20 + 4]), 700u);
  EXPECT_EQ(load_u32(&octets[20 + 8]), 0u);
  EXPECT_EQ(load_u32(&octets[20 + 24]), 300u);
  EXPECT_EQ(load_u32(&octets[20 + 28]), 0u);
  for (int i = 0; i < 2; ++i) {  // no anti-replay of either
    OwnedPacket arriving{octets};
    InboundPacket in{.packet = &arriving.buffer, .protocol = contract::SaProtocol::ah, .outer = {}};
    Decapsulator{sad, drops}.run({&in, 1}, at(Seconds{1}));
    EXPECT_EQ(in.drop, Drop::none) << to_string(in.drop);
    EXPECT_EQ(arriving.octets(), udp_packet("10.1.0.1", "10.2.0.1", 10));
  }
}

TEST(ManualPair, OfAnyEndsHasThePacketsAddressesOutside) {
  enum class Form : std::uint8_t { esp, ah, ah_around_esp };
  for (const auto how : {policy::EncapsulationChoice::tunnel, policy::EncapsulationChoice::transport}) {
    for (const Form form : {Form::esp, Form::ah, Form::ah_around_esp}) {
      SCOPED_TRACE(static_cast<int>(form));
      policy::ManVpnAction tunnel = form == Form::ah_around_esp ? bundle_action("a", 300) : action("a", 300);
      tunnel.how_to_encap = how;
      tunnel.local.reset();
      tunnel.remote.reset();
      if (form == Form::ah) {
        tunnel.ah = true;
        tunnel.encryption = EncryptionId::none;
        tunnel.key_bits = 0;
        tunnel.inbound.encryption = tunnel.outbound.encryption = {};
      }
      const contract::InstallChildSa install = manual_pair(tunnel);
      Sad sad;
      DropCounters drops;
      ASSERT_EQ(sad.add(install, at(Seconds{0})).refused, std::nullopt);
      OutboundSa& out = const_cast<ChildSa*>(sad.find(install.name))->outbound;
      Encapsulator encapsulator{drops};
      OwnedPacket packet{udp_packet("10.1.0.1", "10.2.0.1", 10)}, v6{udp_packet("fd00::1", "fd00::2", 10)};
      OutboundPacket sent{.packet = &packet.buffer, .sa = &out}, other{.packet = &v6.buffer, .sa = &out};
      encapsulator.run({&sent, 1});
      ASSERT_EQ(sent.drop, Drop::none);
      EXPECT_EQ(sent.outer.source, address("10.1.0.1"));
      EXPECT_EQ(sent.outer.destination, address("10.2.0.1"));
      if (form == Form::ah_around_esp) {
        EXPECT_EQ(IpHeader::read(packet.octets())->next_header, NextHeader::ah);
        EXPECT_EQ(load_u32(&packet.octets()[12]), 0x0a010001u);
      }
      encapsulator.run({&other, 1});
      EXPECT_EQ(other.drop, Drop::unsupported_header);
    }
  }
}

TEST(ManualPair, IsOfTheRulesThatNameItsActionAndOfNoOthers) {
  const policy::ManVpnAction tunnel = action("rule", 300);  // the name of the dynamic pair's rule
  Sad sad;
  contract::InstallChildSa dynamic = install_message();
  ASSERT_EQ(sad.add(dynamic, at(Seconds{0})).refused, std::nullopt);
  ASSERT_EQ(sad.add(manual_pair(tunnel), at(Seconds{0})).refused, std::nullopt);
  const ChildSa* pairs[] = {sad.find(dynamic.name), sad.find(contract::ChildSaName::manual(ManualTunnelId{1}, 1))};
  ASSERT_NE(pairs[1], nullptr) << "M1 is not Y1";
  policy::Filter by_keys = rule_to(tunnel), by_keys_in = rule_to(tunnel, policy::Direction::inbound);
  policy::Filter negotiated = by_keys, negotiated_in = by_keys_in;
  by_keys.destination = by_keys_in.source = IpRange::of(address("10.2.0.1"));
  negotiated.rule = negotiated_in.rule = "rule";
  negotiated.manual = negotiated_in.manual = nullptr;
  auto policy = std::make_shared<policy::FilterPolicy>();
  policy->filters = {by_keys, by_keys_in, negotiated, negotiated_in};
  Classifier classifier{sad};
  classifier.set_policy(std::make_shared<const policy::FilterIndex>(policy));
  const policy::PacketPath out{.direction = policy::Direction::outbound};
  const auto flow = [](const char* source, const char* destination) {
    return PacketSelectors{.source = address(source), .destination = address(destination), .protocol = 17};
  };
  EXPECT_EQ(classifier.outbound(flow("10.1.0.1", "10.2.0.1"), out).sa, &pairs[1]->outbound);
  EXPECT_EQ(classifier.outbound(flow("10.1.0.1", "10.2.0.2"), out).sa, &pairs[0]->outbound);
  EXPECT_EQ(classifier.inbound(flow("10.2.0.1", "10.1.0.1"), pairs[1]->inbound, 0), Admission::allowed);
  EXPECT_EQ(classifier.inbound(flow("10.2.0.1", "10.1.0.1"), pairs[0]->inbound, 0), Admission::refused);
  EXPECT_EQ(classifier.inbound(flow("10.2.0.2", "10.1.0.1"), pairs[1]->inbound, 0), Admission::refused);
  sad.remove(contract::ChildSaName::manual(ManualTunnelId{1}, 1));
  EXPECT_EQ(classifier.outbound(flow("10.1.0.1", "10.2.0.1"), out).sa, nullptr) << "no other pair stands in for it";
}

}  // namespace
}  // namespace adit::stack
