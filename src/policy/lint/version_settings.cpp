// Settings of one version of IKE where the other is meant. IKEv2 requests are always answered, so what concerns IKEv2
// in a rule that starts with IKEv1 acts, but only then.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "policy/lint/subject.h"
#include "policy/lint/versions.h"

namespace adit::policy::lint {
namespace {

constexpr std::array v1_of_offer = {Attribute::how_to_auth_msgs, Attribute::refresh_lifetime_accepted,
                                    Attribute::refresh_lifesize_accepted};
constexpr std::array v1_of_data = {Attribute::how_to_encap, Attribute::refresh_lifetime_accepted,
                                   Attribute::refresh_lifesize_accepted};
constexpr std::array v2_of_action = {Attribute::how_to_auth_me, Attribute::reauth_interval,
                                     Attribute::certificate_url_lookup_preference, Attribute::liveness_interval};
constexpr std::array v2_of_offer = {Attribute::how_to_verify_msgs, Attribute::pseudo_random_function};

void tell(const Statement& statement, std::span<const Attribute> settings, Kind kind, std::string_view why,
          std::string_view advice, const SourceRange& other, Remarks& remarks) {
  for (const Attribute id : settings) {
    const Entry* entry = statement.find(id);
    if (entry == nullptr) continue;
    remarks.add({.kind = kind,
                 .at = entry->at.range(),
                 .other = other,
                 .problem = fmt::format("{} {}", entry->row->name, why),
                 .advice = std::string{advice}});
  }
}

void check_action(const Subject& subject, const KeyExchangeAction& action, Remarks& remarks) {
  const Statement* statement = subject.origins.of(action.at);
  if (statement == nullptr) return;
  const bool is_v1 = starts_v1(action);
  if (is_v1) {
    remarks.add({.kind = Kind::ikev1,
                 .at = action.at,
                 .other = std::nullopt,
                 .problem = fmt::format(
                     "KeyExchangeAction {} starts with IKEv1, which is a historic protocol (RFC 9395)", action.name),
                 .advice = "HowToInitiate IKEv2, when the peer speaks it"});
    tell(*statement, v2_of_action, Kind::v2_setting_in_v1_rule,
         "acts in IKEv2 alone: here, only when the peer starts with it", "HowToInitiate IKEv2, or leave it out",
         action.at, remarks);
    if (std::ranges::none_of(action.offers, can_be_made_by_v1)) {
      remarks.add(
          {.kind = Kind::offers_unusable_by_v1,
           .at = action.at,
           .other = std::nullopt,
           .problem = fmt::format("KeyExchangeAction {} starts with IKEv1, which has none of the ciphers of its "
                                  "offers",
                                  action.name),
           .advice = "an offer with AES_CBC, or HowToInitiate IKEv2"});
    }
  }
  for (const KeyExchangeOffer& offer : action.offers) {
    const Statement* coded = subject.origins.of(offer.at);
    if (coded == nullptr) continue;
    if (is_v1) {
      tell(*coded, v2_of_offer, Kind::v2_setting_in_v1_rule,
           "acts in IKEv2 alone: here, only when the peer starts with it", "HowToInitiate IKEv2, or leave it out",
           action.at, remarks);
    } else if (!is_meant_for_v1(action, statement)) {
      tell(*coded, v1_of_offer, Kind::v1_setting_in_v2_rule, "acts in IKEv1 alone, which this action does not start",
           "leave it out, or say HowToRespondIKEv1", action.at, remarks);
    }
  }
}

}  // namespace

void check_versions(const Subject& subject, Remarks& remarks) {
  std::set<const KeyExchangeAction*> actions;
  bool has_v1 = false;
  for (const KeyExchangeRule& rule : subject.policy.key_exchange.rules) {
    has_v1 = has_v1 || is_meant_for_v1(*rule.action, subject.origins.of(rule.action->at));
    if (actions.insert(rule.action.get()).second) check_action(subject, *rule.action, remarks);
  }
  if (has_v1) return;
  // No key exchange rule has IKEv1 in mind: then no tunnel has.
  std::set<const DynVpnAction*> tunnels;
  for (const Filter& filter : subject.policy.filter.filters) {
    if (filter.vpn == nullptr || !tunnels.insert(filter.vpn.get()).second) continue;
    for (const DataOffer& offer : filter.vpn->offers) {
      const Statement* coded = subject.origins.of(offer.at);
      if (coded == nullptr) continue;
      tell(*coded, v1_of_data, Kind::v1_setting_in_v2_rule, "acts in IKEv1 alone, which no KeyExchangeAction starts",
           "leave it out", filter.vpn->at, remarks);
    }
  }
}

}  // namespace adit::policy::lint
