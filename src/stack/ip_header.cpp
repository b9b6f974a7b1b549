#include "stack/ip_header.h"

#include <algorithm>
#include <cstring>

#include "base/narrow.h"
#include "stack/network_order.h"
#include "stack/transport_checksum.h"

namespace adit::stack {
namespace {

constexpr std::uint16_t dont_fragment_bit = 0x4000;
constexpr std::uint16_t more_fragments_or_offset = 0x3fff;

std::optional<IpHeader> read_v4(Bytes packet) {
  if (packet.size() < ipv4_header_size) return std::nullopt;
  const std::uint16_t fragment = load_u16(&packet[6]);
  IpHeader header{.family = IpFamily::v4,
                  .traffic_class = packet[1],
                  .hop_limit = packet[8],
                  .next_header = packet[9],
                  .dont_fragment = (fragment & dont_fragment_bit) != 0,
                  .is_fragment = (fragment & more_fragments_or_offset) != 0,
                  .header_size = static_cast<std::uint16_t>((packet[0] & 15) * 4),
                  .total_size = load_u16(&packet[2])};
  if (header.header_size < ipv4_header_size || header.total_size < header.header_size) return std::nullopt;
  if (header.total_size > packet.size()) return std::nullopt;
  return header;
}

std::optional<IpHeader> read_v6(Bytes packet) {
  if (packet.size() < ipv6_header_size) return std::nullopt;
  IpHeader header{.family = IpFamily::v6,
                  .traffic_class = static_cast<std::uint8_t>(packet[0] << 4 | packet[1] >> 4),
                  .hop_limit = packet[7],
                  .next_header = packet[6],
                  .dont_fragment = true,
                  .is_fragment = packet[6] == NextHeader::fragment,
                  .header_size = ipv6_header_size,
                  .total_size = static_cast<std::uint32_t>(ipv6_header_size + load_u16(&packet[4]))};
  if (header.total_size > packet.size()) return std::nullopt;
  return header;
}

}  // namespace

std::optional<IpHeader> IpHeader::read(Bytes packet) {
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

void OuterHeader::write(std::uint8_t* at, std::size_t payload_size) const {
  std::memset(at, 0, size());
  if (source.is_v4()) {
    at[0] = 0x45;
    at[1] = traffic_class;
    store_u16(at + 2, narrow<std::uint16_t>(ipv4_header_size + payload_size));
    store_u16(at + 4, identification);
    store_u16(at + 6, dont_fragment ? dont_fragment_bit : 0);
    at[8] = hop_limit;
    at[9] = next_header;
    std::ranges::copy(source.octets(), at + 12);
    std::ranges::copy(destination.octets(), at + 16);
    renew_header_checksum(at);
    return;
  }
  at[0] = static_cast<std::uint8_t>(0x60 | traffic_class >> 4);
  at[1] = static_cast<std::uint8_t>(traffic_class << 4);
  store_u16(at + 4, narrow<std::uint16_t>(payload_size));
  at[6] = next_header;
  at[7] = hop_limit;
  std::ranges::copy(source.octets(), at + 8);
  std::ranges::copy(destination.octets(), at + 24);
}

void write_udp_header(std::uint8_t* at, std::uint16_t source_port, std::uint16_t destination_port,
                      std::size_t payload_size) {
  store_u16(at, source_port);
  store_u16(at + 2, destination_port);
  store_u16(at + 4, narrow<std::uint16_t>(udp_header_size + payload_size));
  store_u16(at + 6, 0);
}

void set_total_size(std::uint8_t* packet, std::size_t total_size) {
  if (packet[0] >> 4 == 6) {
    store_u16(packet + 4, narrow<std::uint16_t>(total_size - ipv6_header_size));
  } else {
    store_u16(packet + 2, narrow<std::uint16_t>(total_size));
  }
}

void renew_header_checksum(std::uint8_t* packet) {
  if (packet[0] >> 4 == 6) return;
  store_u16(packet + 10, 0);
  const std::size_t size = (packet[0] & 15u) * std::size_t{4};
  store_u16(packet + 10, static_cast<std::uint16_t>(~ones_complement_sum({packet, size})));
}

void set_traffic_class(std::uint8_t* packet, std::uint8_t traffic_class) {
  if (packet[0] >> 4 == 6) {
    packet[0] = static_cast<std::uint8_t>(0x60 | traffic_class >> 4);
    packet[1] = static_cast<std::uint8_t>((packet[1] & 15) | traffic_class << 4);
    return;
  }
  // RFC 1624 §3, equation 3: HC' = ~(~HC + ~m + m'), for the 16 bits of which the traffic class is the low half.
  const std::uint32_t before = load_u16(packet);
  packet[1] = traffic_class;
  std::uint32_t sum = (~std::uint32_t{load_u16(packet + 10)} & 0xffff) + (~before & 0xffff) + load_u16(packet);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  store_u16(packet + 10, static_cast<std::uint16_t>(~sum));
}

}  // namespace adit::stack
