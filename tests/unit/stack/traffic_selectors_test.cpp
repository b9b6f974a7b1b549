// Protocols, ports, types and several selectors of one pair of SAs: what leaves by it, and what may come out of it (RFC
// 4301 §4.4.1.1, §5.1, §5.2; RFC 7296 §3.13.1).

#include "stack/packet_selectors.h"
#include "two_ends.h"

namespace adit::stack {
namespace {

constexpr std::uint8_t icmp = IpProtocol::icmp, tcp = IpProtocol::tcp, udp = IpProtocol::udp,
                       icmpv6 = IpProtocol::icmpv6, mobility = IpProtocol::mobility, ah = IpProtocol::ah, sctp = 132;

struct Fields {
  std::uint8_t protocol;
  ByteString upper;  // what follows the IP header
  bool is_later_fragment = false;
};

ByteString ports(std::uint16_t source, std::uint16_t destination) {
  ByteString upper(20);
  store_u16(upper.data(), source);
  store_u16(upper.data() + 2, destination);
  return upper;
}
ByteString type(std::uint8_t type, std::uint8_t code) { return {type, code, 0, 0, 0, 0, 0, 0}; }
ByteString mobility_type(std::uint8_t type) { return {59, 0, type, 0, 0, 0, 0, 0}; }  // RFC 6275 §6.1.1

/// From the net of `from` to the other's: 10.1.0.0/16 or fd01::/16 of a, 10.2.0.0/16 or fd02::/16 of b.
ByteString packet_from(char from, const Fields& fields) {
  const bool is_v6 = fields.protocol == icmpv6 || fields.protocol == mobility;
  const std::array<const char*, 2> ends = is_v6 ? std::array{"fd01::1", "fd02::2"} : std::array{"10.1.1.1", "10.2.2.2"};
  const bool is_a = from == 'a';
  const OuterHeader header{.source = address(ends[is_a ? 0 : 1]),
                           .destination = address(ends[is_a ? 1 : 0]),
                           .next_header = fields.protocol};
  ByteString packet(header.size() + fields.upper.size());
  header.write(packet.data(), fields.upper.size());
  std::ranges::copy(fields.upper, packet.begin() + static_cast<std::ptrdiff_t>(header.size()));
  if (fields.is_later_fragment) store_u16(packet.data() + 6, 100);
  return packet;
}

TrafficSelector net(unsigned number, std::uint8_t protocol = IpProtocol::any, PortRange ports = PortRange::all()) {
  return {.protocol = protocol,
          .ports = ports,
          .addresses = IpRange::of_prefix(address(number == 1 ? "10.1.0.0" : "10.2.0.0"), 16)};
}
TrafficSelector net_v6(unsigned number, std::uint8_t protocol, PortRange ports) {
  return {.protocol = protocol,
          .ports = ports,
          .addresses = IpRange::of_prefix(address(number == 1 ? "fd01::" : "fd02::"), 16)};
}

TEST(TrafficSelectors, HoldInBothDirectionsAtBothEnds) {
  const auto all = PortRange::all(), opaque = PortRange::opaque();
  const auto echo_request = PortRange::of(8 << 8), binding_update = PortRange::of(5 << 8);
  const PortRange unreachable{3 << 8, 3 << 8 | 255};
  const TrafficSelectors web_here = {net(1, tcp)}, web_there = {net(2, tcp, PortRange::of(80))};
  const struct {
    const char* name;
    TrafficSelectors a, b;
    char from;
    Fields fields;
    bool want;
  } cases[] = {
      {"to the port", web_here, web_there, 'a', {tcp, ports(1024, 80)}, true},
      {"back from the port", web_here, web_there, 'b', {tcp, ports(80, 1024)}, true},
      {"to another port", web_here, web_there, 'a', {tcp, ports(80, 81)}, false},
      {"from another port", web_here, web_there, 'b', {tcp, ports(81, 80)}, false},
      {"another protocol", web_here, web_there, 'a', {udp, ports(1024, 80)}, false},
      {"a later fragment, for a port", web_here, web_there, 'a', {tcp, ports(1024, 80), true}, false},
      {"a later fragment, for ANY", {net(1, tcp)}, {net(2, tcp)}, 'a', {tcp, ports(1, 2), true}, true},
      {"a later fragment, for OPAQUE", {net(1, udp, opaque)}, {net(2, udp, opaque)}, 'b', {udp, {1, 2}, true}, true},
      {"ports, for OPAQUE", {net(1, udp, opaque)}, {net(2, udp, opaque)}, 'a', {udp, ports(1, 2)}, false},
      {"SCTP has ports", {net(1, sctp)}, {net(2, sctp, {7, 9})}, 'a', {sctp, ports(1, 9)}, true},
      {"one past the range", {net(1, sctp)}, {net(2, sctp, {7, 9})}, 'a', {sctp, ports(1, 10)}, false},
      {"a protocol without ports, ANY", {net(1, ah, all)}, {net(2, ah, all)}, 'a', {ah, ports(0, 0)}, true},
      {"a protocol without ports, OPAQUE", {net(1, ah, opaque)}, {net(2, ah, opaque)}, 'b', {ah, ports(0, 0)}, true},
      {"ICMP type", {net(1, icmp, echo_request)}, {net(2, icmp)}, 'a', {icmp, type(8, 0)}, true},
      {"ICMP type back", {net(1, icmp, echo_request)}, {net(2, icmp)}, 'b', {icmp, type(0, 0)}, true},
      {"ICMP, another type", {net(1, icmp, echo_request)}, {net(2, icmp)}, 'a', {icmp, type(13, 0)}, false},
      {"ICMP, another code", {net(1, icmp, echo_request)}, {net(2, icmp)}, 'a', {icmp, type(8, 1)}, false},
      {"ICMP, any code", {net(1, icmp, unreachable)}, {net(2, icmp, unreachable)}, 'b', {icmp, type(3, 13)}, true},
      {"ICMP, the next type", {net(1, icmp, unreachable)}, {net(2, icmp, unreachable)}, 'b', {icmp, type(4, 0)}, false},
      {"ICMP, sent, not received: sent",  // RFC 4301 §4.4.1.3 C
       {net(1, icmp, echo_request)},
       {net(2, icmp, opaque)},
       'a',
       {icmp, type(8, 0)},
       true},
      {"ICMP, sent, not received: received",
       {net(1, icmp, echo_request)},
       {net(2, icmp, opaque)},
       'b',
       {icmp, type(8, 0)},
       false},
      {"ICMPv6 type and code",
       {net_v6(1, icmpv6, PortRange::of(1 << 8 | 4))},
       {net_v6(2, icmpv6, PortRange::of(1 << 8 | 4))},
       'b',
       {icmpv6, type(1, 4)},
       true},
      {"ICMPv6, another code",
       {net_v6(1, icmpv6, PortRange::of(1 << 8 | 4))},
       {net_v6(2, icmpv6, PortRange::of(1 << 8 | 4))},
       'b',
       {icmpv6, type(1, 3)},
       false},
      {"MH type",
       {net_v6(1, mobility, binding_update)},
       {net_v6(2, mobility, binding_update)},
       'a',
       {mobility, mobility_type(5)},
       true},
      {"another MH type",
       {net_v6(1, mobility, binding_update)},
       {net_v6(2, mobility, binding_update)},
       'a',
       {mobility, mobility_type(6)},
       false},
      {"the second selector",
       {net(1)},
       {net(2, tcp, PortRange::of(80)), net(2, udp, PortRange::of(53))},
       'a',
       {udp, ports(9, 53)},
       true},
      {"the port of one, the protocol of the other",
       {net(1)},
       {net(2, tcp, PortRange::of(80)), net(2, udp, PortRange::of(53))},
       'b',
       {tcp, ports(53, 9)},
       false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    contract::InstallChildSa install = install_message();
    install.local_ts = c.a;
    install.remote_ts = c.b;
    TwoEnds ends{install};
    End& sender = c.from == 'a' ? ends.a : ends.b;
    End& receiver = c.from == 'a' ? ends.b : ends.a;
    OwnedPacket packet{packet_from(c.from, c.fields)};
    const auto selectors = read_selectors(packet.buffer.octets());
    ASSERT_TRUE(selectors);
    EXPECT_EQ(sender.sad.find_outbound(*selectors) != nullptr, c.want);
    ASSERT_EQ(sender.send(packet).drop, Drop::none) << "as a peer might that does not look";
    EXPECT_EQ(receiver.receive(packet).drop, c.want ? Drop::none : Drop::selectors_violated);
  }
}

TEST(Sad, TakesABoundedNumberOfSelectorsForAPair) {
  Sad sad;
  contract::InstallChildSa install = install_message();
  install.remote_ts.assign(most_traffic_selectors + 1, net(2));
  EXPECT_NE(sad.add(install, at(Seconds{0})).refused, std::nullopt);
  install.remote_ts.pop_back();
  EXPECT_EQ(sad.add(install, at(Seconds{0})).refused, std::nullopt);
}

}  // namespace
}  // namespace adit::stack
