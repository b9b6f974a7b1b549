#include "policy/resolver.h"

#include "policy/match.h"

namespace adit::policy {

Resolver::Resolver(const Names& names, Findings& findings)
    : names_{names},
      findings_{findings},
      filter_statement_{names.find_policy(StatementId::ip_filter_policy)},
      key_exchange_statement_{names.find_policy(StatementId::key_exchange_policy)} {
  const StatementRow& filter_row = row_of(StatementId::ip_filter_policy);
  const auto says_yes = [&](Attribute id) {
    return filter_statement_ != nullptr ? is_yes(*filter_statement_, id)
                                        : chosen_of<unsigned>(preset_of(filter_row, id), 0) == 1;
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
    for (const Entry& entry : group.entries) {
      const Statement* rule = target(entry);
      if (rule != nullptr && installed_.try_emplace(rule, entry.at).second) filter_rule(*rule, group.name);
    }
  });
  each(key_exchange_rule, unless_installed([this](const Statement& rule) { this->key_exchange_rule(rule); }));
  each(key_exchange_group, [this](const Statement& group) {
    for (const Entry& entry : group.entries) {
      const Statement* rule = target(entry);
      if (rule != nullptr && installed_.try_emplace(rule, entry.at).second) this->key_exchange_rule(*rule);
    }
  });
  each(local_dyn_vpn_rule, unless_installed([this](const Statement& rule) { this->local_dyn_vpn_rule(rule, {}); }));
  each(ip_generic_filter_action, [this](const Statement& action) { generic_action(action); });
  each(ip_dyn_vpn_action, [this](const Statement& action) { dyn_vpn_action(action); });
  each(ip_man_vpn_action, [this](const Statement& action) { check_manual(action); });
  each(ip_data_offer, [this](const Statement& offer) { data_offer(offer, 1); });
  each(ip_local_start_action, [this](const Statement& start) { local_start(start); });
  each(ip_addr_group, [this](const Statement& group) { addresses_of(group); });
  each(ip_service, [this](const Statement& one) {
    if (!made_services_.contains(&one)) service(one);
  });
  each(ip_service_group, [this](const Statement& group) {
    for (const Entry& member : group.entries) services(member);
  });
  each(StatementId::key_exchange_action, [this](const Statement& action) { this->key_exchange_action(action); });
  each(StatementId::key_exchange_offer, [this](const Statement& offer) { this->key_exchange_offer(offer, 1); });
  each(local_security_endpoint, [this](const Statement& end) { endpoint(end); });
  each(remote_security_endpoint, [this](const Statement& end) { endpoint(end); });
}

}  // namespace adit::policy
