#include "stack/packet_selectors.h"

#include "stack/network_order.h"

namespace adit::stack {
namespace {

constexpr std::uint8_t hop_by_hop = 0, routing = 43, fragment = 44, destination_options = 60, ospf = 89;

void set_type(PacketSelectors& selectors, std::uint8_t type, std::uint8_t code) {
  selectors.source_port = selectors.destination_port = static_cast<std::uint16_t>(type << 8 | code);
}

void read_upper_layer(PacketSelectors& selectors, Bytes upper) {
  if (upper_fields(selectors.protocol) == UpperFields::ports) {
    if (upper.size() < 4) {
      selectors.ports_hidden = true;
      return;
    }
    selectors.source_port = load_u16(upper.data());
    selectors.destination_port = load_u16(upper.data() + 2);
    constexpr std::uint8_t syn = 0x02, ack = 0x10;
    if (selectors.protocol == IpProtocol::tcp && upper.size() >= 14) {
      selectors.opens_connection = (upper[13] & (syn | ack)) == syn;
    }
    return;
  }
  switch (selectors.protocol) {
    case IpProtocol::icmp:
    case IpProtocol::icmpv6:
      if (upper.size() >= 2) return set_type(selectors, upper[0], upper[1]);
      break;
    case ospf:  // RFC 2328 §A.3.1: version, type
      if (upper.size() >= 2) return set_type(selectors, upper[1], 0);
      break;
    case IpProtocol::mobility:  // RFC 6275 §6.1.1: next header, length, type
      if (upper.size() >= 3) return set_type(selectors, upper[2], 0);
      break;
    default:
      return;  // a protocol without such fields hides none
  }
  selectors.ports_hidden = true;
}

std::optional<PacketSelectors> read_v4(Bytes packet) {
  if (packet.size() < 20) return std::nullopt;
  const std::size_t header = std::size_t{packet[0] & 15u} * 4;
  const std::size_t total = load_u16(&packet[2]);
  if (header < 20 || total < header || total > packet.size()) return std::nullopt;

  PacketSelectors selectors;
  selectors.source = IpAddress::v4(load_u32(&packet[12]));
  selectors.destination = IpAddress::v4(load_u32(&packet[16]));
  selectors.protocol = packet[9];
  const std::uint16_t fragmentation = load_u16(&packet[6]);
  constexpr std::uint16_t more_fragments = 0x2000, offset = 0x1fff;
  selectors.is_fragment = (fragmentation & (more_fragments | offset)) != 0;
  if ((fragmentation & offset) != 0) {
    selectors.ports_hidden = true;
    return selectors;
  }
  read_upper_layer(selectors, packet.first(total).subspan(header));
  return selectors;
}

bool is_extension(std::uint8_t next) {
  return next == hop_by_hop || next == routing || next == fragment || next == destination_options;
}

/// Passes over extension headers to the upper layer (RFC 8200 §4).
void read_v6_chain(PacketSelectors& selectors, Bytes rest) {
  for (unsigned seen = 0; is_extension(selectors.protocol); ++seen) {
    // A fragment header is 8 octets whatever its second one says; the others count theirs in 8 without the first 8.
    const bool is_fragment_header = selectors.protocol == fragment;
    if (seen == most_extension_headers || rest.size() < 8) {
      selectors.ports_hidden = true;
      return;
    }
    const std::size_t size = is_fragment_header ? 8 : 8 + std::size_t{rest[1]} * 8;
    if (rest.size() < size) {
      selectors.ports_hidden = true;
      return;
    }
    selectors.protocol = rest[0];
    if (is_fragment_header) {
      const std::uint16_t field = load_u16(&rest[2]);
      constexpr std::uint16_t offset = 0xfff8;
      selectors.is_fragment = true;  // an atomic fragment too (RFC 6946): it is written as one
      if ((field & offset) != 0) {
        selectors.ports_hidden = true;
        return;
      }
    }
    rest = rest.subspan(size);
  }
  read_upper_layer(selectors, rest);
}

std::optional<PacketSelectors> read_v6(Bytes packet) {
  if (packet.size() < 40) return std::nullopt;
  const std::size_t total = std::size_t{40} + load_u16(&packet[4]);
  if (total > packet.size()) return std::nullopt;
  PacketSelectors selectors;
  selectors.source = *IpAddress::from_octets(packet.subspan(8, 16));
  selectors.destination = *IpAddress::from_octets(packet.subspan(24, 16));
  selectors.protocol = packet[6];
  read_v6_chain(selectors, packet.first(total).subspan(40));
  return selectors;
}

}  // namespace

std::optional<PacketSelectors> read_selectors(Bytes packet) {
  if (packet.empty()) return std::nullopt;
  switch (packet[0] >> 4) {
    case 4:
      return read_v4(packet);
    case 6:
      return read_v6(packet);
    default:
      return std::nullopt;
  }
}

}  // namespace adit::stack
