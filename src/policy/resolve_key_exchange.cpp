#include <fmt/format.h>

#include <algorithm>

#include "policy/resolver.h"

namespace adit::policy {
namespace {

// Shorter keys can be tried out by whoever records one handshake.
constexpr std::size_t advised_key_octets = 20;

Finding told(std::string_view problem, std::string_view expected) {
  return {.problem = std::string{problem}, .found = {}, .expected = std::string{expected}, .nearest = {}};
}

/// By the number that RFC 2409 appendix A and its registry give the hash.
PrfId hash_of(unsigned number) {
  switch (number) {
    case hash_md5:
      return PrfId::hmac_md5;
    case 2:
      return PrfId::hmac_sha1;
    case 5:
      return PrfId::hmac_sha2_384;
    case 6:
      return PrfId::hmac_sha2_512;
    default:
      return PrfId::hmac_sha2_256;
  }
}

}  // namespace

template <class T>
const T& Resolver::inherited(const Statement& action, Attribute id) const {
  // A wrong value, reported where it stands, is passed over like an absent one.
  for (const Statement* statement : {&action, key_exchange_statement_}) {
    const Value* value = statement == nullptr ? nullptr : &statement->value_of(id);
    if (value != nullptr && std::holds_alternative<T>(*value)) return std::get<T>(*value);
  }
  return std::get<T>(preset_of(row_of(StatementId::key_exchange_policy), id, compat_));
}

void Resolver::key_exchange_policy(const Statement* statement) {
  if (statement == nullptr) return;
  snapshot_.key_exchange.nat_keep_alive = Seconds{number(*statement, Attribute::nat_keep_alive_interval)};
  key_exchange_rules(*statement);
}

void Resolver::key_exchange_rules(const Statement& holder) {
  for (const Entry& entry : holder.entries) {
    if (entry.row->id == Attribute::group) {
      if (const Statement* named = target(entry)) key_exchange_rules(*named);
    }
    if (entry.row->id != Attribute::rule) continue;
    const Statement* rule = target(entry);
    if (rule != nullptr && is_new_rule(*rule, entry.at)) key_exchange_rule(*rule);
  }
}

void Resolver::key_exchange_rule(const Statement& rule) {
  KeyExchangeRule made;
  made.name = rule.name;
  made.at = rule.name_at.range();
  if (const Statement* local = target(rule, Attribute::local_endpoint)) {
    SecurityEndpoint end = endpoint(*local);
    made.local_locations = std::move(end.locations);
    if (end.identity && end.identity->exact) {
      made.local_identity = *end.identity->exact;
    } else if (end.identity) {
      findings_.error(end.identity_at,
                      told("wildcard in the local identity", "an exact identity: it is what this side sends"));
    } else if (local->find(Attribute::identity) == nullptr) {
      findings_.error(end.at, told("LocalSecurityEndpoint without Identity", "Identity type value"));
    }
  }
  if (const Statement* remote = target(rule, Attribute::remote_endpoint)) {
    SecurityEndpoint end = endpoint(*remote);
    made.remote_locations = std::move(end.locations);
    made.initiate_to = std::move(end.initiate_to);
    made.ca_labels = std::move(end.ca_labels);
    if (end.identity) {
      made.remote_identity = *std::move(end.identity);
    } else if (remote->find(Attribute::identity) == nullptr) {
      findings_.error(end.at, told("RemoteSecurityEndpoint without Identity", "Identity type value"));
    }
  }
  made.shared_key = shared_key(rule);
  if (const Statement* action = target(rule, Attribute::key_exchange_action)) {
    made.action = key_exchange_action(*action);
    check_secret(rule, made, *action);
  }
  snapshot_.key_exchange.rules.push_back(std::move(made));
}

void Resolver::check_secret(const Statement& rule, const KeyExchangeRule& made, const Statement& action) {
  const auto by_key = [](const KeyExchangeOffer& offer) { return offer.auth_peers == HowToAuthPeers::preshared_key; };
  const bool peers_by_key = std::ranges::any_of(made.action->offers, by_key);
  const bool only_by_key = !made.action->offers.empty() && std::ranges::all_of(made.action->offers, by_key);
  const bool me_by_key = made.action->how_to_auth_me == HowToAuthMe::preshared_key;
  const Entry* coded = rule.find(Attribute::shared_key);
  if (coded == nullptr) coded = rule.find(Attribute::shared_key_file);
  if (coded == nullptr && (peers_by_key || me_by_key)) {
    findings_.error(rule.at, told("PresharedKey without a key", "SharedKey or SharedKeyFile in this rule"));
  }
  if (coded != nullptr && !peers_by_key && !me_by_key) {
    findings_.warning(coded->at,
                      told("SharedKey is never used: no PresharedKey in the action", "HowToAuthMe PresharedKey"));
  } else if (!made.shared_key.empty() && made.shared_key.size() < advised_key_octets) {
    findings_.warning(coded->at, told("SharedKey is short", fmt::format("at least {} octets", advised_key_octets)));
  }
  // Signatures are the default of this side: where the peer has only a key, that is hardly meant, though it loads.
  // IKEv1 passes it over.
  const bool is_default = action.find(Attribute::how_to_auth_me) == nullptr;
  if (coded != nullptr && only_by_key && is_default && made.action->how_to_initiate == HowToInitiate::ikev2) {
    findings_.warning(action.at,
                      told("the peer uses PresharedKey, this side DigitalSignature by default", "HowToAuthMe coded"));
  }
}

std::shared_ptr<const KeyExchangeAction> Resolver::key_exchange_action(const Statement& statement) {
  if (const auto made = key_exchange_actions_.find(&statement); made != key_exchange_actions_.end())
    return made->second;
  KeyExchangeAction action{.name = statement.name, .offers = {}, .at = statement.name_at.range()};
  const auto inherited_choice = [&](Attribute id) { return inherited<Chosen>(statement, id).choice->value; };
  action.how_to_initiate = static_cast<HowToInitiate>(inherited_choice(Attribute::how_to_initiate));
  action.how_to_respond = chosen<HowToRespondIkeV1>(statement, Attribute::how_to_respond_ikev1);
  action.how_to_auth_me = chosen<HowToAuthMe>(statement, Attribute::how_to_auth_me);
  action.allow_nat = inherited_choice(Attribute::allow_nat) == 1;
  action.force_udp_encapsulation = is_yes(statement, Attribute::force_udp_encapsulation);
  if (action.force_udp_encapsulation && !action.allow_nat) {
    findings_.error(where(statement, Attribute::force_udp_encapsulation),
                    {.problem = "UDP encapsulation is a part of NAT traversal, which is not allowed",
                     .found = "Yes",
                     .expected = "AllowNat Yes",
                     .nearest = {}});
  }
  action.reauth_interval = Minutes{number(statement, Attribute::reauth_interval)};
  action.filter_by_identity = inherited_choice(Attribute::filter_by_identity) == 1;
  action.bypass_ip_validation = inherited_choice(Attribute::bypass_ip_validation) == 1;
  action.url_preference = static_cast<UrlPreference>(inherited_choice(Attribute::certificate_url_lookup_preference));
  action.revocation = static_cast<Revocation>(inherited_choice(Attribute::revocation_checking));
  action.liveness_interval = Seconds{inherited<Span>(statement, Attribute::liveness_interval).first};
  for (const Entry& entry : statement.entries) {
    if (entry.row->id != Attribute::offer) continue;
    if (const Statement* offer = target(entry)) {
      action.offers.push_back(key_exchange_offer(*offer, action.offers.size() + 1));
    }
  }
  const auto group = [](const KeyExchangeOffer& offer) { return offer.group; };
  if (action.how_to_initiate == HowToInitiate::aggressive &&
      std::ranges::adjacent_find(action.offers, std::ranges::not_equal_to{}, group) != action.offers.end()) {
    findings_.error(statement.at, told("Aggressive mode with offers of several DHGroups", "one DHGroup in all offers"));
  }
  return key_exchange_actions_[&statement] = std::make_shared<const KeyExchangeAction>(std::move(action));
}

// The suites that are acceptable for an IKE SA are the administrator's to choose (RFC 7296 §3.3.4).
KeyExchangeOffer Resolver::key_exchange_offer(const Statement& statement, std::size_t number_of_offer) {
  KeyExchangeOffer offer;
  offer.name = statement.name.empty() ? fmt::format("offer {}", number_of_offer) : statement.name;
  offer.at = statement.name_at.range();
  const auto& cipher = value_as<EncryptionChoice>(statement, Attribute::how_to_encrypt);
  offer.encryption = cipher.id;
  offer.key_bits = cipher.key_bits;
  offer.integrity = chosen<IntegrityId>(statement, Attribute::how_to_verify_msgs);
  offer.prf = chosen<PrfId>(statement, Attribute::pseudo_random_function);
  offer.hash_v1 = hash_of(chosen<unsigned>(statement, Attribute::how_to_auth_msgs));
  offer.group = chosen<GroupId>(statement, Attribute::dh_group);
  offer.auth_peers = chosen<HowToAuthPeers>(statement, Attribute::how_to_auth_peers);
  offer.lifetime = Minutes{number(statement, Attribute::refresh_lifetime_proposed)};
  if (const auto* size = std::get_if<Span>(&statement.value_of(Attribute::refresh_lifesize_proposed))) {
    offer.lifesize_kbytes = size->first;
  }
  const Span& accepted = value_as<Span>(statement, Attribute::refresh_lifetime_accepted);
  offer.lifetime_least = Minutes{accepted.first};
  offer.lifetime_most = Minutes{accepted.last};
  if (const auto* taken = std::get_if<Span>(&statement.value_of(Attribute::refresh_lifesize_accepted))) {
    offer.lifesize_accepted = {.least = taken->first, .most = taken->last};
  }
  check_refresh(statement);

  const EncryptionFacts* facts = find(offer.encryption);
  const bool is_combined = facts != nullptr && facts->is_aead();
  const bool is_coded = statement.find(Attribute::how_to_verify_msgs) != nullptr;
  const bool is_sound =
      statement.is_sound(Attribute::how_to_encrypt) && statement.is_sound(Attribute::how_to_verify_msgs);
  if (is_sound && is_combined && is_coded && offer.integrity != IntegrityId::none) {
    findings_.error(where(statement, Attribute::how_to_verify_msgs),
                    told("a combined mode brings its own integrity", "HowToVerifyMsgs None"));
  }
  if (is_sound && !is_combined && offer.integrity == IntegrityId::none) {
    findings_.error(where(statement, Attribute::how_to_verify_msgs),
                    told("encryption without integrity", "an algorithm other than None"));
  }
  if (is_combined) offer.integrity = IntegrityId::none;
  check_fips(statement, offer.encryption, offer.integrity);
  check_fips(statement, Attribute::dh_group);
  check_fips_of_hashes(statement);
  return offer;
}

}  // namespace adit::policy
