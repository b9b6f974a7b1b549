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

TEST(TrafficSelector, CoversAPacketsEnd) {
  const TrafficSelector opaque = selector(IpProtocol::tcp, PortRange::opaque(), "10.1.0.0", "10.1.255.255");
  EXPECT_TRUE(covers(net, IpProtocol::udp, address("10.1.2.3"), 53, false));
  EXPECT_TRUE(covers(net, IpProtocol::udp, address("10.1.2.3"), 0, true));
  EXPECT_FALSE(covers(net, IpProtocol::udp, address("10.2.2.3"), 53, false));
  EXPECT_TRUE(covers(web, IpProtocol::tcp, address("10.1.1.1"), 80, false));
  EXPECT_FALSE(covers(web, IpProtocol::tcp, address("10.1.1.1"), 81, false));
  EXPECT_FALSE(covers(web, IpProtocol::udp, address("10.1.1.1"), 80, false));
  EXPECT_FALSE(covers(web, IpProtocol::tcp, address("10.1.1.1"), 80, true));  // a later fragment
  EXPECT_TRUE(covers(opaque, IpProtocol::tcp, address("10.1.1.1"), 0, true));
  EXPECT_FALSE(covers(opaque, IpProtocol::tcp, address("10.1.1.1"), 80, false));
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
