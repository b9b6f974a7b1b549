#include <utility>

#include "tools/ipsec/report/protection.h"
#include "tools/ipsec/report/tunnels.h"
#include "tools/ipsec/report/values.h"

namespace adit::tools::ipsec {
namespace {

/// Any: the address that each packet has there.
std::string end_text(const std::optional<IpAddress>& address, IpFamily family) {
  if (address) return address->to_string();
  return family == IpFamily::v4 ? "Any4" : "Any6";
}

}  // namespace

Entry manual_tunnel_entry(const ManualTunnel& tunnel) {
  const policy::ManVpnAction& action = tunnel.action;
  const bool is_tunnel = action.how_to_encap == policy::EncapsulationChoice::tunnel;
  Entry entry;
  entry.add("TunnelID", name_of(tunnel.tunnel))
      .row("VpnActionName", action.name)
      .row("State", tunnel.is_active ? "Active" : "Inactive")
      .row("HowToEncap", is_tunnel ? "Tunnel" : "Transport")
      .row("LocalEndPoint", end_text(action.local, action.family))
      .add("RemoteEndPoint", end_text(action.remote, action.family));
  contract::ChildTransforms transforms{.protocol = action.ah ? contract::SaProtocol::ah : contract::SaProtocol::esp,
                                       .encryption = action.encryption,
                                       .key_bits = action.key_bits,
                                       .integrity = action.integrity};
  std::optional<ike::AhSpis> around_esp;
  if (action.around_esp) {
    around_esp = {.inbound = action.around_esp->inbound, .outbound = action.around_esp->outbound};
    transforms.around_esp = std::exchange(transforms.integrity, IntegrityId::none);
  }
  add_protection(entry, transforms, action.inbound_spi, action.outbound_spi, around_esp);
  entry.row("OutboundPackets", std::to_string(tunnel.counters.outbound_packets))
      .add("OutboundBytes", std::to_string(tunnel.counters.outbound_octets))
      .add("InboundPackets", std::to_string(tunnel.counters.inbound_packets))
      .add("InboundBytes", std::to_string(tunnel.counters.inbound_octets))
      .row("Lifesize", lifesize_text(action.lifesize_kbytes))
      .add("LifetimeExpires", time_text(tunnel.expires_at))
      .row("PassthroughDF", is_tunnel ? yes_no(action.df == policy::DfSetting::copy) : not_applicable)
      .add("PassthroughDSCP", is_tunnel ? yes_no(action.copy_dscp) : not_applicable);
  return entry;
}

}  // namespace adit::tools::ipsec
