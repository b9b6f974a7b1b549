#include "policy/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace adit::policy {
namespace {

template <class T>
bool equal_behind(const std::shared_ptr<const T>& a, const std::shared_ptr<const T>& b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a == b || *a == *b;
}

TrafficSelector selector(const ServiceSelector& service, const IpRange& addresses, const PortRange& ports) {
  // What hides its ports is negotiated as OPAQUE (RFC 7296 §3.13.1).
  return {.protocol = service.protocol, .ports = service.opaque ? PortRange::opaque() : ports, .addresses = addresses};
}

}  // namespace

std::string SourceRange::to_string() const { return fmt::format("{}:{}", file, line); }

bool ManVpnAction::Keys::operator==(const Keys& other) const {
  return SecretView{encryption} == SecretView{other.encryption} && SecretView{integrity} == SecretView{other.integrity};
}

bool ManVpnAction::is_same_tunnel(const ManVpnAction& other) const {
  const auto plain = [](const ManVpnAction& action) {
    return std::tie(action.name, action.active, action.local, action.remote, action.family, action.how_to_encap,
                    action.ah, action.encryption, action.key_bits, action.integrity, action.inbound_spi,
                    action.outbound_spi, action.around_esp, action.df, action.copy_dscp, action.lifetime,
                    action.lifesize_kbytes, action.is_installed);
  };
  return plain(*this) == plain(other) && inbound == other.inbound && outbound == other.outbound &&
         equal_behind(time, other.time);
}

bool ManVpnAction::operator==(const ManVpnAction& other) const { return at == other.at && is_same_tunnel(other); }

bool Filter::operator==(const Filter& other) const {
  const auto plain = [](const Filter& filter) {
    return std::tie(filter.rule, filter.extension, filter.group, filter.direction, filter.source, filter.destination,
                    filter.service, filter.connect, filter.routing, filter.fragments_only, filter.security_class,
                    filter.action, filter.logging, filter.discard, filter.remote_identity, filter.at);
  };
  return plain(*this) == plain(other) && equal_behind(vpn, other.vpn) && equal_behind(manual, other.manual) &&
         equal_behind(local_start, other.local_start) && equal_behind(time, other.time);
}

TrafficSelector Filter::local_selector() const {
  return direction == Direction::outbound ? selector(service, source, service.source_ports)
                                          : selector(service, destination, service.destination_ports);
}

TrafficSelector Filter::remote_selector() const {
  return direction == Direction::outbound ? selector(service, destination, service.destination_ports)
                                          : selector(service, source, service.source_ports);
}

bool KeyExchangeRule::operator==(const KeyExchangeRule& other) const {
  const auto plain = [](const KeyExchangeRule& rule) {
    return std::tie(rule.name, rule.local_identity, rule.local_locations, rule.remote_identity, rule.remote_locations,
                    rule.initiate_to, rule.ca_labels, rule.at);
  };
  return plain(*this) == plain(other) && equal_behind(action, other.action) &&
         SecretView{shared_key} == SecretView{other.shared_key};
}

const LocalDynVpnRule* PolicySnapshot::find_local_dyn_vpn(std::string_view name) const {
  const auto rule = std::ranges::find(local_dyn_vpn, name, &LocalDynVpnRule::name);
  return rule == local_dyn_vpn.end() ? nullptr : &*rule;
}

}  // namespace adit::policy
