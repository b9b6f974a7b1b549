#include "stack/nftables_match.h"

#include <fmt/format.h>

#include <algorithm>

namespace adit::stack {
namespace {

using policy::Filter;

constexpr std::uint8_t ospf = 89;

/// Octets of the transport header as a number in a range. Not to be asked of a fragment other than the first.
std::string in_range(unsigned bit_offset, unsigned bits, unsigned first, unsigned last) {
  if (first == last) return fmt::format("@th,{},{} {} ", bit_offset, bits, first);
  return fmt::format("@th,{},{} {}-{} ", bit_offset, bits, first, last);
}

std::string port_expression(const policy::ServiceSelector& service, Dimensions known) {
  const PortRange source = known.has(by_source_port) ? PortRange::all() : service.source_ports;
  const PortRange destination = known.has(by_destination_port) ? PortRange::all() : service.destination_ports;
  std::string text;
  switch (service.protocol) {
    case IpProtocol::icmp:
    case IpProtocol::icmpv6:  // both hold type << 8 | code, which begin the message
      for (const PortRange& range : {source, destination}) {
        if (!range.is_all()) text += in_range(0, 16, range.first, range.last);
        if (source == destination) break;
      }
      return text;
    case ospf:  // RFC 2328 §A.3.1: the type is the second octet
    case IpProtocol::mobility:
      for (const PortRange& range : {source, destination}) {
        const unsigned offset = service.protocol == ospf ? 8 : 16;  // RFC 6275 §6.1.1: the third
        if (!range.is_all()) text += in_range(offset, 8, range.first >> 8, range.last >> 8);
        if (source == destination) break;
      }
      return text;
    default:
      if (!source.is_all()) text += in_range(0, 16, source.first, source.last);
      if (!destination.is_all()) text += in_range(16, 16, destination.first, destination.last);
      return text;
  }
}

std::string service_expression(const Filter& filter, IpFamily family, Dimensions known) {
  const bool is_v4 = family == IpFamily::v4;
  std::string text;
  if (filter.fragments_only) text += is_v4 ? "ip frag-off & 0x3fff != 0 " : "exthdr frag exists ";
  if (filter.service.opaque) {
    text += is_v4 ? "ip frag-off & 0x1fff != 0 " : "frag frag-off != 0 ";
    return text;
  }
  const bool asks_protocol = filter.service.protocol != IpProtocol::any && !known.has(by_protocol);
  if (asks_protocol) text += fmt::format("meta l4proto {} ", filter.service.protocol);
  text += port_expression(filter.service, known);
  const bool refuses_opening =
      (filter.connect == policy::ConnectQualifier::inbound && filter.direction == policy::Direction::outbound) ||
      (filter.connect == policy::ConnectQualifier::outbound && filter.direction == policy::Direction::inbound);
  if (refuses_opening) text += "tcp flags & (syn | ack) != syn ";
  return text;
}

}  // namespace

bool has_ports(const policy::ServiceSelector& service) {
  return !service.opaque && (service.protocol == IpProtocol::tcp || service.protocol == IpProtocol::udp);
}

std::string address_text(const IpRange& range) {
  if (range.is_single()) return range.first.to_string();
  if (const auto length = range.prefix_length()) return fmt::format("{}/{}", range.first.to_string(), *length);
  return fmt::format("{}-{}", range.first.to_string(), range.last.to_string());
}

std::string interfaces_of(std::uint8_t security_class, const RulesetOptions& options) {
  std::string names;
  for (const auto& [name, its_class] : options.security_classes) {
    if (its_class == security_class) names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", name);
  }
  return "{ " + names + " }";
}

std::optional<std::string> match_expression(const Filter& filter, const RulesetOptions& options) {
  if (filter.source.family() != filter.destination.family()) return std::nullopt;
  const auto is_its = [&](const auto& named) { return named.second == filter.security_class; };
  if (filter.security_class != 0 && std::ranges::none_of(options.security_classes, is_its)) return std::nullopt;
  return remaining_expression(filter, options, {});
}

std::string remaining_expression(const Filter& filter, const RulesetOptions& options, Dimensions known) {
  const IpFamily family = filter.source.family();
  const std::string_view ip = family == IpFamily::v4 ? "ip" : "ip6";
  std::string text;
  if (filter.security_class != 0) {
    text += fmt::format("{} {} ", filter.direction == policy::Direction::inbound ? "iifname" : "oifname",
                        interfaces_of(filter.security_class, options));
  }
  const bool asks_source = !filter.source.is_all() && !known.has(by_source);
  const bool asks_destination = !filter.destination.is_all() && !known.has(by_destination);
  if (!asks_source && !asks_destination && !known.has(by_address)) {
    text += fmt::format("meta nfproto {} ", family == IpFamily::v4 ? "ipv4" : "ipv6");
  }
  if (asks_source) text += fmt::format("{} saddr {} ", ip, address_text(filter.source));
  if (asks_destination) text += fmt::format("{} daddr {} ", ip, address_text(filter.destination));
  return text + service_expression(filter, family, known);
}

Dimensions single_dimensions(const Filter& filter) {
  const policy::ServiceSelector& service = filter.service;
  Dimensions single;
  if (filter.source.is_single()) single = single | by_source;
  if (filter.destination.is_single()) single = single | by_destination;
  if (service.opaque || service.protocol == IpProtocol::any) return single;
  single = single | by_protocol;
  if (!has_ports(service)) return single;
  if (service.source_ports.first == service.source_ports.last) single = single | by_source_port;
  if (service.destination_ports.first == service.destination_ports.last) single = single | by_destination_port;
  return single;
}

}  // namespace adit::stack
