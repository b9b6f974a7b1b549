#include "base/traffic_selector.h"

#include <fmt/format.h>

#include <algorithm>

namespace adit {
namespace {

constexpr std::uint8_t dccp = 33, ospf = 89, sctp = 132, udp_lite = 136;

std::string port_text(std::uint8_t protocol, std::uint16_t port) {
  const bool has_code = protocol == IpProtocol::icmp || protocol == IpProtocol::icmpv6;
  if (has_code) return fmt::format("{}:{}", port >> 8, port & 255);
  return std::to_string(upper_fields(protocol) == UpperFields::type ? port >> 8 : port);
}

std::string ports_text(std::uint8_t protocol, const PortRange& ports) {
  if (ports.is_opaque()) return "opaque";
  if (ports.first == ports.last) return port_text(protocol, ports.first);
  return port_text(protocol, ports.first) + "-" + port_text(protocol, ports.last);
}

}  // namespace

UpperFields upper_fields(std::uint8_t protocol) {
  switch (protocol) {
    case IpProtocol::tcp:
    case IpProtocol::udp:
    case dccp:
    case sctp:
    case udp_lite:
      return UpperFields::ports;
    case IpProtocol::icmp:
    case IpProtocol::icmpv6:
    case IpProtocol::mobility:
    case ospf:
      return UpperFields::type;
    default:
      return UpperFields::none;
  }
}

std::optional<PortRange> PortRange::intersection(const PortRange& other) const {
  if (is_opaque() || other.is_opaque()) {
    if (contains(other)) return other;
    if (other.contains(*this)) return *this;
    return std::nullopt;
  }
  const PortRange common{std::max(first, other.first), std::min(last, other.last)};
  if (common.first > common.last) return std::nullopt;
  return common;
}

bool TrafficSelector::contains(const TrafficSelector& other) const {
  return (protocol == IpProtocol::any || protocol == other.protocol) && ports.contains(other.ports) &&
         addresses.contains(other.addresses);
}

std::optional<TrafficSelector> TrafficSelector::intersection(const TrafficSelector& other) const {
  if (protocol != IpProtocol::any && other.protocol != IpProtocol::any && protocol != other.protocol) {
    return std::nullopt;
  }
  const auto common_ports = ports.intersection(other.ports);
  const auto common_addresses = addresses.intersection(other.addresses);
  if (!common_ports || !common_addresses) return std::nullopt;
  return TrafficSelector{.protocol = std::max(protocol, other.protocol),  // any is 0
                         .ports = *common_ports,
                         .addresses = *common_addresses};
}

std::string TrafficSelector::to_string() const {
  if (protocol == IpProtocol::any && ports.is_all()) return addresses.to_string();
  if (ports.is_all()) return fmt::format("{}[{}]", addresses.to_string(), protocol_name(protocol));
  return fmt::format("{}[{}/{}]", addresses.to_string(), protocol_name(protocol), ports_text(protocol, ports));
}

std::string to_string(const TrafficSelectors& selectors) {
  std::string text;
  for (const TrafficSelector& selector : selectors) text += (text.empty() ? "" : ", ") + selector.to_string();
  return text;
}

std::string PacketSelectors::to_string() const {
  return fmt::format("{} {}[{}] -> {}[{}]", protocol_name(protocol), source.to_string(),
                     port_text(protocol, source_port), destination.to_string(), port_text(protocol, destination_port));
}

bool covers(const TrafficSelector& selector, const PacketSelectors& packet, PacketEnd end) {
  if (selector.protocol != IpProtocol::any && selector.protocol != packet.protocol) return false;
  const bool is_source = end == PacketEnd::source;
  if (!selector.addresses.contains(is_source ? packet.source : packet.destination)) return false;
  if (selector.ports.is_all()) return true;
  const UpperFields fields = upper_fields(packet.protocol);
  if (fields == UpperFields::type && !is_source) return true;
  if (packet.ports_hidden || fields == UpperFields::none) return selector.ports.is_opaque();
  return selector.ports.contains(is_source ? packet.source_port : packet.destination_port);
}

bool carry(const TrafficSelectors& sources, const TrafficSelectors& destinations, const PacketSelectors& packet) {
  const auto any_covers = [&](const TrafficSelectors& selectors, PacketEnd end) {
    return std::ranges::any_of(selectors, [&](const TrafficSelector& one) { return covers(one, packet, end); });
  };
  return any_covers(sources, PacketEnd::source) && any_covers(destinations, PacketEnd::destination);
}

std::string protocol_name(std::uint8_t protocol) {
  switch (protocol) {
    case IpProtocol::any:
      return "all";
    case IpProtocol::icmp:
      return "icmp";
    case IpProtocol::tcp:
      return "tcp";
    case IpProtocol::udp:
      return "udp";
    case IpProtocol::esp:
      return "esp";
    case IpProtocol::ah:
      return "ah";
    case IpProtocol::icmpv6:
      return "icmpv6";
    case IpProtocol::mobility:
      return "mipv6";
    default:
      return std::to_string(protocol);
  }
}

}  // namespace adit
