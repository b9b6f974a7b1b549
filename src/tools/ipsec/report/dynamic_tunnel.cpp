#include <fmt/format.h>

#include <algorithm>

#include "tools/ipsec/report/protection.h"
#include "tools/ipsec/report/tunnels.h"
#include "tools/ipsec/report/values.h"

namespace adit::tools::ipsec {
namespace {

std::string_view name_of(ike::ChildState state) {
  switch (state) {
    case ike::ChildState::pending:
      return "Pending";
    case ike::ChildState::in_negotiation:
      return "In negotiation";
    case ike::ChildState::active:
      return "Active";
    case ike::ChildState::half_closed:
      return "Half-closed";
    case ike::ChildState::expired:
      return "Expired";
  }
  return not_applicable;
}

std::string_view name_of(ike::Activation activation) {
  switch (activation) {
    case ike::Activation::on_demand:
      return "On-demand";
    case ike::Activation::command:
      return "Command";
    case ike::Activation::automatic:
      return "Auto";
    case ike::Activation::remote:
      return "Remote";
  }
  return not_applicable;
}

std::string or_not_applicable(const std::string& text) { return text.empty() ? not_applicable : text; }

void add_endpoints(Entry& entry, contract::EncapsulationMode mode, const IpAddress& local, const IpAddress& remote,
                   const TrafficSelectors& local_ts, const TrafficSelectors& remote_ts) {
  // One contiguous range a field is what these have room for: that of the first selector.
  const auto base = [](const TrafficSelectors& selectors) {
    return selectors.empty() ? AddressFields{not_applicable, not_applicable, not_applicable}
                             : address_fields(selectors.front().addresses);
  };
  const AddressFields here = base(local_ts), there = base(remote_ts);
  entry.row("HowToEncap", mode == contract::EncapsulationMode::tunnel ? "Tunnel" : "Transport")
      .row("LocalEndPoint", local.to_string())
      .add("RemoteEndPoint", remote.to_string())
      .row("LocalAddressBase", here.base)
      .add("LocalAddressPrefix", here.prefix)
      .add("LocalAddressRange", here.range)
      .row("RemoteAddressBase", there.base)
      .add("RemoteAddressPrefix", there.prefix)
      .add("RemoteAddressRange", there.range);
}

void add_selectors(Entry& entry, const TrafficSelectors& local_ts, const TrafficSelectors& remote_ts) {
  const TrafficSelector local = local_ts.empty() ? TrafficSelector{} : local_ts.front();
  const TrafficSelector remote = remote_ts.empty() ? TrafficSelector{} : remote_ts.front();
  const PortFields here = port_fields(local.protocol, local.ports), there = port_fields(remote.protocol, remote.ports);
  const TypeFields types = type_fields(local.protocol, local.ports);
  entry.row("Protocol", protocol_text(local.protocol))
      .add("LocalPort", here.first)
      .add("LocalPortRange", here.last)
      .add("RemotePort", there.first)
      .add("RemotePortRange", there.last)
      .row("Type", types.type)
      .add("TypeRange", types.type_range)
      .add("Code", types.code)
      .add("CodeRange", types.code_range);
  if (local_ts.size() <= 1 && remote_ts.size() <= 1) return;
  // The fields above are the first one's; an SA of several has all of them here.
  entry.row("LocalSelectors", to_string(local_ts)).row("RemoteSelectors", to_string(remote_ts));
}

// What lies between the ends. The stack knows whether ESP goes in UDP; of the NATs themselves iked alone knows.
void add_nat(Entry& entry, const std::optional<contract::UdpEncapsulation>& udp, const IpAddress& remote,
             const TrafficSelectors& remote_ts, const ike::IkeTunnelView* parent) {
  const auto known = [parent](auto fact) { return parent == nullptr ? not_applicable : yes_no(fact(*parent)); };
  const bool is_host = !remote_ts.empty() && std::ranges::all_of(remote_ts, [&](const TrafficSelector& selector) {
    return selector.addresses == IpRange::of(remote);
  });
  entry.row("UdpEncapMode", yes_no(udp.has_value()))
      .add("LclNATDetected", known([](const ike::IkeTunnelView& tunnel) { return tunnel.nat_local; }))
      .add("RmtNATDetected", known([](const ike::IkeTunnelView& tunnel) { return tunnel.nat_remote; }))
      .add("RmtNAPTDetected", known(has_napt_in_front_of_remote))
      .add("RmtIsGw", yes_no(!is_host))
      .add("RmtIsZOS", "No")
      .add("zOSCanInitP2SA",
           known([](const ike::IkeTunnelView& tunnel) { return !has_napt_in_front_of_remote(tunnel); }))
      .add("RmtUdpEncapPort", udp ? std::to_string(udp->remote_port) : not_applicable)
      .add("SrcNATOARcvd", not_applicable)
      .add("DstNATOARcvd", not_applicable);
}

}  // namespace

Entry negotiated_tunnel_entry(const ike::DynamicTunnelView& tunnel, const ike::IkeTunnelView* parent) {
  Entry entry;
  entry.add("TunnelID", name_of(tunnel.name.tunnel))
      .add("Generation", std::to_string(tunnel.name.generation))
      .add("IKEVersion", fmt::format("{}.0", tunnel.version))
      .add("ParentIKETunnelID", tunnel.parent.value() == 0 ? not_applicable : name_of(tunnel.parent))
      .row("VpnActionName", tunnel.vpn_action)
      .row("LocalDynVpnRule", or_not_applicable(tunnel.local_dyn_vpn_rule))
      .row("State", std::string{name_of(tunnel.state)});
  add_endpoints(entry, tunnel.mode, tunnel.local, tunnel.remote, tunnel.local_ts, tunnel.remote_ts);
  add_protection(entry, tunnel.transforms, tunnel.inbound_spi, tunnel.outbound_spi, tunnel.ah);
  add_selectors(entry, tunnel.local_ts, tunnel.remote_ts);
  entry.row("Lifesize", lifesize_text(tunnel.lifesize_kbytes))
      .add("Lifetime", minutes_text(tunnel.lifetime))
      .add("LifetimeRefresh", time_text(tunnel.refresh_at))
      .add("LifetimeExpires", time_text(tunnel.expires_at))
      .add("VPNLifeExpires", time_text(tunnel.vpn_life_expires_at));
  add_nat(entry, tunnel.udp, tunnel.remote, tunnel.remote_ts, parent);
  entry
      .row("DiffieHellmanGroup",
           tunnel.group == GroupId::none ? not_applicable : std::to_string(static_cast<unsigned>(tunnel.group)))
      .add("AnchorFilterName", or_not_applicable(tunnel.filter_rule))
      .add("ActivationMethod", std::string{name_of(tunnel.activation)});
  return entry;
}

Entry installed_tunnel_entry(const InstalledTunnel& tunnel, Instant now) {
  const contract::InstallChildSa& sa = tunnel.sa;
  const auto kbytes = [](const std::optional<std::uint64_t>& octets) {
    return octets ? std::optional{*octets / 1024} : std::nullopt;
  };
  const bool is_tunnel = sa.mode == contract::EncapsulationMode::tunnel;
  Entry entry;
  entry.add("TunnelID", name_of(sa.name.tunnel))
      .add("Generation", std::to_string(sa.name.generation))
      .add("IKEVersion", sa.ike_version == contract::IkeVersion::v1 ? "1.0" : "2.0")
      .add("ParentIKETunnelID", name_of(sa.parent))
      .row("VpnActionName", sa.vpn_action)
      .row("LocalDynVpnRule", or_not_applicable(sa.local_dyn_vpn_rule))
      .row("State", "Active");
  add_endpoints(entry, sa.mode, sa.local, sa.remote, sa.local_ts, sa.remote_ts);
  const auto ah =
      sa.ah ? std::optional{ike::AhSpis{.inbound = sa.ah->inbound_spi, .outbound = sa.ah->outbound_spi}} : std::nullopt;
  add_protection(entry, sa.transforms, sa.inbound_spi, sa.outbound_spi, ah);
  add_selectors(entry, sa.local_ts, sa.remote_ts);
  entry.row("OutboundPackets", std::to_string(tunnel.counters.outbound_packets))
      .add("OutboundBytes", std::to_string(tunnel.counters.outbound_octets))
      .add("InboundPackets", std::to_string(tunnel.counters.inbound_packets))
      .add("InboundBytes", std::to_string(tunnel.counters.inbound_octets))
      .row("Lifesize", lifesize_text(kbytes(sa.lifetimes.hard_octets)))
      .add("LifesizeRefresh", lifesize_text(kbytes(sa.lifetimes.soft_octets)))
      .add("CurrentByteCount", fmt::format("{}b", tunnel.counters.inbound_octets + tunnel.counters.outbound_octets))
      .row("LifetimeExpires", time_text(tunnel.expires_at))
      .add("CurrentTime", time_text(now));
  add_nat(entry, sa.udp, sa.remote, sa.remote_ts, nullptr);
  entry.row("PassthroughDF", is_tunnel ? yes_no(sa.df == contract::DfPolicy::copy) : not_applicable)
      .add("PassthroughDSCP", is_tunnel ? yes_no(sa.copy_dscp) : not_applicable);
  return entry;
}

}  // namespace adit::tools::ipsec
