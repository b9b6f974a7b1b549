#include "policy/resolver.h"

namespace adit::policy {

SecurityEndpoint Resolver::endpoint(const Statement& statement) {
  SecurityEndpoint made;
  made.at = statement.at;
  made.identity_at = where(statement, Attribute::identity);
  if (const auto* identity = std::get_if<IdentityPattern>(&statement.value_of(Attribute::identity))) {
    made.identity = *identity;
  }
  made.locations = addresses(statement.find(Attribute::location), statement, Attribute::location);
  if (const auto* place = std::get_if<std::string>(&statement.value_of(Attribute::initiate_to_location))) {
    made.initiate_to = initiate_to(*place, where(statement, Attribute::initiate_to_location));
  }
  for (const Entry& entry : statement.entries) {
    if (entry.row->id != Attribute::ca_label) continue;
    if (const auto* label = std::get_if<std::string>(&entry.value)) made.ca_labels.push_back(*label);
  }
  return made;
}

std::string Resolver::initiate_to(const std::string& host, const Place& at) {
  if (!around_.address_of || IpAddress::parse(host)) return host;
  const auto [entry, is_new] = looked_up_.try_emplace(host, host);
  if (!is_new) return entry->second;
  if (const auto address = around_.address_of(host)) {
    entry->second = address->to_string();
  } else {
    findings_.warning(at, {.problem = "host not found: this side cannot start until the policy is read again",
                           .found = host,
                           .expected = "a host that the system can look up, or an address",
                           .nearest = {}});
  }
  return entry->second;
}

std::shared_ptr<const LocalStart> Resolver::local_start(const Statement& statement) {
  if (const auto made = local_starts_.find(&statement); made != local_starts_.end()) return made->second;
  LocalStart start{.name = statement.name,
                   .allow_on_demand = default_start_->allow_on_demand,
                   .local_endpoint = std::nullopt,
                   .remote_endpoint = std::nullopt,
                   .unknown_host = std::nullopt,
                   .local_identity = std::nullopt,
                   .remote_identity = std::nullopt};
  if (statement.find(Attribute::allow_on_demand) != nullptr) {
    start.allow_on_demand = is_yes(statement, Attribute::allow_on_demand);
  }
  start.local_address = chosen<Granularity>(statement, Attribute::local_ip_granularity);
  start.remote_address = chosen<Granularity>(statement, Attribute::remote_ip_granularity);
  start.protocol = chosen<Granularity>(statement, Attribute::protocol_granularity);
  start.local_port = chosen<Granularity>(statement, Attribute::local_port_granularity);
  start.remote_port = chosen<Granularity>(statement, Attribute::remote_port_granularity);
  start.icmp_type = chosen<Granularity>(statement, Attribute::icmp_type_granularity);
  start.icmp_code = chosen<Granularity>(statement, Attribute::icmp_code_granularity);
  start.icmpv6_type = chosen<Granularity>(statement, Attribute::icmpv6_type_granularity);
  start.icmpv6_code = chosen<Granularity>(statement, Attribute::icmpv6_code_granularity);
  start.mipv6_type = chosen<Granularity>(statement, Attribute::mipv6_type_granularity);

  const auto exact = [](const SecurityEndpoint& end) -> std::optional<Identity> {
    return end.identity ? end.identity->exact : std::nullopt;
  };
  const auto single = [](const SecurityEndpoint& end) -> std::optional<IpAddress> {
    if (end.locations.size() != 1 || !end.locations.front().is_single()) return std::nullopt;
    return end.locations.front().first;
  };
  if (const Statement* local = target(statement, Attribute::local_endpoint)) {
    const SecurityEndpoint end = endpoint(*local);
    if (end.identity && !end.identity->exact) {
      findings_.error(end.identity_at, {.problem = "wildcard in the local identity",
                                        .found = end.identity->text,
                                        .expected = "an exact identity: it is what this side sends",
                                        .nearest = {}});
    }
    if (!end.locations.empty() && !single(end)) {
      findings_.warning(name_of(*local, Attribute::location),
                        {.problem = "this end has no single address: each packet's own is used",
                         .found = statement.name,
                         .expected = "Location with one address, or none",
                         .nearest = {}});
    }
    start.local_endpoint = single(end);
    start.local_identity = exact(end);
  }
  if (const Statement* remote = target(statement, Attribute::remote_endpoint)) {
    const SecurityEndpoint end = endpoint(*remote);
    if (end.identity && !end.identity->exact) {
      findings_.warning(end.identity_at, {.problem = "wildcard, which does not say with whom this side is to start",
                                          .found = end.identity->text,
                                          .expected = "an exact identity, or none",
                                          .nearest = {}});
    }
    start.remote_endpoint = end.initiate_to ? IpAddress::parse(*end.initiate_to) : single(end);
    if (!start.remote_endpoint) start.unknown_host = end.initiate_to;
    start.remote_identity = exact(end);
    if (!start.remote_endpoint && !start.unknown_host) {
      findings_.error(name_of(statement, Attribute::remote_endpoint),
                      {.problem = "the peer to start with has no single address",
                       .found = {},
                       .expected = "Location with one address, or InitiateToLocation",
                       .nearest = {}});
    }
  }
  return local_starts_[&statement] = std::make_shared<const LocalStart>(std::move(start));
}

}  // namespace adit::policy
