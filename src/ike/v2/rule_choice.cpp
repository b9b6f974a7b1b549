#include "ike/v2/rule_choice.h"

#include <fmt/format.h>

#include <algorithm>

namespace adit::ike::v2 {

std::string to_string(const IkeAlgorithms& algorithms) {
  std::string text = adit::to_string(algorithms.cipher.encryption, algorithms.cipher.key_bits);
  if (algorithms.cipher.integrity != IntegrityId::none) text += " " + adit::to_string(algorithms.cipher.integrity);
  return fmt::format("{} PRF {} DH {}", text, adit::to_string(algorithms.prf), adit::to_string(algorithms.group));
}

IkeAlgorithms algorithms_of(const policy::KeyExchangeOffer& offer) {
  const EncryptionFacts* facts = find(offer.encryption);
  const bool is_combined = facts != nullptr && facts->is_aead();
  return {.cipher = {.encryption = offer.encryption,
                     .key_bits = offer.key_bits,
                     .integrity = is_combined ? IntegrityId::none : offer.integrity},
          .prf = offer.prf,
          .group = offer.group};
}

RulePointer share(const policy::PolicyPointer& policy, const policy::KeyExchangeRule* rule) {
  return rule == nullptr ? nullptr : RulePointer{policy, rule};
}
FilterPointer share(const policy::PolicyPointer& policy, const policy::Filter* filter) {
  return filter == nullptr ? nullptr : FilterPointer{policy, filter};
}

const policy::KeyExchangeOffer* find_offer(const policy::KeyExchangeRule& rule, const IkeAlgorithms& algorithms) {
  for (const policy::KeyExchangeOffer& offer : rule.action->offers) {
    if (algorithms_of(offer) == algorithms) return &offer;
  }
  return nullptr;
}

FinalRule final_rule(const policy::PolicyPointer& policy, const IpAddress& local, const IpAddress& remote,
                     const Identity& idi, const std::optional<Identity>& idr, const IkeAlgorithms& accepted) {
  const auto search = [&](const std::optional<Identity>& own) -> RulePointer {
    const policy::KeyExchangeRule* found = policy::find_rule(
        policy->key_exchange,
        {.local_address = local, .remote_address = remote, .local_identity = own, .remote_identity = idi});
    if (found == nullptr || find_offer(*found, accepted) == nullptr) return nullptr;
    return share(policy, found);
  };
  if (!idr) return {.rule = search(std::nullopt)};
  if (RulePointer found = search(idr)) return {.rule = std::move(found)};
  return {.rule = search(std::nullopt), .idr_ignored = true};
}

bool accepts_method(const policy::KeyExchangeRule& rule, const IkeAlgorithms& accepted, AuthMethod method) {
  const auto accepted_by = [&](policy::HowToAuthPeers how) {
    switch (method) {
      case AuthMethod::shared_key:
        return how == policy::HowToAuthPeers::preshared_key && !rule.shared_key.empty();
      case AuthMethod::rsa_signature:
      case AuthMethod::ecdsa_256:
      case AuthMethod::ecdsa_384:
      case AuthMethod::ecdsa_521:
      case AuthMethod::digital_signature:
        return how == policy::HowToAuthPeers::signature;
      case AuthMethod::dss_signature:
      case AuthMethod::null:
        return false;
    }
    return false;
  };
  return std::ranges::any_of(rule.action->offers, [&](const policy::KeyExchangeOffer& offer) {
    return algorithms_of(offer) == accepted && accepted_by(offer.auth_peers);
  });
}

std::string acceptable_methods(const policy::KeyExchangeRule& rule, const IkeAlgorithms& accepted) {
  bool shared_key = false;
  bool signature = false;
  for (const policy::KeyExchangeOffer& offer : rule.action->offers) {
    if (algorithms_of(offer) != accepted) continue;
    (offer.auth_peers == policy::HowToAuthPeers::preshared_key ? shared_key : signature) = true;
  }
  if (shared_key && signature) return "PresharedKey or a digital signature";
  return shared_key ? "PresharedKey" : "a digital signature";
}

bool wants_signatures(const policy::KeyExchangeRule& rule) {
  return std::ranges::any_of(rule.action->offers, [](const policy::KeyExchangeOffer& offer) {
    return offer.auth_peers == policy::HowToAuthPeers::signature;
  });
}

bool identity_fits_address(const policy::KeyExchangeRule& rule, const Identity& identity, const IpAddress& peer) {
  if (identity.type != IdentityType::ipv4_addr && identity.type != IdentityType::ipv6_addr) return true;
  if (rule.action->bypass_ip_validation) return true;
  return IpAddress::from_octets(identity.value) == peer;
}

}  // namespace adit::ike::v2
