#pragma once
// Follows references and fills defaults: statements become the values of model.h. One file an idea: addresses,
// services, actions, endpoints, key exchange, filters, tunnels. What several statements refer to is made once and
// shared.

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "policy/findings.h"
#include "policy/model.h"
#include "policy/names.h"
#include "policy/syntax.h"

namespace adit::policy {

/// Filters of one policy at most: a cross product of groups must not fill the memory (about 0.4 KiB each).
inline constexpr std::size_t most_filters = 1'000'000;

/// What one IpService says.
struct Service {
  ServiceSelector selector;  ///< source is the local side of a bidirectional one
  bool inbound = true, outbound = true;
  ConnectQualifier connect = ConnectQualifier::none;
  Routing routing = Routing::local;
  bool fragments_only = false;
  std::uint8_t security_class = 0;
  bool is_bidirectional() const { return inbound && outbound; }
};

/// What one IpGenericFilterAction says.
struct GenericAction {
  FilterAction action{};
  FilterLogging logging{};
  DiscardAction discard{};
};

/// Local or RemoteSecurityEndpoint.
struct SecurityEndpoint {
  std::optional<IdentityPattern> identity;
  std::vector<IpRange> locations;  ///< none: any
  std::optional<std::string> initiate_to;
  std::vector<std::string> ca_labels;
  Place at;
  Place identity_at;
};

class Resolver {
 public:
  Resolver(const Names& names, Compat compat, const Surroundings& around, Findings& findings);

  /// The policy of a stack; worth nothing when there are errors.
  PolicySnapshot resolve(const StackName& stack, const Place& nowhere);

 private:
  // addresses
  std::vector<IpRange> addresses(const Entry* entry, const Statement& statement, Attribute id);
  std::vector<IpRange> addresses_of(const Statement& statement);
  // services
  std::vector<Service> services(const Entry& entry);
  /// One; more where codes of several types take a range each.
  std::vector<Service> services_of(const Statement& statement);
  std::vector<PortRange> types_and_codes(const Statement& statement, unsigned protocol);
  PortRange ports(const Statement& statement, Attribute id, unsigned protocol);
  // actions
  GenericAction generic_action(const Statement& statement);
  static DfSetting df_of(const Statement& statement);
  std::shared_ptr<const DynVpnAction> dyn_vpn_action(const Statement& statement);
  void pfs_of(const Statement& statement, DynVpnAction& action);
  std::optional<DataOffer> data_offer(const Statement& statement, std::size_t number);
  bool protect(const Statement& statement, DataOffer& offer);
  void check_refresh(const Statement& statement);
  void check_bundles();
  void check_fips(const Statement& statement, EncryptionId encryption, IntegrityId integrity);
  void check_fips(const Statement& statement, Attribute group);
  void check_fips_of_hashes(const Statement& offer);
  // endpoints
  /// The address of a host as text, where it is known; else its name, as it is written.
  std::string initiate_to(const std::string& host, const Place& at);
  SecurityEndpoint endpoint(const Statement& statement);
  std::shared_ptr<const LocalStart> local_start(const Statement& statement);
  // filters
  void filter_policy(const Statement& statement);
  void filter_rules(const Statement& holder, const std::string& group);
  void filter_rule(const Statement& rule, const std::string& group);
  void split(const Statement& rule, const Filter& common, const std::vector<Service>& services);
  void check_rule(const Statement& rule, const Filter& common, const std::vector<Service>& services);
  // key exchange
  void key_exchange_policy(const Statement* statement);
  void key_exchange_rules(const Statement& holder);
  void key_exchange_rule(const Statement& rule);
  std::shared_ptr<const KeyExchangeAction> key_exchange_action(const Statement& statement);
  KeyExchangeOffer key_exchange_offer(const Statement& statement, std::size_t number);
  Secret shared_key(const Statement& rule);
  std::optional<Secret> key_in(const Statement& rule, const std::string& path);
  void check_secret(const Statement& rule, const KeyExchangeRule& made, const Statement& action);
  // tunnels that can be activated
  void local_dyn_vpn_rules(const Statement& holder, const std::string& group);
  void local_dyn_vpn_rule(const Statement& rule, const std::string& group);
  std::shared_ptr<const TimeCondition> time_condition(const Statement& statement);
  // manual tunnels
  std::shared_ptr<const ManVpnAction> man_vpn_action(const Statement& statement);
  void endpoints_of(const Statement& statement, ManVpnAction& action);
  bool protection_of(const Statement& statement, ManVpnAction& action);
  void spis_of(const Statement& statement, ManVpnAction& action);
  void spis_of_bundle(const Statement& statement, ManVpnAction& action);
  Secret key_of(const Statement& statement, Attribute id, std::size_t octets);
  void check_manual_tunnels();
  void check_unused();
  void warn_if_empty(const Statement& group, std::string_view members);
  /// Whether a rule is met for the first time; else told at `at`, as is a rule of the name of another one.
  bool is_new_rule(const Statement& rule, const Place& at);
  void check_remote_identities();

  const Statement* target(const Entry& entry) { return names_.target(entry, findings_); }
  /// The statement that an attribute names or holds; null when it is not coded or there is none.
  const Statement* target(const Statement& statement, Attribute id) {
    const Entry* entry = statement.find(id);
    return entry == nullptr ? nullptr : target(*entry);
  }
  /// Where an attribute's value stands, or the statement where it is not coded.
  static Place where(const Statement& statement, Attribute id) {
    const Entry* entry = statement.find(id);
    return entry == nullptr ? statement.at : entry->value_at;
  }
  static Place name_of(const Statement& statement, Attribute id) {
    const Entry* entry = statement.find(id);
    return entry == nullptr ? statement.at : entry->at;
  }
  /// A value of a KeyExchangeAction that KeyExchangePolicy gives the default of.
  template <class T>
  const T& inherited(const Statement& action, Attribute id) const;

  const Names& names_;
  Compat compat_;
  const Surroundings& around_;
  Findings& findings_;
  PolicySnapshot snapshot_;
  const Statement* filter_statement_ = nullptr;
  const Statement* key_exchange_statement_ = nullptr;
  bool fips140_ = false;
  bool is_full_ = false;  // of filters: told once

  // Made once for each statement, by its place in the tree.
  std::unordered_map<const Statement*, std::vector<IpRange>> address_groups_;
  std::unordered_map<const Statement*, std::vector<Service>> made_services_;
  std::unordered_map<const Statement*, std::shared_ptr<const DynVpnAction>> dyn_vpn_actions_;
  std::unordered_map<const Statement*, std::shared_ptr<ManVpnAction>> man_vpn_actions_;
  std::vector<ManVpnAction*> of_any_family_;
  std::unordered_map<const Statement*, GenericAction> generic_actions_;
  std::unordered_map<const Statement*, std::shared_ptr<const LocalStart>> local_starts_;
  std::unordered_map<const Statement*, std::shared_ptr<const KeyExchangeAction>> key_exchange_actions_;
  std::unordered_map<const Statement*, Place> installed_;  // rules, and where they are installed
  std::map<std::pair<StatementId, std::string_view>, Place> rule_names_;
  std::unordered_map<std::string, std::string> looked_up_;  // hosts
  std::shared_ptr<const LocalStart> default_start_;
};

}  // namespace adit::policy
