#include "policy/nearest.h"
#include "policy/resolver.h"

namespace adit::policy {
namespace {

constexpr unsigned ospf = 89;

bool has_ports(unsigned protocol) { return protocol == IpProtocol::tcp || protocol == IpProtocol::udp; }
bool has_code(unsigned protocol) { return protocol == IpProtocol::icmp || protocol == IpProtocol::icmpv6; }
bool has_type(unsigned protocol) { return has_code(protocol) || protocol == IpProtocol::mobility || protocol == ospf; }

}  // namespace

PortRange Resolver::ports(const Statement& statement, Attribute id, unsigned protocol) {
  const Entry* entry = statement.find(id);
  if (entry == nullptr) return PortRange::all();
  const Span& span = value_as<Span>(statement, id);
  if (!has_ports(protocol) && span.last != 0) {
    findings_.error(entry->at, {.problem = "ports of a protocol that has none",
                                .found = std::string{entry->row->name},
                                .expected = "Protocol Tcp or Udp",
                                .nearest = {}});
  }
  if (span.last == 0) return PortRange::all();  // 0: all ports
  return {static_cast<std::uint16_t>(span.first), static_cast<std::uint16_t>(span.last)};
}

std::vector<PortRange> Resolver::types_and_codes(const Statement& statement, unsigned protocol) {
  const auto coded = [&](Attribute id) -> std::optional<Span> {
    const Entry* entry = statement.find(id);
    const auto* span = entry == nullptr ? nullptr : std::get_if<Span>(&entry->value);
    return span == nullptr ? std::nullopt : std::optional{*span};
  };
  const auto refuse = [&](Attribute id, std::string_view problem, std::string_view expected) {
    const Entry* entry = statement.find(id);
    findings_.error(entry->at, {.problem = std::string{problem},
                                .found = std::string{entry->row->name},
                                .expected = std::string{expected},
                                .nearest = {}});
    return std::vector{PortRange::all()};
  };
  const auto type = coded(Attribute::type);
  const auto code = coded(Attribute::code);
  if (type && !has_type(protocol)) {
    return refuse(Attribute::type, "type of a protocol that has none", "Protocol Icmp, Icmpv6, Ospf or MIPv6");
  }
  if (code && !has_code(protocol)) {
    return refuse(Attribute::code, "code of a protocol that has none", "Protocol Icmp or Icmpv6");
  }
  const Span types = type.value_or(Span{0, 255});
  // Without codes the low octet is zero at both ends (RFC 7296 §3.13.1).
  const Span codes = code.value_or(has_code(protocol) ? Span{0, 255} : Span{0, 0});
  const bool is_every_type = types.first == 0 && types.last == 255;
  if (is_every_type && (!has_code(protocol) || (codes.first == 0 && codes.last == 255))) return {PortRange::all()};
  const auto range = [&codes](std::uint64_t from, std::uint64_t to) {
    return PortRange{static_cast<std::uint16_t>(from << 8 | codes.first),
                     static_cast<std::uint16_t>(to << 8 | codes.last)};
  };
  const bool is_one_range = !has_code(protocol) || (codes.first == 0 && codes.last == 255);
  if (is_one_range) return {range(types.first, types.last)};
  // Selectors hold type << 8 | code as one range (RFC 7296 §3.13.1): a code of several types is one range for each.
  std::vector<PortRange> ranges;
  for (std::uint64_t one = types.first; one <= types.last; ++one) ranges.push_back(range(one, one));
  return ranges;
}

std::vector<Service> Resolver::services_of(const Statement& statement) {
  Service made;
  const auto protocol = static_cast<unsigned>(number(statement, Attribute::protocol));
  made.selector.opaque = protocol == protocol_opaque;
  made.selector.protocol = made.selector.opaque ? IpProtocol::any : static_cast<std::uint8_t>(protocol);
  made.selector.source_ports = ports(statement, Attribute::source_port_range, protocol);
  made.selector.destination_ports = ports(statement, Attribute::destination_port_range, protocol);
  const std::vector<PortRange> types = types_and_codes(statement, protocol);

  const Chosen& direction = value_as<Chosen>(statement, Attribute::direction);
  const bool is_both = equal_without_case(direction.choice->word, "Bidirectional");
  made.inbound = is_both || static_cast<Direction>(direction.choice->value) == Direction::inbound;
  made.outbound = is_both || static_cast<Direction>(direction.choice->value) == Direction::outbound;
  if (direction.follower != nullptr) {
    made.connect = static_cast<ConnectQualifier>(direction.follower->value);
    if (protocol != IpProtocol::tcp) {
      findings_.error(direction.follower_at, {.problem = "who connects is a matter of Tcp alone",
                                              .found = std::string{direction.follower->word},
                                              .expected = "Protocol Tcp, or Direction Bidirectional alone",
                                              .nearest = {}});
    }
  }
  const Chosen& routing = value_as<Chosen>(statement, Attribute::routing);
  made.routing = static_cast<Routing>(routing.choice->value);
  made.fragments_only = routing.follower != nullptr || is_yes(statement, Attribute::fragments_only);
  if (made.fragments_only && made.routing == Routing::local) {
    const Attribute said_by = routing.follower != nullptr ? Attribute::routing : Attribute::fragments_only;
    findings_.error(name_of(statement, said_by), {.problem = "FragmentsOnly with Routing Local",
                                                  .found = {},
                                                  .expected = "Routing Routed or Either",
                                                  .nearest = {}});
  }
  made.security_class = static_cast<std::uint8_t>(number(statement, Attribute::security_class));
  std::vector<Service> all;
  for (const PortRange& range : types) {
    all.push_back(made);
    if (!range.is_all()) all.back().selector.source_ports = all.back().selector.destination_ports = range;
  }
  return all;
}

std::vector<Service> Resolver::services(const Entry& entry) {
  const Statement* statement = target(entry);
  if (statement == nullptr) return {};
  if (const auto made = made_services_.find(statement); made != made_services_.end()) return made->second;
  std::vector<Service> all;
  if (statement->row->id == StatementId::ip_service_group) {
    for (const Entry& member : statement->entries) {
      const std::vector<Service> of_member = services(member);  // no group: groups do not nest
      all.insert(all.end(), of_member.begin(), of_member.end());
    }
  } else {
    all = services_of(*statement);
  }
  made_services_[statement] = all;
  return all;
}

}  // namespace adit::policy
