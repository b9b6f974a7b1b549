#include <fmt/format.h>

#include <algorithm>

#include "policy/resolver.h"

namespace adit::policy {
namespace {

Finding told(std::string_view problem, std::string_view expected) {
  return {.problem = std::string{problem}, .found = {}, .expected = std::string{expected}, .nearest = {}};
}

}  // namespace

void Resolver::filter_policy(const Statement& statement) {
  FilterPolicy& policy = snapshot_.filter;
  policy.pre_decap = is_yes(statement, Attribute::pre_decap);
  policy.logging = is_yes(statement, Attribute::filter_logging);
  policy.allow_on_demand = is_yes(statement, Attribute::allow_on_demand);
  policy.implicit_discard = chosen<DiscardAction>(statement, Attribute::implicit_discard_action);
  policy.fips140 = fips140_;
  filter_rules(statement, {});
  if (policy.filters.empty() && !findings_.has_errors()) {
    findings_.error(statement.at,
                    told("IpFilterPolicy without rules", "IpFilterRule, IpFilterRuleRef or IpFilterGroupRef"));
  }
  // As the installed table and the reports have them: IPv4 first. Search is not changed by it: no packet has both.
  std::vector<Filter> in_order;
  in_order.reserve(policy.filters.size());
  for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
    for (Filter& filter : policy.filters) {
      if (filter.source.family() == family) in_order.push_back(std::move(filter));
    }
  }
  policy.filters = std::move(in_order);
}

void Resolver::filter_rules(const Statement& holder, const std::string& group) {
  for (const Entry& entry : holder.entries) {
    if (entry.row->id == Attribute::group) {
      if (const Statement* named = target(entry)) filter_rules(*named, named->name);
    }
    if (entry.row->id != Attribute::rule) continue;
    const Statement* rule = target(entry);
    if (rule != nullptr && is_new_rule(*rule, entry.at)) filter_rule(*rule, group);
  }
}

void Resolver::filter_rule(const Statement& rule, const std::string& group) {
  Filter common{.rule = rule.name,
                .group = group,
                .vpn = {},
                .manual = {},
                .local_start = {},
                .remote_identity = {},
                .time = {},
                .at = rule.name_at.range()};
  if (const Statement* action = target(rule, Attribute::generic_action)) {
    const GenericAction made = generic_action(*action);
    common.action = made.action;
    common.logging = made.logging;
    common.discard = made.discard;
  }
  if (const Statement* vpn = target(rule, Attribute::dyn_vpn_action)) common.vpn = dyn_vpn_action(*vpn);
  if (const Statement* manual = target(rule, Attribute::man_vpn_action)) common.manual = man_vpn_action(*manual);
  if (const Statement* time = target(rule, Attribute::time_condition)) common.time = time_condition(*time);
  if (const Statement* start = target(rule, Attribute::local_start_action)) common.local_start = local_start(*start);
  if (common.vpn != nullptr && common.local_start == nullptr) common.local_start = default_start_;
  if (const Statement* peer = target(rule, Attribute::remote_identity)) {
    if (const auto* identity = std::get_if<IdentityPattern>(&peer->value_of(Attribute::identity))) {
      common.remote_identity = *identity;
    }
  }
  std::vector<Service> wanted;
  if (const Entry* service = rule.find(Attribute::service)) wanted = services(*service);
  check_rule(rule, common, wanted);
  split(rule, common, wanted);
}

std::shared_ptr<const TimeCondition> Resolver::time_condition(const Statement& statement) {
  auto made = std::make_shared<TimeCondition>();
  const auto text = [&statement](Attribute id) { return std::get_if<std::string>(&statement.value_of(id)); };
  if (const auto* span = text(Attribute::condition_time_range)) made->span = time_span_of(*span);
  if (const auto* mask = text(Attribute::month_of_year_mask)) made->months = static_cast<std::uint16_t>(mask_of(*mask));
  if (const auto* mask = text(Attribute::day_of_month_mask)) made->days = mask_of(*mask);
  if (const auto* mask = text(Attribute::day_of_week_mask)) made->weekdays = static_cast<std::uint8_t>(mask_of(*mask));
  if (const auto* times = text(Attribute::time_of_day_range)) made->times = day_times_of(*times);
  made->zone = chosen<TimeCondition::Zone>(statement, Attribute::time_zone);
  return made;
}

void Resolver::check_rule(const Statement& rule, const Filter& common, const std::vector<Service>& services) {
  const bool has_dynamic = rule.find(Attribute::dyn_vpn_action) != nullptr;
  const bool has_vpn = has_dynamic || rule.find(Attribute::man_vpn_action) != nullptr;
  const Statement* action = target(rule, Attribute::generic_action);
  const Entry* what = action == nullptr ? nullptr : action->find(Attribute::filter_action);
  const bool has_action = what != nullptr && action->is_sound(Attribute::filter_action);
  const bool is_ipsec = common.action == FilterAction::ipsec;
  const auto refuse = [&](Attribute at, std::string_view problem, std::string_view expected) {
    findings_.error(name_of(rule, at), told(problem, expected));
  };
  if (has_action && is_ipsec && !has_vpn) {
    refuse(Attribute::generic_action, "IpFilterAction IpSec without a tunnel",
           "IpDynVpnActionRef or IpManVpnActionRef beside it");
  }
  if (has_action && !is_ipsec && has_vpn) {
    refuse(has_dynamic ? Attribute::dyn_vpn_action : Attribute::man_vpn_action,
           "a tunnel with IpFilterAction Permit or Deny", "IpFilterAction IpSec");
  }
  if (!has_dynamic && rule.find(Attribute::local_start_action) != nullptr) {
    refuse(Attribute::local_start_action, "IpLocalStartAction without IpDynVpnAction", "IpDynVpnActionRef beside it");
  }
  if (!has_dynamic && rule.find(Attribute::remote_identity) != nullptr) {
    refuse(Attribute::remote_identity, "RemoteIdentity without IpDynVpnAction", "IpDynVpnActionRef beside it");
  }
  if (common.vpn == nullptr && common.manual == nullptr) return;
  const bool by_port = common.vpn != nullptr && (common.local_start->local_port == Granularity::packet ||
                                                 common.local_start->remote_port == Granularity::packet);
  const bool is_transport = common.vpn != nullptr ? common.vpn->how_to_encap_ikev2 == EncapsulationChoice::transport
                                                  : common.manual->how_to_encap == EncapsulationChoice::transport;
  for (const Service& service : services) {
    if (service.fragments_only) {
      refuse(Attribute::service, "FragmentsOnly with IpFilterAction IpSec", "IpFilterAction Permit or Deny");
    }
    if (service.security_class != 0) {
      findings_.warning(name_of(rule, Attribute::service),
                        told("SecurityClass with IpFilterAction IpSec: what would be protected is denied",
                             "no SecurityClass, or IpFilterAction Permit or Deny"));
    }
    if (by_port && common.local_start->protocol == Granularity::rule && service.selector.protocol == IpProtocol::any) {
      refuse(Attribute::local_start_action, "port granularity Packet with all protocols",
             "ProtocolGranularity Packet, or a service of one protocol");
    }
    if (!service.is_bidirectional()) {
      findings_.warning(name_of(rule, Attribute::service),
                        told("an SA pair carries both directions, this rule one", "Direction Bidirectional"));
    }
    if (is_transport && service.routing != Routing::local) {
      findings_.warning(
          name_of(rule, has_dynamic ? Attribute::dyn_vpn_action : Attribute::man_vpn_action),
          told("transport mode does not carry forwarded packets",
               has_dynamic ? "Routing Local, or HowToEncapIKEv2 Tunnel" : "Routing Local, or HowToEncap Tunnel"));
    }
  }
}

void Resolver::split(const Statement& rule, const Filter& common, const std::vector<Service>& services) {
  const auto sources = addresses(rule.find(Attribute::source), rule, Attribute::source);
  const auto destinations = addresses(rule.find(Attribute::destination), rule, Attribute::destination);
  std::vector<Filter>& filters = snapshot_.filter.filters;
  std::uint32_t extension = 0;
  const auto add = [&](Direction direction, const IpRange& from, const IpRange& to, const Service& service) {
    Filter filter = common;
    filter.extension = ++extension;
    filter.direction = direction;
    filter.source = from;
    filter.destination = to;
    filter.service = service.selector;
    if (service.is_bidirectional() && direction == Direction::inbound) {
      std::swap(filter.source, filter.destination);
      std::swap(filter.service.source_ports, filter.service.destination_ports);
    }
    filter.connect = service.connect;
    filter.routing = service.routing;
    filter.fragments_only = service.fragments_only;
    filter.security_class = service.security_class;
    if (filter.security_class != 0 && filter.action == FilterAction::ipsec) {
      // Of a packet that is to be protected the data plane does not know by which interface it would leave in clear.
      filter.action = FilterAction::deny;
      filter.vpn = nullptr;
      filter.manual = nullptr;
      filter.local_start = nullptr;
    }
    filters.push_back(std::move(filter));
  };
  const std::size_t product = sources.size() * destinations.size() * services.size() * 2;
  if (product > most_filters || filters.size() > most_filters - product) {
    if (!is_full_) findings_.error(rule.at, told(fmt::format("more than {} filters", most_filters), "smaller groups"));
    is_full_ = true;
    return;
  }
  for (const IpRange& from : sources) {
    for (const IpRange& to : destinations) {
      if (from.family() != to.family()) continue;
      for (const Service& service : services) {
        if (service.outbound) add(Direction::outbound, from, to, service);
        if (service.inbound) add(Direction::inbound, from, to, service);
      }
    }
  }
  if (extension == 0 && !sources.empty() && !destinations.empty() && !services.empty()) {
    findings_.error(name_of(rule, Attribute::destination),
                    told("source and destination of two families", "both IPv4, or both IPv6"));
  }
}

}  // namespace adit::policy
