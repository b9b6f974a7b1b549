#include "random_policy.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/writer.h"

namespace adit::test {
namespace {

using policy::Direction;
using policy::Filter;
using policy::FilterAction;

template <class Value>
Value one_of(Random& random, std::initializer_list<Value> values) {
  return values.begin()[below(random, static_cast<std::uint32_t>(values.size()))];
}
bool in_one_of(Random& random, std::uint32_t cases) { return below(random, cases) == 0; }

// 10.0.0.0/16 and 2001:db8::/48 are the host itself, 10.1 and 2001:db8:1 lie outside, 10.2 and 2001:db8:2 behind it.
enum class Side : std::uint8_t { host, outside, behind };

IpAddress address(IpFamily family, Side side, std::uint32_t number) {
  const auto net = static_cast<unsigned>(side);
  if (family == IpFamily::v4) return IpAddress::v4(0x0a000000 | net << 16 | number);
  return *IpAddress::parse(fmt::format("2001:db8:{}::{:x}", net, number));
}

constexpr std::uint32_t hosts_of_side = 300;
IpAddress random_address(Random& random, IpFamily family, Side side) {
  return address(family, side, 1 + below(random, hosts_of_side));
}
Side random_side(Random& random) { return one_of(random, {Side::host, Side::outside, Side::behind}); }

IpRange random_range(Random& random, IpFamily family) {
  const Side side = random_side(random);
  const IpAddress one = random_address(random, family, side), other = random_address(random, family, side);
  switch (below(random, 4)) {
    case 0:
      return IpRange::all(family);
    case 1:
      return {std::min(one, other), std::max(one, other)};
    case 2:
      return IpRange::of_prefix(one, one.bits() - below(random, 9));
    default:
      return IpRange::of(one);
  }
}

constexpr std::uint8_t ospf = 89, gre = 47;
constexpr std::uint16_t port_pool[] = {22, 80, 443, 500, 1024, 5000, 65535};
std::uint16_t port(Random& random) { return port_pool[below(random, std::size(port_pool))]; }

PortRange ports(Random& random) {
  const std::uint16_t one = port(random), other = port(random);
  return one_of(random, {PortRange::all(), PortRange::of(one), PortRange{std::min(one, other), std::max(one, other)}});
}

/// Narrow or wide, around a port that packets have: its ends, too, are met and missed.
PortRange near_port_pool(Random& random) {
  const std::uint16_t middle = port(random);
  const auto width = static_cast<std::uint16_t>(1U << below(random, 12));
  const auto first = static_cast<std::uint16_t>(middle - std::min<std::uint32_t>(middle, below(random, width)));
  const std::uint32_t last = std::min<std::uint32_t>(65535, middle + below(random, width));
  // Some begin or end right beside it.
  if (in_one_of(random, 6) && middle < 65535) return {static_cast<std::uint16_t>(middle + 1), 65535};
  if (in_one_of(random, 6)) return {0, static_cast<std::uint16_t>(middle - 1)};
  return {first, static_cast<std::uint16_t>(last)};
}

std::uint8_t type_of(Random& random, std::uint8_t protocol) {
  if (protocol == IpProtocol::icmp) return one_of<std::uint8_t>(random, {0, 3, 8, 11});
  if (protocol == IpProtocol::icmpv6) return one_of<std::uint8_t>(random, {1, 128, 129, 135});
  return static_cast<std::uint8_t>(1 + below(random, 5));
}

/// Types and codes, which stand in both ranges; OSPF and MIPv6 have no codes.
PortRange types(Random& random, std::uint8_t protocol) {
  if (in_one_of(random, 3)) return PortRange::all();
  const std::uint8_t one = type_of(random, protocol), other = type_of(random, protocol);
  const auto first = static_cast<std::uint16_t>(std::min(one, other) << 8);
  const auto last = static_cast<std::uint16_t>(std::max(one, other) << 8 | 0xff);
  const bool has_codes = protocol == IpProtocol::icmp || protocol == IpProtocol::icmpv6;
  if (has_codes && in_one_of(random, 2)) return PortRange::of(static_cast<std::uint16_t>(first | below(random, 2)));
  return {first, last};
}

policy::ServiceSelector service(Random& random, IpFamily family) {
  policy::ServiceSelector service;
  if (in_one_of(random, 4)) return service;
  if (in_one_of(random, 10)) {
    service.opaque = true;
    return service;
  }
  const std::uint8_t icmp = family == IpFamily::v4 ? IpProtocol::icmp : IpProtocol::icmpv6;
  service.protocol =
      one_of<std::uint8_t>(random, {IpProtocol::tcp, IpProtocol::tcp, IpProtocol::udp, IpProtocol::udp, icmp, ospf,
                                    IpProtocol::mobility, IpProtocol::esp, IpProtocol::ah, gre});
  if (service.protocol == IpProtocol::tcp || service.protocol == IpProtocol::udp) {
    service.source_ports = ports(random);
    service.destination_ports = ports(random);
  } else if (service.protocol == icmp || service.protocol == ospf || service.protocol == IpProtocol::mobility) {
    service.source_ports = service.destination_ports = types(random, service.protocol);
  }
  return service;
}

Filter any_filter(Random& random, IpFamily family) {
  Filter filter;
  filter.direction = one_of(random, {Direction::inbound, Direction::outbound});
  filter.source = random_range(random, family);
  filter.destination = random_range(random, family);
  filter.service = service(random, family);
  filter.routing = one_of(random, {policy::Routing::local, policy::Routing::routed, policy::Routing::either});
  filter.action = one_of(random, {FilterAction::permit, FilterAction::permit, FilterAction::deny});
  if (in_one_of(random, 4)) filter.action = FilterAction::ipsec;
  if (filter.service.protocol == IpProtocol::tcp) {
    filter.connect = one_of(random, {policy::ConnectQualifier::none, policy::ConnectQualifier::inbound,
                                     policy::ConnectQualifier::outbound});
  }
  filter.fragments_only =
      filter.routing != policy::Routing::local && filter.action != FilterAction::ipsec && in_one_of(random, 6);
  if (filter.action != FilterAction::ipsec && in_one_of(random, 8)) filter.security_class = outer_class;
  return filter;
}

/// Filters that differ in one or two dimensions, as those of one group of rules do.
void add_run(Random& random, IpFamily family, std::vector<Filter>& filters) {
  Filter common = any_filter(random, family);
  common.fragments_only = false;
  const std::uint32_t kind = below(random, 8);
  const std::uint32_t length = 4 + below(random, in_one_of(random, 3) ? 200 : 30);
  const Side side = random_side(random);
  for (std::uint32_t i = 0; i < length; ++i) {
    Filter filter = common;
    const IpAddress peer = random_address(random, family, side);
    switch (kind) {
      case 0:  // a peer each
        filter.destination = IpRange::of(peer);
        break;
      case 1:
        filter.source = IpRange::of(peer);
        break;
      case 2:  // a net each; nets overlap
        filter.destination = IpRange::of_prefix(peer, peer.bits() - below(random, 7));
        break;
      case 3:  // a service each
        filter.service = {.protocol = one_of(random, {IpProtocol::tcp, IpProtocol::udp}),
                          .source_ports = PortRange::all(),
                          .destination_ports = PortRange::of(port(random))};
        filter.connect = policy::ConnectQualifier::none;
        break;
      case 4:  // several services a peer
        filter.source = IpRange::of(peer);
        filter.service = service(random, family);
        filter.connect = policy::ConnectQualifier::none;
        break;
      case 5:  // a range of ports each; they overlap
        filter.service = {.protocol = one_of(random, {IpProtocol::tcp, IpProtocol::udp}),
                          .source_ports = in_one_of(random, 4) ? ports(random) : PortRange::all(),
                          .destination_ports = near_port_pool(random)};
        if (filter.service.protocol != IpProtocol::tcp) filter.connect = policy::ConnectQualifier::none;
        break;
      case 6:  // the same of one protocol, and a net each
        filter.destination = IpRange::of_prefix(peer, peer.bits() - below(random, 9));
        filter.service = {
            .protocol = IpProtocol::udp, .source_ports = near_port_pool(random), .destination_ports = PortRange::all()};
        filter.connect = policy::ConnectQualifier::none;
        break;
      default:
        filter = any_filter(random, family);
        break;
    }
    if (in_one_of(random, 3)) filter.action = one_of(random, {FilterAction::permit, FilterAction::deny});
    filters.push_back(std::move(filter));
  }
}

// Packets.

ByteString upper_layer(Random& random, std::uint8_t protocol) {
  ByteString octets(24);
  for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(random());
  const auto put_u16 = [&](std::size_t at, std::uint16_t value) {
    octets[at] = static_cast<std::uint8_t>(value >> 8);
    octets[at + 1] = static_cast<std::uint8_t>(value);
  };
  switch (protocol) {
    case IpProtocol::tcp:
      octets[12] = 0x50;
      octets[13] =
          one_of<std::uint8_t>(random, {0x02, 0x12, 0x10, 0x18, 0xc2});  // SYN; SYN ACK; ACK; data; ECN-setup SYN
      [[fallthrough]];
    case IpProtocol::udp:
      put_u16(0, port(random));
      put_u16(2, port(random));
      if (protocol == IpProtocol::udp) put_u16(4, 24);
      break;
    case ospf:  // RFC 2328 §A.3.1
      octets[0] = 2;
      octets[1] = type_of(random, protocol);
      break;
    case IpProtocol::mobility:  // RFC 6275 §6.1.1: 24 octets
      octets[0] = 59;
      octets[1] = 2;
      octets[2] = type_of(random, protocol);
      break;
    case IpProtocol::ah:  // RFC 4302 §2: 24 octets, before no next header
      octets[0] = 59;
      octets[1] = 4;
      break;
    case IpProtocol::icmp:
    case IpProtocol::icmpv6:
      octets[0] = type_of(random, protocol);
      octets[1] = static_cast<std::uint8_t>(below(random, 2));
      break;
    default:
      break;
  }
  return octets;
}

enum class Piece : std::uint8_t { whole, first, later };

ByteString v4_packet(Random& random, const IpAddress& source, const IpAddress& destination, std::uint8_t protocol,
                     Piece piece) {
  const std::size_t options = in_one_of(random, 6) ? 4 : 0;
  const ByteString upper = upper_layer(random, protocol);
  const std::size_t header = 20 + options;
  Writer out;
  out.u8(static_cast<std::uint8_t>(0x40 | header / 4));
  out.u8(0);
  out.u16(static_cast<std::uint16_t>(header + upper.size()));
  out.u16(static_cast<std::uint16_t>(1 + below(random, 65535)));
  out.u16(piece == Piece::whole   ? 0x4000
          : piece == Piece::first ? 0x2000
                                  : static_cast<std::uint16_t>(1 + below(random, 9)));
  out.u8(64);
  out.u8(protocol);
  out.u16(0);
  out.bytes(source.octets());
  out.bytes(destination.octets());
  for (std::size_t i = 0; i < options; ++i) out.u8(1);  // no operation
  ByteString octets = std::move(out).take();
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < header; i += 2) sum += static_cast<std::uint32_t>(octets[i] << 8 | octets[i + 1]);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
  octets[10] = static_cast<std::uint8_t>(sum >> 8);
  octets[11] = static_cast<std::uint8_t>(sum);
  octets.insert(octets.end(), upper.begin(), upper.end());
  return octets;
}

ByteString v6_packet(Random& random, const IpAddress& source, const IpAddress& destination, std::uint8_t protocol,
                     Piece piece) {
  constexpr std::uint8_t hop_by_hop = 0, fragment = 44, destination_options = 60;
  const ByteString upper = upper_layer(random, protocol);
  std::vector<std::uint8_t> chain;
  // AH behind other headers is one of them to nftables: such packets are left out.
  const bool is_ah = protocol == IpProtocol::ah;
  if (!is_ah && in_one_of(random, 8)) chain.push_back(hop_by_hop);
  if (piece != Piece::whole) chain.push_back(fragment);
  if (!is_ah && piece != Piece::later && in_one_of(random, 8)) chain.push_back(destination_options);
  chain.push_back(protocol);
  Writer out;
  out.u32(0x60000000);
  out.u16(static_cast<std::uint16_t>((chain.size() - 1) * 8 + upper.size()));
  out.u8(chain.front());
  out.u8(64);
  out.bytes(source.octets());
  out.bytes(destination.octets());
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
    out.u8(chain[i + 1]);
    out.u8(0);
    if (chain[i] == fragment) {
      out.u16(piece == Piece::first ? 1 : static_cast<std::uint16_t>((1 + below(random, 9)) << 3));
      out.u32(static_cast<std::uint32_t>(random()));
    } else {
      out.u16(0x0104);  // PadN, four octets
      out.u32(0);
    }
  }
  out.bytes(upper);
  return std::move(out).take();
}

}  // namespace

std::uint32_t below(Random& random, std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); }

policy::FilterPolicy random_policy(Random& random) {
  policy::FilterPolicy policy;
  policy.pre_decap = in_one_of(random, 2);
  for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
    const std::uint32_t runs = 1 + below(random, 12);
    for (std::uint32_t i = 0; i < runs; ++i) {
      add_run(random, family, policy.filters);
      for (std::uint32_t k = below(random, 4); k > 0; --k) policy.filters.push_back(any_filter(random, family));
    }
  }
  for (std::size_t i = 0; i < policy.filters.size(); ++i) policy.filters[i].rule = fmt::format("rule{}", i);
  return policy;
}

ByteString random_packet(Random& random, Way way) {
  const bool is_v4 = in_one_of(random, 2);
  const IpFamily family = is_v4 ? IpFamily::v4 : IpFamily::v6;
  const IpAddress source = random_address(random, family, way == Way::local_out ? Side::host : Side::outside);
  const IpAddress destination = random_address(random, family,
                                               way == Way::local_in ? Side::host
                                               : way == Way::routed ? Side::behind
                                                                    : one_of(random, {Side::outside, Side::behind}));
  const std::uint8_t icmp = is_v4 ? IpProtocol::icmp : IpProtocol::icmpv6;
  const auto protocol =
      one_of<std::uint8_t>(random, {IpProtocol::tcp, IpProtocol::tcp, IpProtocol::tcp, IpProtocol::udp, IpProtocol::udp,
                                    icmp, ospf, IpProtocol::mobility, IpProtocol::esp, IpProtocol::ah, gre});
  // Fragments of IPv4 for the host itself are put together before they come to the rules.
  const bool may_be_piece = !(is_v4 && way == Way::local_in) && (is_v4 || protocol != IpProtocol::ah);
  const Piece piece =
      may_be_piece && in_one_of(random, 4) ? one_of(random, {Piece::first, Piece::later}) : Piece::whole;
  return is_v4 ? v4_packet(random, source, destination, protocol, piece)
               : v6_packet(random, source, destination, protocol, piece);
}

}  // namespace adit::test
