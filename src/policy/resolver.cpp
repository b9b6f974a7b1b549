#include "policy/resolver.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/match.h"

namespace adit::policy {

Resolver::Resolver(const Names& names, Compat compat, const Surroundings& around, Findings& findings)
    : names_{names},
      compat_{compat},
      around_{around},
      findings_{findings},
      filter_statement_{names.find_policy(StatementId::ip_filter_policy)},
      key_exchange_statement_{names.find_policy(StatementId::key_exchange_policy)} {
  const StatementRow& filter_row = row_of(StatementId::ip_filter_policy);
  const auto says_yes = [&](Attribute id) {
    return filter_statement_ != nullptr ? is_yes(*filter_statement_, id)
                                        : chosen_of<unsigned>(preset_of(filter_row, id, compat_), 0) == 1;
  };
  fips140_ = says_yes(Attribute::fips140);
  default_start_ = std::make_shared<const LocalStart>(
      LocalStart{.name = {}, .allow_on_demand = says_yes(Attribute::allow_on_demand)});
}

PolicySnapshot Resolver::resolve(const StackName& stack, const Place& nowhere) {
  snapshot_.stack = stack;
  if (filter_statement_ != nullptr) {
    filter_policy(*filter_statement_);
  } else {
    findings_.error(
        nowhere, {.problem = "no IpFilterPolicy", .found = {}, .expected = "IpFilterPolicy with rules", .nearest = {}});
  }
  key_exchange_policy(key_exchange_statement_);
  if (const Statement* tunnels = names_.find_policy(StatementId::local_dyn_vpn_policy)) {
    local_dyn_vpn_rules(*tunnels, {});
  }
  check_remote_identities();
  check_bundles();
  check_manual_tunnels();
  for (const LocalDynVpnRule& rule : snapshot_.local_dyn_vpn) {
    if (findings_.has_errors() || anchor_for(snapshot_.filter, rule) != nullptr) continue;
    const Place at{.file = &rule.at.file, .line = rule.at.line, .column = rule.at.column, .length = rule.at.length};
    findings_.warning(at,
                      {.problem = "no dynamic IpFilterRule covers this tunnel: it cannot be activated",
                       .found = rule.name,
                       .expected = "an IpFilterRule with IpDynVpnAction whose addresses, protocol and ports contain it",
                       .nearest = {}});
  }
  PolicySnapshot resolved = std::move(snapshot_);
  snapshot_ = {};
  check_unused();
  return resolved;
}

bool Resolver::is_new_rule(const Statement& rule, const Place& at) {
  const auto [place, is_new] = installed_.try_emplace(&rule, at);
  if (!is_new) {
    findings_.warning(at, {.problem = fmt::format("{} is in the policy already, by line {}: its first place counts",
                                                  rule.name, place->second.line),
                           .found = {},
                           .expected = "each rule once",
                           .nearest = {}});
    return false;
  }
  const auto [named, has_new_name] = rule_names_.try_emplace({rule.row->id, rule.name}, rule.name_at);
  if (!has_new_name) {
    findings_.warning(rule.name_at,
                      {.problem = fmt::format("the {} of line {} has this name, too: commands and reports cannot tell "
                                              "them apart",
                                              rule.row->name, named->second.line),
                       .found = rule.name,
                       .expected = "a name of its own",
                       .nearest = {}});
  }
  return true;
}

// A rule that is meant for one peer is open to every peer where nobody compares.
void Resolver::check_remote_identities() {
  const auto compares = [](const KeyExchangeRule& rule) { return rule.action && rule.action->filter_by_identity; };
  if (std::ranges::any_of(snapshot_.key_exchange.rules, compares)) return;
  for (const Filter& filter : snapshot_.filter.filters) {
    if (!filter.remote_identity || filter.extension != 1) continue;
    findings_.warning(
        {.file = &filter.at.file, .line = filter.at.line, .column = filter.at.column, .length = filter.at.length},
        {.problem = "RemoteIdentity has no effect: no KeyExchangeAction has FilterByIdentity Yes",
         .found = filter.rule,
         .expected = "FilterByIdentity Yes in KeyExchangePolicy or KeyExchangeAction",
         .nearest = {}});
  }
}

// Told once, whether or not something leads to the group: check_unused() looks at each.
void Resolver::warn_if_empty(const Statement& group, std::string_view members) {
  if (!group.entries.empty()) return;
  findings_.warning(
      group.at,
      {.problem = "group without members", .found = group.name, .expected = std::string{members}, .nearest = {}});
}

// What no policy statement leads to is checked like all else, and goes nowhere.
void Resolver::check_unused() {
  using enum StatementId;
  const auto each = [this](StatementId type, auto check) {
    for (const auto& [name, statement] : names_.all(type)) check(*statement);
  };
  const auto unless_installed = [this](auto check) {
    return [this, check](const Statement& rule) {
      if (installed_.try_emplace(&rule, rule.at).second) check(rule);
    };
  };
  each(ip_filter_rule, unless_installed([this](const Statement& rule) { filter_rule(rule, {}); }));
  each(ip_filter_group, [this](const Statement& group) {
    warn_if_empty(group, "IpFilterRule or IpFilterRuleRef");
    for (const Entry& entry : group.entries) {
      const Statement* rule = target(entry);
      if (rule != nullptr && installed_.try_emplace(rule, entry.at).second) filter_rule(*rule, group.name);
    }
  });
  each(key_exchange_rule, unless_installed([this](const Statement& rule) { this->key_exchange_rule(rule); }));
  each(key_exchange_group, [this](const Statement& group) {
    warn_if_empty(group, "KeyExchangeRule or KeyExchangeRuleRef");
    for (const Entry& entry : group.entries) {
      const Statement* rule = target(entry);
      if (rule != nullptr && installed_.try_emplace(rule, entry.at).second) this->key_exchange_rule(*rule);
    }
  });
  each(local_dyn_vpn_group, [this](const Statement& group) {
    warn_if_empty(group, "LocalDynVpnRule or LocalDynVpnRuleRef");
    for (const Entry& entry : group.entries) {
      const Statement* rule = target(entry);
      if (rule != nullptr && installed_.try_emplace(rule, entry.at).second) this->local_dyn_vpn_rule(*rule, group.name);
    }
  });
  each(local_dyn_vpn_rule, unless_installed([this](const Statement& rule) { this->local_dyn_vpn_rule(rule, {}); }));
  each(ip_generic_filter_action, [this](const Statement& action) { generic_action(action); });
  each(ip_dyn_vpn_action, [this](const Statement& action) { dyn_vpn_action(action); });
  each(ip_man_vpn_action, [this](const Statement& action) { man_vpn_action(action); });
  each(ip_data_offer, [this](const Statement& offer) { data_offer(offer, 1); });
  each(ip_local_start_action, [this](const Statement& start) { local_start(start); });
  each(ip_addr_group, [this](const Statement& group) { addresses_of(group); });
  each(ip_service, [this](const Statement& one) {
    if (!made_services_.contains(&one)) services_of(one);
  });
  each(ip_service_group, [this](const Statement& group) {
    warn_if_empty(group, "IpService or IpServiceRef");
    for (const Entry& member : group.entries) services(member);
  });
  each(StatementId::key_exchange_action, [this](const Statement& action) { this->key_exchange_action(action); });
  each(StatementId::key_exchange_offer, [this](const Statement& offer) { this->key_exchange_offer(offer, 1); });
  each(local_security_endpoint, [this](const Statement& end) { endpoint(end); });
  each(remote_security_endpoint, [this](const Statement& end) { endpoint(end); });
}

}  // namespace adit::policy
