#include "base/traffic_selector.h"

#include <fmt/format.h>

#include <algorithm>

namespace adit {
namespace {

bool has_type_and_code(std::uint8_t protocol) {
  return protocol == IpProtocol::icmp || protocol == IpProtocol::icmpv6 || protocol == IpProtocol::mobility;
}

std::string port_text(std::uint8_t protocol, std::uint16_t port) {
  if (has_type_and_code(protocol)) return fmt::format("{}:{}", port >> 8, port & 255);
  return std::to_string(port);
}

std::string ports_text(std::uint8_t protocol, const PortRange& ports) {
  if (ports.is_opaque()) return "opaque";
  if (ports.first == ports.last) return port_text(protocol, ports.first);
  return port_text(protocol, ports.first) + "-" + port_text(protocol, ports.last);
}

}  // namespace

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

bool covers(const TrafficSelector& selector, std::uint8_t protocol, const IpAddress& address, std::uint16_t port,
            bool ports_hidden) {
  if (selector.protocol != IpProtocol::any && selector.protocol != protocol) return false;
  if (!selector.addresses.contains(address)) return false;
  if (selector.ports.is_all()) return true;
  if (ports_hidden) return selector.ports.is_opaque();
  return selector.ports.contains(port);
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
