#include "base/traffic_selector.h"

#include <gtest/gtest.h>

namespace adit {
namespace {

IpAddress address(const char* text) { return *IpAddress::parse(text); }
TrafficSelector selector(std::uint8_t protocol, PortRange ports, const char* first, const char* last) {
  return {.protocol = protocol, .ports = ports, .addresses = {address(first), address(last)}};
}
const TrafficSelector net = selector(IpProtocol::any, PortRange::all(), "10.1.0.0", "10.1.255.255");
const TrafficSelector web = selector(IpProtocol::tcp, PortRange::of(80), "10.1.1.1", "10.1.1.1");

TEST(PortRange, OpaqueLiesInAllAndInItself) {  // RFC 7296 §3.13.1
  EXPECT_TRUE(PortRange::all().contains(PortRange::opaque()));
  EXPECT_TRUE(PortRange::opaque().contains(PortRange::opaque()));
  EXPECT_FALSE((PortRange{0, 65534}).contains(PortRange::opaque()));
  EXPECT_FALSE(PortRange::opaque().contains(PortRange::of(80)));
  EXPECT_FALSE(PortRange::opaque().contains(std::uint16_t{80}));
}

TEST(PortRange, IntersectionIsWhatBothHold) {
  const struct {
    PortRange a, b;
    std::optional<PortRange> want;
  } cases[] = {
      {{10, 20}, {15, 30}, PortRange{15, 20}},
      {{10, 20}, {20, 30}, PortRange{20, 20}},
      {{10, 19}, {20, 30}, std::nullopt},
      {PortRange::all(), {20, 30}, PortRange{20, 30}},
      {PortRange::all(), PortRange::opaque(), PortRange::opaque()},
      {PortRange::opaque(), PortRange::opaque(), PortRange::opaque()},
      {PortRange::of(80), PortRange::opaque(), std::nullopt},
  };
  for (const auto& [a, b, want] : cases) {
    EXPECT_EQ(a.intersection(b), want);
    EXPECT_EQ(b.intersection(a), want);
  }
}

TEST(TrafficSelector, NarrowsToTheCommonPart) {
  const struct {
    const char* name;
    TrafficSelector a, b;
    std::optional<TrafficSelector> want;
  } cases[] = {
      {"one in the other", net, web, web},
      {"the same", web, web, web},
      {"protocols that differ", web, selector(IpProtocol::udp, PortRange::of(80), "10.1.1.1", "10.1.1.1"),
       std::nullopt},
      {"addresses apart", net, selector(0, PortRange::all(), "10.2.0.0", "10.2.0.0"), std::nullopt},
      {"families that differ", net, selector(0, PortRange::all(), "::", "::1"), std::nullopt},
      {"ports apart", web, selector(IpProtocol::tcp, PortRange::of(81), "10.1.1.1", "10.1.1.1"), std::nullopt},
      {"crossing", net, selector(IpProtocol::tcp, {1, 9}, "10.1.255.0", "10.2.0.0"),
       selector(IpProtocol::tcp, {1, 9}, "10.1.255.0", "10.1.255.255")},
  };
  for (const auto& [name, a, b, want] : cases) {
    SCOPED_TRACE(name);
    EXPECT_EQ(a.intersection(b), want);
    EXPECT_EQ(b.intersection(a), want);
    EXPECT_TRUE(!want || (a.contains(*want) && b.contains(*want)));
  }
  EXPECT_TRUE(net.contains(web));
  EXPECT_FALSE(web.contains(net));
  EXPECT_FALSE(web.contains(selector(IpProtocol::any, PortRange::of(80), "10.1.1.1", "10.1.1.1")));
}

PacketSelectors packet(std::uint8_t protocol, std::uint16_t source_port, std::uint16_t destination_port) {
  return {.source = address("10.1.1.1"),
          .destination = address("10.2.2.2"),
          .protocol = protocol,
          .source_port = source_port,
          .destination_port = destination_port};
}
PacketSelectors later_fragment(std::uint8_t protocol) {
  PacketSelectors fragment = packet(protocol, 0, 0);
  fragment.ports_hidden = fragment.is_fragment = true;
  return fragment;
}

TEST(TrafficSelector, CoversAPacketsEnd) {  // RFC 4301 §4.4.1.1, §4.4.1.3
  using enum PacketEnd;
  constexpr std::uint8_t ah = IpProtocol::ah, icmp = IpProtocol::icmp, mobility = IpProtocol::mobility;
  constexpr std::uint16_t echo_request = 8 << 8, echo_reply = 0, binding_update = 5 << 8;
  const auto here = [](std::uint8_t protocol, PortRange ports) {
    return selector(protocol, ports, "10.1.0.0", "10.1.255.255");
  };
  const auto there = [](std::uint8_t protocol, PortRange ports) {
    return selector(protocol, ports, "10.2.0.0", "10.2.255.255");
  };
  const struct {
    const char* name;
    TrafficSelector selector;
    PacketSelectors packet;
    PacketEnd end;
    bool want;
  } cases[] = {
      {"everything of a net", here(0, PortRange::all()), packet(IpProtocol::udp, 53, 1024), source, true},
      {"the other end", here(0, PortRange::all()), packet(IpProtocol::udp, 53, 1024), destination, false},
      {"a fragment, all ports", here(IpProtocol::udp, PortRange::all()), later_fragment(IpProtocol::udp), source, true},
      {"its port", here(IpProtocol::tcp, PortRange::of(80)), packet(IpProtocol::tcp, 80, 1024), source, true},
      {"the port of the other end", there(IpProtocol::tcp, PortRange::of(80)), packet(IpProtocol::tcp, 80, 1024),
       destination, false},
      {"the first of a range", here(IpProtocol::tcp, {80, 90}), packet(IpProtocol::tcp, 80, 1), source, true},
      {"the last of a range", here(IpProtocol::tcp, {80, 90}), packet(IpProtocol::tcp, 90, 1), source, true},
      {"one past a range", here(IpProtocol::tcp, {80, 90}), packet(IpProtocol::tcp, 91, 1), source, false},
      {"one before a range", here(IpProtocol::tcp, {80, 90}), packet(IpProtocol::tcp, 79, 1), source, false},
      {"another protocol", here(IpProtocol::udp, PortRange::of(80)), packet(IpProtocol::tcp, 80, 1), source, false},
      {"a fragment, one port", here(IpProtocol::tcp, PortRange::of(80)), later_fragment(IpProtocol::tcp), source,
       false},
      {"a fragment, OPAQUE", here(IpProtocol::tcp, PortRange::opaque()), later_fragment(IpProtocol::tcp), source, true},
      {"ports, OPAQUE", here(IpProtocol::tcp, PortRange::opaque()), packet(IpProtocol::tcp, 80, 1), source, false},
      {"no ports, OPAQUE", here(ah, PortRange::opaque()), packet(ah, 0, 0), source, true},
      {"no ports, one port", here(IpProtocol::any, PortRange::of(0)), packet(ah, 0, 0), source, false},
      {"its type", here(icmp, PortRange::of(echo_request)), packet(icmp, echo_request, echo_request), source, true},
      {"another type", here(icmp, PortRange::of(echo_request)), packet(icmp, echo_reply, echo_reply), source, false},
      {"another code", here(icmp, {3 << 8 | 1, 3 << 8 | 3}), packet(icmp, 3 << 8 | 4, 3 << 8 | 4), source, false},
      {"the type is the sender's", there(icmp, PortRange::of(echo_request)), packet(icmp, echo_reply, echo_reply),
       destination, true},
      {"a type to who sends none", there(icmp, PortRange::opaque()), packet(icmp, echo_request, echo_request),
       destination, true},
      {"a type of who sends none", here(icmp, PortRange::opaque()), packet(icmp, echo_request, echo_request), source,
       false},
      {"an MH type", here(mobility, PortRange::of(binding_update)), packet(mobility, binding_update, binding_update),
       source, true},
      {"another MH type", here(mobility, PortRange::of(6 << 8)), packet(mobility, binding_update, binding_update),
       source, false},
  };
  for (const auto& c : cases) EXPECT_EQ(covers(c.selector, c.packet, c.end), c.want) << c.name;
}

TEST(TrafficSelectors, CarryFromAnyOfTheOnesToAnyOfTheOthers) {  // RFC 7296 §2.9
  const TrafficSelectors here = {selector(IpProtocol::tcp, PortRange::all(), "10.1.0.0", "10.1.255.255"),
                                 selector(IpProtocol::udp, PortRange::of(53), "10.1.1.1", "10.1.1.1")};
  const TrafficSelectors there = {selector(IpProtocol::tcp, PortRange::of(80), "10.2.0.0", "10.2.255.255"),
                                  selector(IpProtocol::udp, PortRange::all(), "10.2.2.2", "10.2.2.2"),
                                  selector(IpProtocol::tcp, PortRange::of(443), "10.2.2.2", "10.2.2.2")};
  EXPECT_TRUE(carry(here, there, packet(IpProtocol::tcp, 1024, 80)));
  EXPECT_TRUE(carry(here, there, packet(IpProtocol::tcp, 1024, 443)));
  EXPECT_TRUE(carry(here, there, packet(IpProtocol::udp, 53, 1024)));
  EXPECT_FALSE(carry(here, there, packet(IpProtocol::tcp, 1024, 81)));
  EXPECT_FALSE(carry(here, there, packet(IpProtocol::udp, 54, 1024)));
  EXPECT_FALSE(carry(there, here, packet(IpProtocol::tcp, 1024, 80)));
  EXPECT_FALSE(carry({}, there, packet(IpProtocol::tcp, 1024, 80)));
}

TEST(TrafficSelector, IsWrittenForPeople) {
  const struct {
    TrafficSelector selector;
    const char* want;
  } cases[] = {
      {net, "10.1.0.0/16"},
      {web, "10.1.1.1[tcp/80]"},
      {selector(IpProtocol::tcp, PortRange::all(), "10.1.1.1", "10.1.1.1"), "10.1.1.1[tcp]"},
      {selector(IpProtocol::udp, {1, 9}, "10.1.1.1", "10.1.1.2"), "10.1.1.1-10.1.1.2[udp/1-9]"},
      {selector(IpProtocol::icmp, PortRange::of(0x0800), "10.1.1.1", "10.1.1.1"), "10.1.1.1[icmp/8:0]"},
      {selector(IpProtocol::icmpv6, {0x8000, 0x80ff}, "::1", "::1"), "::1[icmpv6/128:0-128:255]"},
      {selector(IpProtocol::mobility, PortRange::of(5 << 8), "::1", "::1"), "::1[mipv6/5]"},
      {selector(IpProtocol::tcp, PortRange::opaque(), "10.1.1.1", "10.1.1.1"), "10.1.1.1[tcp/opaque]"},
      {selector(132, PortRange::of(7), "10.1.1.1", "10.1.1.1"), "10.1.1.1[132/7]"},
      {selector(IpProtocol::any, PortRange::of(7), "10.1.1.1", "10.1.1.1"), "10.1.1.1[all/7]"},
  };
  for (const auto& [one, want] : cases) EXPECT_EQ(one.to_string(), want);
  EXPECT_EQ(to_string(TrafficSelectors{net, web}), "10.1.0.0/16, 10.1.1.1[tcp/80]");
  EXPECT_EQ(to_string(TrafficSelectors{}), "");
}

TEST(PacketSelectors, AreWrittenForPeople) {
  EXPECT_EQ((PacketSelectors{.source = address("10.1.1.1"),
                             .destination = address("10.1.1.2"),
                             .protocol = IpProtocol::tcp,
                             .source_port = 1024,
                             .destination_port = 80})
                .to_string(),
            "tcp 10.1.1.1[1024] -> 10.1.1.2[80]");
}

}  // namespace
}  // namespace adit
