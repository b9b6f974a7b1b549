#include "stack/nftables_match.h"

#include <fmt/format.h>

namespace adit::stack {
namespace {

using policy::Filter;

constexpr std::uint8_t ospf = 89;

std::string address_text(const IpRange& range) {
  if (const auto length = range.prefix_length()) return fmt::format("{}/{}", range.first.to_string(), *length);
  return fmt::format("{}-{}", range.first.to_string(), range.last.to_string());
}

/// Octets of the transport header as a number in a range. Of a fragment other than the first, nftables has no transport
/// header, and the expression is false: as the policy has it.
std::string in_range(unsigned bit_offset, unsigned bits, unsigned first, unsigned last) {
  if (first == last) return fmt::format("@th,{},{} {} ", bit_offset, bits, first);
  return fmt::format("@th,{},{} {}-{} ", bit_offset, bits, first, last);
}

std::string port_expression(const policy::ServiceSelector& service) {
  const PortRange& source = service.source_ports;
  const PortRange& destination = service.destination_ports;
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

std::string service_expression(const Filter& filter, IpFamily family) {
  const bool is_v4 = family == IpFamily::v4;
  std::string text;
  if (filter.fragments_only) text += is_v4 ? "ip frag-off & 0x3fff != 0 " : "exthdr frag exists ";
  if (filter.service.opaque) {
    text += is_v4 ? "ip frag-off & 0x1fff != 0 " : "frag frag-off != 0 ";
    return text;
  }
  if (filter.service.protocol != IpProtocol::any) text += fmt::format("meta l4proto {} ", filter.service.protocol);
  text += port_expression(filter.service);
  const bool refuses_opening =
      (filter.connect == policy::ConnectQualifier::inbound && filter.direction == policy::Direction::outbound) ||
      (filter.connect == policy::ConnectQualifier::outbound && filter.direction == policy::Direction::inbound);
  if (refuses_opening) text += "tcp flags & (syn | ack) != syn ";
  return text;
}

}  // namespace

std::optional<std::string> match_expression(const Filter& filter, const RulesetOptions& options) {
  if (filter.source.family() != filter.destination.family()) return std::nullopt;
  const IpFamily family = filter.source.family();
  const std::string_view ip = family == IpFamily::v4 ? "ip" : "ip6";
  std::string text;
  if (filter.security_class != 0) {
    std::string names;
    for (const auto& [name, security_class] : options.security_classes) {
      if (security_class != filter.security_class) continue;
      names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", name);
    }
    if (names.empty()) return std::nullopt;
    text += fmt::format("{} {{ {} }} ", filter.direction == policy::Direction::inbound ? "iifname" : "oifname", names);
  }
  if (filter.source.is_all() && filter.destination.is_all()) {
    text += fmt::format("meta nfproto {} ", family == IpFamily::v4 ? "ipv4" : "ipv6");
  }
  if (!filter.source.is_all()) text += fmt::format("{} saddr {} ", ip, address_text(filter.source));
  if (!filter.destination.is_all()) text += fmt::format("{} daddr {} ", ip, address_text(filter.destination));
  return text + service_expression(filter, family);
}

}  // namespace adit::stack
