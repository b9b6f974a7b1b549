#include "resolved_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/bytes.h"

namespace adit::policy {
namespace {

// The enumerators of model.h, in their order.
template <class Enum>
std::string word(Enum value, std::initializer_list<const char*> words) {
  return words.begin()[std::to_underlying(value)];
}
std::string text(bool value) { return value ? "yes" : "no"; }
std::string text(Granularity value) { return word(value, {"rule", "packet"}); }
std::string text(EncapsulationChoice value) { return word(value, {"tunnel", "transport", "either"}); }
std::string text(DiscardAction value) { return word(value, {"silent", "icmp"}); }
std::string text(const std::optional<IpAddress>& value) { return value ? value->to_string() : "none"; }
std::string text(const std::optional<Identity>& value) {
  return value ? fmt::format("{} {}", name_of(value->type), value->to_string()) : "none";
}
std::string text(const IdentityPattern& value) {
  if (value.exact) return text(value.exact);
  return fmt::format("{} like {}", name_of(value.type), value.addresses ? value.addresses->to_string() : value.text);
}
std::string text(const PortRange& value) {
  if (value.is_all()) return "all";
  return value.first == value.last ? std::to_string(value.first) : fmt::format("{}-{}", value.first, value.last);
}
std::string text(const std::vector<IpRange>& ranges) {
  std::vector<std::string> all;
  for (const IpRange& range : ranges) all.push_back(range.to_string());
  return ranges.empty() ? "any" : fmt::format("{}", fmt::join(all, ","));
}
std::string text(std::optional<std::uint64_t> kbytes) { return kbytes ? std::to_string(*kbytes) : "none"; }
std::string text(const std::optional<LifesizeLimits>& limits) {
  return limits ? fmt::format("{}-{}", limits->least, limits->most) : "none";
}
std::string day_time(Minutes time) { return fmt::format("{:02}:{:02}", time.count() / 60, time.count() % 60); }

std::string text(const TimeCondition& time) {
  std::string all = fmt::format("months:{:03x} days:{:x} weekdays:{:02x}", time.months, time.days, time.weekdays);
  for (const auto& range : time.times) all += fmt::format(" {}-{}", day_time(range.first), day_time(range.end));
  if (time.span) {
    all += fmt::format(" from:{} to:{}", time.span->first.time_since_epoch().count(),
                       time.span->last.time_since_epoch().count());
  }
  return all + (time.zone == TimeCondition::Zone::utc ? " utc" : " local");
}

Fields fields_of(const Filter& filter) {
  return {{"group", filter.group},
          {"direction", word(filter.direction, {"in", "out"})},
          {"source", filter.source.to_string()},
          {"destination", filter.destination.to_string()},
          {"protocol", filter.service.opaque ? "opaque" : std::to_string(filter.service.protocol)},
          {"source_ports", text(filter.service.source_ports)},
          {"destination_ports", text(filter.service.destination_ports)},
          {"connect", word(filter.connect, {"any", "inbound", "outbound"})},
          {"routing", word(filter.routing, {"local", "routed", "either"})},
          {"fragments_only", text(filter.fragments_only)},
          {"security_class", std::to_string(filter.security_class)},
          {"action", word(filter.action, {"permit", "deny", "ipsec"})},
          {"logging", word(filter.logging, {"none", "all", "permit", "deny"})},
          {"discard", text(filter.discard)},
          {"vpn", filter.vpn == nullptr ? "none" : filter.vpn->name},
          {"manual", filter.manual == nullptr ? "none" : filter.manual->name},
          {"remote_identity", filter.remote_identity ? text(*filter.remote_identity) : "any"},
          {"time", filter.time == nullptr ? "always" : text(*filter.time)}};
}

Fields fields_of(const LocalStart& start) {
  return {{"name", start.name},
          {"allow_on_demand", text(start.allow_on_demand)},
          {"local_address", text(start.local_address)},
          {"remote_address", text(start.remote_address)},
          {"protocol", text(start.protocol)},
          {"local_port", text(start.local_port)},
          {"remote_port", text(start.remote_port)},
          {"icmp_type", text(start.icmp_type)},
          {"icmp_code", text(start.icmp_code)},
          {"icmpv6_type", text(start.icmpv6_type)},
          {"icmpv6_code", text(start.icmpv6_code)},
          {"mipv6_type", text(start.mipv6_type)},
          {"local_endpoint", text(start.local_endpoint)},
          {"remote_endpoint", text(start.remote_endpoint)},
          {"unknown_host", start.unknown_host.value_or("none")},
          {"local_identity", text(start.local_identity)},
          {"remote_identity", text(start.remote_identity)}};
}

Fields fields_of(const DynVpnAction& action) {
  std::vector<std::string> groups;
  for (const GroupId group : action.acceptable_pfs) groups.push_back(to_string(group));
  return {{"initiation", word(action.initiation, {"local_only", "remote_only", "either"})},
          {"vpn_life", std::to_string(action.vpn_life.count())},
          {"initiate_with_pfs", to_string(action.initiate_with_pfs)},
          {"acceptable_pfs", fmt::format("{}", fmt::join(groups, ","))},
          {"how_to_encap_ikev2", text(action.how_to_encap_ikev2)},
          {"df", word(action.df, {"copy", "clear", "set"})},
          {"copy_dscp", text(action.copy_dscp)},
          {"offers", std::to_string(action.offers.size())}};
}

Fields fields_of(const ManVpnAction& action) {
  const auto keys = [](const ManVpnAction::Keys& of) {
    return to_hex(of.encryption.reveal()) + "/" + to_hex(of.integrity.reveal());
  };
  return {{"active", text(action.active)},
          {"local", text(action.local)},
          {"remote", text(action.remote)},
          {"how_to_encap", text(action.how_to_encap)},
          {"protocol", action.around_esp ? fmt::format("ah {}/{} around esp", action.around_esp->inbound.value(),
                                                       action.around_esp->outbound.value())
                       : action.ah       ? "ah"
                                         : "esp"},
          {"encryption", to_string(action.encryption, action.key_bits)},
          {"integrity", to_string(action.integrity)},
          {"inbound", fmt::format("{} {}", action.inbound_spi.value(), keys(action.inbound))},
          {"outbound", fmt::format("{} {}", action.outbound_spi.value(), keys(action.outbound))},
          {"df", word(action.df, {"copy", "clear", "set"})},
          {"copy_dscp", text(action.copy_dscp)},
          {"lifetime", action.lifetime ? std::to_string(action.lifetime->count()) : "none"},
          {"lifesize", text(action.lifesize_kbytes)},
          {"time", action.time == nullptr ? "always" : text(*action.time)}};
}

template <class Offer>
void add_refresh(const Offer& offer, Fields& fields) {
  fields.emplace_back("lifetime", std::to_string(offer.lifetime.count()));
  fields.emplace_back("accepted", fmt::format("{}-{}", offer.lifetime_least.count(), offer.lifetime_most.count()));
  fields.emplace_back("lifesize", text(offer.lifesize_kbytes));
  fields.emplace_back("lifesize_accepted", text(offer.lifesize_accepted));
}

Fields fields_of(const DataOffer& offer) {
  Fields fields = {{"name", offer.name},
                   {"how_to_encap", text(offer.how_to_encap)},
                   {"protocol", offer.ah ? "ah" : "esp"},
                   {"encryption", to_string(offer.encryption, offer.key_bits)},
                   {"integrity", to_string(offer.integrity)}};
  add_refresh(offer, fields);
  return fields;
}

Fields fields_of(const KeyExchangeOffer& offer) {
  Fields fields = {{"name", offer.name},
                   {"encryption", to_string(offer.encryption, offer.key_bits)},
                   {"integrity", to_string(offer.integrity)},
                   {"prf", to_string(offer.prf)},
                   {"hash_v1", to_string(offer.hash_v1)},
                   {"group", to_string(offer.group)},
                   {"auth_peers", word(offer.auth_peers, {"preshared_key", "signature"})}};
  add_refresh(offer, fields);
  return fields;
}

Fields fields_of(const KeyExchangeAction& action) {
  return {{"how_to_initiate", word(action.how_to_initiate, {"main", "aggressive", "ikev2", "do_not"})},
          {"how_to_respond", word(action.how_to_respond, {"main", "aggressive", "either"})},
          {"how_to_auth_me", word(action.how_to_auth_me, {"preshared_key", "rsa_signature", "ecdsa_256", "ecdsa_384",
                                                          "ecdsa_521", "digital_signature"})},
          {"allow_nat", text(action.allow_nat)},
          {"force_udp", text(action.force_udp_encapsulation)},
          {"reauth_interval", std::to_string(action.reauth_interval.count())},
          {"filter_by_identity", text(action.filter_by_identity)},
          {"bypass_ip_validation", text(action.bypass_ip_validation)},
          {"url_preference", word(action.url_preference, {"allow", "tolerate", "disallow"})},
          {"revocation", word(action.revocation, {"none", "loose", "strict"})},
          {"liveness", std::to_string(action.liveness_interval.count())},
          {"offers", std::to_string(action.offers.size())}};
}

Fields fields_of(const KeyExchangeRule& rule) {
  return {{"local_identity", text(std::optional{rule.local_identity})},
          {"local_locations", text(rule.local_locations)},
          {"remote_identity", text(rule.remote_identity)},
          {"remote_locations", text(rule.remote_locations)},
          {"initiate_to", rule.initiate_to.value_or("none")},
          {"ca_labels", fmt::format("{}", fmt::join(rule.ca_labels, "|"))},
          {"action", rule.action == nullptr ? "none" : rule.action->name},
          {"key", to_hex(rule.shared_key.reveal())}};
}

template <class Action>
void add_action(const std::string& kind, const Action* action, std::map<std::string, Fields>& all) {
  if (action == nullptr) return;
  const std::string name = kind + " " + action->name;
  if (!all.emplace(name, fields_of(*action)).second) return;
  for (std::size_t i = 0; i < action->offers.size(); ++i) {
    all.emplace(fmt::format("{} offer {}", name, i + 1), fields_of(action->offers[i]));
  }
}

}  // namespace

std::map<std::string, Fields> resolved(const PolicySnapshot& policy) {
  std::map<std::string, Fields> all;
  const FilterPolicy& filters = policy.filter;
  all.emplace("filters", Fields{{"pre_decap", text(filters.pre_decap)},
                                {"logging", text(filters.logging)},
                                {"allow_on_demand", text(filters.allow_on_demand)},
                                {"implicit_discard", text(filters.implicit_discard)},
                                {"fips140", text(filters.fips140)}});
  for (const Filter& filter : filters.filters) {
    // Rules of one name may be two.
    std::string name = fmt::format("{}.{}", filter.rule, filter.extension);
    while (all.contains(name)) name += "'";
    all.emplace(name, fields_of(filter));
    if (filter.local_start != nullptr && filter.extension == 1) {
      all.emplace(fmt::format("start of {}", filter.rule), fields_of(*filter.local_start));
    }
    add_action("vpn", filter.vpn.get(), all);
    if (filter.manual != nullptr) all.emplace("manual " + filter.manual->name, fields_of(*filter.manual));
  }
  all.emplace("ike", Fields{{"nat_keep_alive", std::to_string(policy.key_exchange.nat_keep_alive.count())}});
  for (const KeyExchangeRule& rule : policy.key_exchange.rules) {
    all.emplace("ike rule " + rule.name, fields_of(rule));
    add_action("ike action", rule.action.get(), all);
  }
  for (const LocalDynVpnRule& rule : policy.local_dyn_vpn) {
    all.emplace("tunnel " + rule.name, Fields{{"group", rule.group},
                                              {"local", rule.local.to_string()},
                                              {"remote", rule.remote.to_string()},
                                              {"auto_activate", text(rule.auto_activate)}});
  }
  return all;
}

std::vector<std::string> difference(const std::map<std::string, Fields>& before,
                                    const std::map<std::string, Fields>& now) {
  std::vector<std::string> lines;
  for (const auto& [name, fields] : now) {
    const auto known = before.find(name);
    std::string line;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (known != before.end() && known->second[i] == fields[i]) continue;
      line += fmt::format(" {}={}", fields[i].first, fields[i].second);
    }
    if (!line.empty()) lines.push_back(name + line);
  }
  for (const auto& [name, fields] : before) {
    if (!now.contains(name)) lines.push_back("no " + name);
  }
  return lines;
}

}  // namespace adit::policy
