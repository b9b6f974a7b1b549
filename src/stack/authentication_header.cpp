#include "stack/authentication_header.h"

#include <cstring>

#include "base/narrow.h"
#include "stack/ip_header.h"
#include "stack/network_order.h"
#include "stack/packet_selectors.h"

namespace adit::stack {
namespace {

constexpr std::size_t v4_protocol_at = 9, v6_next_header_at = 6;

/// Size of the IPv6 extension header at `at`, or 0 when it is not there in whole.
std::size_t extension_size(Bytes packet, std::size_t at) {
  if (at + 8 > packet.size()) return 0;
  const std::size_t size = 8 + std::size_t{packet[at + 1]} * 8;
  return at + size <= packet.size() ? size : 0;
}

/// Whether an IPv4 source route has stops left (RFC 791 §3.1): the address that AH would cover is not yet the last.
bool has_stops_left(Bytes options) {
  constexpr std::uint8_t end = 0, no_operation = 1, loose = 131, strict = 137;
  for (std::size_t at = 0; at < options.size() && options[at] != end;) {
    if (options[at] == no_operation) {
      ++at;
      continue;
    }
    if (at + 2 >= options.size() || options[at + 1] < 2) return false;
    if (options[at] == loose || options[at] == strict) return options[at + 2] <= options[at + 1];
    at += options[at + 1];
  }
  return false;
}

std::expected<HeadersBeforeAh, Drop> place_in_v6(Bytes packet) {
  HeadersBeforeAh place{.size = ipv6_header_size, .next_header_at = v6_next_header_at};
  HeadersBeforeAh walked = place;
  for (unsigned seen = 0;; ++seen) {
    const std::uint8_t next = packet[walked.next_header_at];
    if (next == NextHeader::fragment) return std::unexpected{Drop::fragment};
    const bool is_routing = next == NextHeader::routing;
    if (!is_routing && next != NextHeader::hop_by_hop && next != NextHeader::destination_options) return place;
    const std::size_t size = extension_size(packet, walked.size);
    if (size == 0 || seen == most_extension_headers) return std::unexpected{Drop::malformed};
    if (is_routing && packet[walked.size + 3] != 0) return std::unexpected{Drop::unsupported_header};
    walked = {.size = walked.size + size, .next_header_at = walked.size};
    // Destination options count only before a routing header: else they are for the end, and AH may cover them.
    if (next != NextHeader::destination_options) place = walked;
  }
}

}  // namespace

std::optional<AuthenticationHeader> AuthenticationHeader::read(Bytes octets) {
  if (octets.size() < fixed_size) return std::nullopt;
  const std::size_t size = (std::size_t{octets[1]} + 2) * 4;  // in 32-bit words, without two of them (§2.2)
  if (size < fixed_size || size > octets.size()) return std::nullopt;
  return AuthenticationHeader{
      .next_header = octets[0], .size = size, .spi = load_u32(&octets[4]), .sequence = load_u32(&octets[8])};
}

void AuthenticationHeader::write(std::uint8_t* at) const {
  std::memset(at, 0, size);
  at[0] = next_header;
  at[1] = narrow<std::uint8_t>(size / 4 - 2);
  store_u32(at + 4, spi);
  store_u32(at + 8, sequence);
}

std::size_t ah_size(IpFamily family, std::size_t icv_field) {
  const std::size_t alignment = family == IpFamily::v4 ? 4 : 8;
  return (AuthenticationHeader::fixed_size + icv_field + alignment - 1) / alignment * alignment;
}

std::expected<HeadersBeforeAh, Drop> place_of_ah(Bytes packet) {
  const auto header = IpHeader::read(packet);
  if (!header) return std::unexpected{Drop::malformed};
  if (header->is_fragment) return std::unexpected{Drop::fragment};  // whole datagrams alone (§3.3.4)
  packet = packet.first(header->total_size);
  if (header->family == IpFamily::v4) {
    const Bytes options = packet.first(header->header_size).subspan(ipv4_header_size);
    if (has_stops_left(options)) return std::unexpected{Drop::unsupported_header};
    return HeadersBeforeAh{.size = header->header_size, .next_header_at = v4_protocol_at};
  }
  auto place = place_in_v6(packet);
  if (place && place->size > most_before_ah) return std::unexpected{Drop::unsupported_header};
  return place;
}

std::optional<HeadersBeforeAh> find_ah(Bytes packet) {
  const auto header = IpHeader::read(packet);
  if (!header || header->is_fragment) return std::nullopt;
  packet = packet.first(header->total_size);
  HeadersBeforeAh before{.size = header->header_size,
                         .next_header_at = header->family == IpFamily::v4 ? v4_protocol_at : v6_next_header_at};
  while (packet[before.next_header_at] != NextHeader::ah) {
    const std::uint8_t next = packet[before.next_header_at];
    const bool may_precede =
        next == NextHeader::hop_by_hop || next == NextHeader::routing || next == NextHeader::destination_options;
    if (header->family == IpFamily::v4 || !may_precede) return std::nullopt;
    const std::size_t size = extension_size(packet, before.size);
    if (size == 0 || before.size + size > most_before_ah) return std::nullopt;
    before = {.size = before.size + size, .next_header_at = before.size};
  }
  return before;
}

}  // namespace adit::stack
