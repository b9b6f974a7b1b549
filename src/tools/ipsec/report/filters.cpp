#include "tools/ipsec/report/filters.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/ipsec/report/values.h"

namespace adit::tools::ipsec {
namespace {

using policy::Filter;

std::string_view name_of(policy::FilterLogging logging) {
  switch (logging) {
    case policy::FilterLogging::all:
      return "All";
    case policy::FilterLogging::permit:
      return "Permit";
    case policy::FilterLogging::deny:
      return "Deny";
    case policy::FilterLogging::none:
      return "None";
  }
  return not_applicable;
}

std::string_view name_of(policy::Routing routing) {
  switch (routing) {
    case policy::Routing::local:
      return "Local";
    case policy::Routing::routed:
      return "Routed";
    case policy::Routing::either:
      return "Both";
  }
  return not_applicable;
}

std::string_view name_of(policy::ConnectQualifier connect) {
  switch (connect) {
    case policy::ConnectQualifier::none:
      return "None";
    case policy::ConnectQualifier::inbound:
      return "ConnectInbound";
    case policy::ConnectQualifier::outbound:
      return "ConnectOutbound";
  }
  return not_applicable;
}

/// What differs between the kinds of filters that share one layout.
struct Row {
  std::string name, extension, group, local_start, action, tunnel, type;
  std::string decision, scope, direction, on_demand, logging, discard;
  std::string protocol_granularity = not_applicable, local_granularity = not_applicable,
              remote_granularity = not_applicable;
  std::string local_port_granularity = not_applicable, remote_port_granularity = not_applicable;
  std::string icmp_type_granularity = not_applicable, icmp_code_granularity = not_applicable,
              mipv6_type_granularity = not_applicable;
  std::string connect = not_applicable, identity_type = not_applicable, identity = not_applicable;
  bool fragments_only = false;
  bool outbound = false;
  std::uint8_t security_class = 0;
  std::uint8_t protocol = 0;
  bool opaque = false;
  IpRange source, destination;
  PortRange source_ports, destination_ports;
  Instant created;
  std::string matches;
};

Entry entry_of(const Row& row) {
  const AddressFields source = address_fields(row.source), destination = address_fields(row.destination);
  const PortFields source_port = port_fields(row.protocol, row.source_ports);
  const PortFields destination_port = port_fields(row.protocol, row.destination_ports);
  const TypeFields types = type_fields(row.protocol, row.source_ports);
  const bool is_ospf = row.protocol == 89;
  const bool is_mobility = row.protocol == IpProtocol::mobility;
  const std::string icmp_type = is_mobility ? not_applicable : types.type;
  const auto& source_granularity = row.outbound ? row.local_granularity : row.remote_granularity;
  const auto& destination_granularity = row.outbound ? row.remote_granularity : row.local_granularity;
  const auto& source_port_granularity = row.outbound ? row.local_port_granularity : row.remote_port_granularity;
  const auto& destination_port_granularity = row.outbound ? row.remote_port_granularity : row.local_port_granularity;
  Entry entry;
  entry.add("FilterName", row.name)
      .add("FilterNameExtension", row.extension)
      .row("GroupName", row.group)
      .row("LocalStartActionName", row.local_start)
      .row("VpnActionName", row.action)
      .row("TunnelID", row.tunnel)
      .row("Type", row.type)
      .add("DefensiveType", not_applicable)
      .add("State", "Active")
      .add("Action", row.decision)
      .add("Scope", row.scope)
      .add("Direction", row.direction)
      .add("OnDemand", row.on_demand)
      .row("SecurityClass", std::to_string(row.security_class))
      .add("Logging", row.logging)
      .add("LogLimit", not_applicable)
      .row("Protocol", row.opaque                        ? "Opaque"
                       : row.protocol == IpProtocol::any ? "All"
                                                         : protocol_text(row.protocol))
      .add("ICMPType", icmp_type)
      .add("ICMPTypeGranularity", row.icmp_type_granularity)
      .called("ICMPTypeGran")
      .add("ICMPCode", is_mobility ? not_applicable : types.code)
      .add("ICMPCodeGranularity", row.icmp_code_granularity)
      .called("ICMPCodeGran")
      .row("OSPFType",
           is_ospf && !row.source_ports.is_all() ? std::to_string(row.source_ports.first >> 8) : not_applicable)
      .add("TCPQualifier", row.protocol == IpProtocol::tcp ? row.connect : not_applicable)
      .add("ProtocolGranularity", row.protocol_granularity)
      .called("ProtocolGran")
      .row("SourceAddress", source.base)
      .row("SourceAddressPrefix", source.prefix)
      .row("SourceAddressRange", source.range)
      .row("SourceAddressGranularity", source_granularity)
      .called("SourceAddressGran")
      .row("SourcePort", source_port.first)
      .add("SourcePortRange", source_port.last)
      .add("SourcePortGranularity", source_port_granularity)
      .called("SourcePortGran")
      .row("DestAddress", destination.base)
      .row("DestAddressPrefix", destination.prefix)
      .row("DestAddressRange", destination.range)
      .row("DestAddressGranularity", destination_granularity)
      .called("DestAddressGran")
      .row("DestPort", destination_port.first)
      .add("DestPortRange", destination_port.last)
      .add("DestPortGranularity", destination_port_granularity)
      .called("DestPortGran")
      .row("OrigRmtConnPort", not_applicable)
      .add("RmtIDPayload", not_applicable)
      .called("RmtIDpayload")
      .add("RmtUdpEncapPort", not_applicable)
      .row("CreateTime", time_text(row.created))
      .add("UpdateTime", time_text(row.created))
      .row("DiscardAction", row.discard)
      .add("MIPv6Type", is_mobility ? types.type : not_applicable)
      .add("MIPv6TypeGranularity", row.mipv6_type_granularity)
      .called("MIPv6TypeGran")
      .add("TypeRange", types.type_range)
      .add("CodeRange", types.code_range)
      .row("RemoteIdentityType", row.identity_type)
      .add("RemoteIdentity", row.identity)
      .row("FragmentsOnly", yes_no(row.fragments_only))
      .add("FilterMatches", row.matches)
      .add("LifetimeExpires", not_applicable)
      .add("AssociatedStackCount", not_applicable);
  return entry;
}

std::string name_of(policy::Granularity granularity) {
  return granularity == policy::Granularity::rule ? "Rule" : "Packet";
}

/// The manual tunnel of a filter; 0x00 when it has none, or that is not installed now.
std::string tunnel_of(const Filter& filter, const FilterTable& table) {
  const auto tunnel = std::ranges::find_if(table.manual, [&](const ManualTunnel& one) {
    return filter.manual != nullptr && one.action.name == filter.manual->name;
  });
  return tunnel == table.manual.end() ? "0x00" : ipsec::name_of(tunnel->tunnel);
}

Row row_of(const Filter& filter, const FilterTable& table, std::uint64_t matches) {
  const bool anchor = filter.vpn != nullptr;
  Row row;
  row.name = filter.rule;
  row.extension = std::to_string(filter.extension);
  row.group = filter.group.empty() ? not_applicable : filter.group;
  row.local_start = filter.local_start && !filter.local_start->name.empty() ? filter.local_start->name : not_applicable;
  row.action = anchor ? filter.vpn->name : filter.manual ? filter.manual->name : not_applicable;
  row.tunnel = anchor ? "Y0" : tunnel_of(filter, table);
  row.type = anchor ? "Dynamic Anchor" : filter.manual ? "Manual" : "Generic";
  row.decision = filter.action == policy::FilterAction::deny ? "Deny" : "Permit";
  row.scope = name_of(filter.routing);
  row.outbound = filter.direction == policy::Direction::outbound;
  row.direction = row.outbound ? "Outbound" : "Inbound";
  row.on_demand = anchor && filter.local_start ? yes_no(filter.local_start->allow_on_demand) : not_applicable;
  row.logging = name_of(filter.logging);
  row.discard = filter.discard == policy::DiscardAction::icmp ? "ICMP" : "Silent";
  row.security_class = filter.security_class;
  row.protocol = filter.service.protocol;
  row.opaque = filter.service.opaque;
  row.source = filter.source;
  row.destination = filter.destination;
  row.source_ports = filter.service.source_ports;
  row.destination_ports = filter.service.destination_ports;
  row.connect = name_of(filter.connect);
  row.fragments_only = filter.fragments_only;
  row.created = table.installed_at;
  row.matches = std::to_string(matches);
  if (anchor && filter.local_start) {
    row.protocol_granularity = name_of(filter.local_start->protocol);
    row.local_granularity = name_of(filter.local_start->local_address);
    row.remote_granularity = name_of(filter.local_start->remote_address);
    row.local_port_granularity = name_of(filter.local_start->local_port);
    row.remote_port_granularity = name_of(filter.local_start->remote_port);
    // One field for both families: the filter is of one of them.
    const bool is_v6 = filter.source.family() == IpFamily::v6;
    row.icmp_type_granularity = name_of(is_v6 ? filter.local_start->icmpv6_type : filter.local_start->icmp_type);
    row.icmp_code_granularity = name_of(is_v6 ? filter.local_start->icmpv6_code : filter.local_start->icmp_code);
    row.mipv6_type_granularity = name_of(filter.local_start->mipv6_type);
  }
  if (filter.remote_identity) {
    row.identity_type = adit::name_of(filter.remote_identity->type);
    row.identity =
        filter.remote_identity->exact ? filter.remote_identity->exact->to_string() : filter.remote_identity->text;
  }
  return row;
}

/// A dynamic filter: what one SA of the anchor carries, in the anchor's direction.
Row row_of(const InstalledTunnel& tunnel, const Filter& anchor, const FilterTable& table, const TrafficSelector& local,
           const TrafficSelector& remote) {
  Row row = row_of(anchor, table,
                   anchor.direction == policy::Direction::outbound ? tunnel.counters.outbound_packets
                                                                   : tunnel.counters.inbound_packets);
  const auto& [from, to] = row.outbound ? std::pair{local, remote} : std::pair{remote, local};
  row.type = "Dynamic";
  row.tunnel = ipsec::name_of(tunnel.sa.name.tunnel);
  row.on_demand = row.local_start = not_applicable;
  row.protocol_granularity = row.local_granularity = row.remote_granularity = not_applicable;
  row.local_port_granularity = row.remote_port_granularity = not_applicable;
  row.icmp_type_granularity = row.icmp_code_granularity = row.mipv6_type_granularity = not_applicable;
  row.protocol = std::max(local.protocol, remote.protocol);  // any is 0
  row.source = from.addresses;
  row.destination = to.addresses;
  row.source_ports = from.ports;
  row.destination_ports = to.ports;
  return row;
}

Row implicit_deny(IpFamily family, policy::Direction direction, const FilterTable& table) {
  Row row;
  row.name = "SYSDEFAULTDENYRULE";
  row.extension = "1";
  row.group = row.local_start = row.action = row.on_demand = not_applicable;
  row.tunnel = "0x00";
  row.type = "Generic";
  row.decision = "Deny";
  row.scope = "Both";
  row.outbound = direction == policy::Direction::outbound;
  row.direction = row.outbound ? "Outbound" : "Inbound";
  row.logging = table.policy.logging ? "All" : "None";
  row.discard = table.policy.implicit_discard == policy::DiscardAction::icmp ? "ICMP" : "Silent";
  row.source = row.destination = IpRange::all(family);
  row.created = table.installed_at;
  row.matches = not_applicable;  // what no filter takes is not counted
  return row;
}

template <class Takes>
void add_dynamic(std::vector<Entry>& entries, const Filter& anchor, const FilterTable& table, Takes takes) {
  for (const InstalledTunnel& tunnel : table.tunnels) {
    if (tunnel.sa.filter_rule != anchor.rule) continue;
    for (const TrafficSelector& local : tunnel.sa.local_ts) {
      for (const TrafficSelector& remote : tunnel.sa.remote_ts) {
        const bool is_one = local.protocol == remote.protocol || local.protocol == IpProtocol::any ||
                            remote.protocol == IpProtocol::any;
        if (!is_one) continue;  // no packet is of both
        if (!anchor.local_selector().contains(local) || !anchor.remote_selector().contains(remote)) continue;
        if (!takes(local, remote)) continue;
        entries.push_back(entry_of(row_of(tunnel, anchor, table, local, remote)));
      }
    }
  }
}

}  // namespace

bool FilterSelection::takes(const Filter& filter) const {
  if (names.empty() && groups.empty()) return true;
  return std::ranges::find(names, filter.rule) != names.end() ||
         std::ranges::find(groups, filter.group) != groups.end();
}

std::vector<Entry> filter_entries(const FilterTable& table) { return filter_entries(table, {}); }

std::vector<Entry> filter_entries(const FilterTable& table, const FilterSelection& selection) {
  std::vector<Entry> entries;
  // IPv4 filters first, then IPv6; within a family the order of search (reference: installed table and displays).
  for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
    for (std::size_t i = 0; i < table.policy.filters.size(); ++i) {
      const Filter& filter = table.policy.filters[i];
      if (filter.source.family() != family || !selection.takes(filter)) continue;
      entries.push_back(entry_of(row_of(filter, table, i < table.matches.size() ? table.matches[i] : 0)));
      if (filter.vpn) add_dynamic(entries, filter, table, [](const auto&...) { return true; });
    }
    if (!selection.names.empty() || !selection.groups.empty()) continue;
    entries.push_back(entry_of(implicit_deny(family, policy::Direction::outbound, table)));
    entries.push_back(entry_of(implicit_deny(family, policy::Direction::inbound, table)));
  }
  return entries;
}

std::vector<Entry> matching_entries(const FilterTable& table, const TestTraffic& traffic) {
  std::vector<Entry> entries;
  const PacketSelectors& packet = traffic.packet;
  for (const policy::PacketPath& path : traffic.paths()) {
    const bool leaves = path.direction == policy::Direction::outbound;
    const auto carries = [&](const TrafficSelector& local, const TrafficSelector& remote) {
      return covers(local, packet, leaves ? PacketEnd::source : PacketEnd::destination) &&
             covers(remote, packet, leaves ? PacketEnd::destination : PacketEnd::source);
    };
    for (std::size_t i = 0; i < table.policy.filters.size(); ++i) {
      const Filter& filter = table.policy.filters[i];
      if (!policy::matches(filter, packet, path)) continue;
      entries.push_back(entry_of(row_of(filter, table, i < table.matches.size() ? table.matches[i] : 0)));
      if (filter.vpn) add_dynamic(entries, filter, table, carries);
    }
    entries.push_back(entry_of(implicit_deny(packet.source.family(), path.direction, table)));
  }
  return entries;
}

std::vector<HeadingLine> test_heading(const policy::FilterPolicy& policy, const TestTraffic& traffic) {
  std::vector<HeadingLine> lines{{{"TestData", traffic.to_string()}}};
  for (const policy::PacketPath& path : traffic.paths()) {
    const Decision decision = decide(policy, traffic, path);
    lines.push_back({{"Decision", decision.text}});
    for (const std::string& reason : decision.passed_over) lines.push_back({{"Passed over", reason}});
  }
  return lines;
}

std::vector<HeadingLine> filter_heading(const policy::FilterPolicy& policy, Seconds nat_keep_alive) {
  const auto on_off = [](bool value) { return value ? "On" : "Off"; };
  return {{{"Logging", on_off(policy.logging)}, {"Predecap", on_off(policy.pre_decap)}, {"DVIPSec", "No"}},
          {{"NatKeepAlive", std::to_string(nat_keep_alive.count())}, {"FIPS140", yes_no(policy.fips140)}},
          {{"Defensive Mode", "Inactive"}}};
}

}  // namespace adit::tools::ipsec
