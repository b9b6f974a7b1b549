#include "ike/wire/v1/identification.h"

#include <algorithm>

namespace adit::ike::wire::v1 {
namespace {

/// Octets of the value; 0: any number of them, but one at least.
std::size_t size_of(IdType type) {
  switch (type) {
    case IdType::ipv4_addr:
      return 4;
    case IdType::ipv6_addr:
      return 16;
    case IdType::ipv4_addr_subnet:
    case IdType::ipv4_addr_range:
      return 8;
    case IdType::ipv6_addr_subnet:
    case IdType::ipv6_addr_range:
      return 32;
    default:
      return 0;
  }
}

std::optional<unsigned> prefix_of(Bytes mask) {
  unsigned length = 0;
  bool has_ended = false;
  for (const std::uint8_t octet : mask) {
    for (unsigned bit = 8; bit-- > 0;) {
      const bool is_set = (octet >> bit & 1) != 0;
      if (is_set && has_ended) return std::nullopt;
      if (is_set) {
        ++length;
      } else {
        has_ended = true;
      }
    }
  }
  return length;
}

bool has_type_and_code(std::uint8_t protocol) {
  return protocol == IpProtocol::icmp || protocol == IpProtocol::icmpv6 || protocol == IpProtocol::mobility;
}

}  // namespace

bool is_known(IdType type) { return type >= IdType::ipv4_addr && type <= IdType::key_id; }

std::expected<Identification, ParseError> Identification::parse(Bytes body) {
  Reader in{body};
  Identification payload;
  payload.type = in.known<IdType>("ID type");
  payload.protocol = in.u8("protocol ID");
  payload.port = in.u16("port");
  const Bytes value = in.rest();
  const std::size_t size = size_of(payload.type);
  in.require(size == 0 ? !value.empty() : value.size() == size, "identification data");
  payload.value.assign(value.begin(), value.end());
  return in.finish(std::move(payload));
}

void Identification::build(Writer& out) const {
  out.u8(static_cast<std::uint8_t>(type));
  out.u8(protocol);
  out.u16(port);
  out.bytes(value);
}

Identification Identification::of(const Identity& identity) {
  return {.type = static_cast<IdType>(identity.type), .value = identity.value};
}

std::optional<Identity> Identification::identity() const {
  // A peer behind a NAT says port 0 with protocol UDP too (RFC 3947 §4).
  constexpr std::uint8_t udp = IpProtocol::udp;
  constexpr std::uint16_t ike_port = 500;
  const bool is_of_ike = protocol == udp && (port == ike_port || port == 0);
  if (!is_of_ike && (protocol != 0 || port != 0)) return std::nullopt;
  const auto same = static_cast<IdentityType>(type);
  if (!adit::is_known(same)) return std::nullopt;
  return Identity{.type = same, .value = value};
}

std::optional<Identification> Identification::of(const TrafficSelector& selector) {
  const IpRange& range = selector.addresses;
  const bool is_v4 = range.family() == IpFamily::v4;
  Identification payload{.protocol = selector.protocol};
  if (!selector.ports.is_all()) {
    if (selector.ports.first != selector.ports.last || has_type_and_code(selector.protocol)) return std::nullopt;
    payload.port = selector.ports.first;
  }
  if (range.is_single()) {
    payload.type = is_v4 ? IdType::ipv4_addr : IdType::ipv6_addr;
    append(payload.value, range.first.octets());
    return payload;
  }
  append(payload.value, range.first.octets());
  if (const auto length = range.prefix_length()) {
    payload.type = is_v4 ? IdType::ipv4_addr_subnet : IdType::ipv6_addr_subnet;
    append(payload.value, IpAddress::highest(range.family()).with_host_bits_cleared(*length).octets());
    return payload;
  }
  payload.type = is_v4 ? IdType::ipv4_addr_range : IdType::ipv6_addr_range;
  append(payload.value, range.last.octets());
  return payload;
}

std::optional<TrafficSelector> Identification::selector() const {
  TrafficSelector selector{.protocol = protocol, .ports = port == 0 ? PortRange::all() : PortRange::of(port)};
  const Bytes octets{value};
  const auto first_half = IpAddress::from_octets(octets.first(octets.size() / 2));
  switch (type) {
    case IdType::ipv4_addr:
    case IdType::ipv6_addr: {
      const auto address = IpAddress::from_octets(octets);
      if (!address) return std::nullopt;
      selector.addresses = IpRange::of(*address);
      return selector;
    }
    case IdType::ipv4_addr_subnet:
    case IdType::ipv6_addr_subnet: {
      const auto length = prefix_of(octets.last(octets.size() / 2));
      if (!first_half || !length) return std::nullopt;
      selector.addresses = IpRange::of_prefix(*first_half, *length);
      return selector;
    }
    case IdType::ipv4_addr_range:
    case IdType::ipv6_addr_range: {
      const auto last = IpAddress::from_octets(octets.last(octets.size() / 2));
      if (!first_half || !last || *last < *first_half) return std::nullopt;
      selector.addresses = {*first_half, *last};
      return selector;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace adit::ike::wire::v1
