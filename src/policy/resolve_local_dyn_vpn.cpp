#include <fmt/format.h>

#include "policy/resolver.h"

namespace adit::policy {

void Resolver::local_dyn_vpn_rules(const Statement& holder, const std::string& group) {
  for (const Entry& entry : holder.entries) {
    if (entry.row->id == Attribute::group) {
      if (const Statement* named = target(entry)) local_dyn_vpn_rules(*named, named->name);
    }
    if (entry.row->id != Attribute::rule) continue;
    const Statement* rule = target(entry);
    if (rule != nullptr && is_new_rule(*rule, entry.at)) local_dyn_vpn_rule(*rule, group);
  }
}

void Resolver::local_dyn_vpn_rule(const Statement& rule, const std::string& group) {
  LocalDynVpnRule made;
  made.name = rule.name;
  made.group = group;
  made.at = rule.name_at.range();
  made.auto_activate = is_yes(rule, Attribute::auto_activate);
  const auto protocol = static_cast<unsigned>(number(rule, Attribute::protocol));
  if (protocol == protocol_opaque) {
    findings_.error(where(rule, Attribute::protocol), {.problem = "Protocol Opaque cannot be activated by itself",
                                                       .found = "Opaque",
                                                       .expected = "another protocol",
                                                       .nearest = {}});
  }
  made.local.protocol = made.remote.protocol =
      protocol == protocol_opaque ? IpProtocol::any : static_cast<std::uint8_t>(protocol);
  made.local.ports = ports(rule, Attribute::local_data_port, protocol);
  made.remote.ports = ports(rule, Attribute::remote_data_port, protocol);
  const std::vector<PortRange> types = types_and_codes(rule, protocol);
  if (types.size() > 1) {
    findings_.error(name_of(rule, Attribute::code), {.problem = "code without a single type, in one tunnel",
                                                     .found = rule.name,
                                                     .expected = "Type n before it",
                                                     .nearest = {}});
  }
  if (!types.front().is_all()) made.local.ports = made.remote.ports = types.front();

  const auto locals = addresses(rule.find(Attribute::source), rule, Attribute::source);
  const auto remotes = addresses(rule.find(Attribute::destination), rule, Attribute::destination);
  std::size_t pairs = 0;
  for (const IpRange& local : locals) {
    for (const IpRange& remote : remotes) {
      if (local.family() != remote.family()) continue;
      made.local.addresses = local;
      made.remote.addresses = remote;
      ++pairs;
    }
  }
  if (pairs != 1 && !locals.empty() && !remotes.empty()) {
    findings_.error(rule.at, {.problem = pairs == 0 ? "local and remote addresses of two families"
                                                    : "addresses of both families in one tunnel",
                              .found = rule.name,
                              .expected = "both IPv4, or both IPv6",
                              .nearest = {}});
  }
  snapshot_.local_dyn_vpn.push_back(std::move(made));
}

}  // namespace adit::policy
