#pragma once
// Which KeyExchangeRule an IKE SA falls under: tentative by addresses alone, final once the identities are known
// (docs/policy.md, Search for a KeyExchangeRule).

#include <memory>
#include <optional>

#include "base/ip_address.h"
#include "crypto/ike_cipher.h"
#include "policy/match.h"
#include "policy/model.h"

namespace adit::ike::v2 {

/// The algorithms that both ends agreed on for an IKE SA.
struct IkeAlgorithms {
  crypto::IkeCipherAlgorithms cipher;
  PrfId prf{};
  GroupId group{};
  auto operator<=>(const IkeAlgorithms&) const = default;
};
/// `AES_CBC-128 HMAC_SHA2_256_128 PRF HMAC_SHA2_256 DH curve25519`
std::string to_string(const IkeAlgorithms& algorithms);

IkeAlgorithms algorithms_of(const policy::KeyExchangeOffer& offer);

/// A rule with the snapshot it lies in kept alive.
using RulePointer = std::shared_ptr<const policy::KeyExchangeRule>;
RulePointer share(const policy::PolicyPointer& policy, const policy::KeyExchangeRule* rule);
using FilterPointer = std::shared_ptr<const policy::Filter>;
FilterPointer share(const policy::PolicyPointer& policy, const policy::Filter* filter);

/// Whether any offer of the rule has these algorithms.
const policy::KeyExchangeOffer* find_offer(const policy::KeyExchangeRule& rule, const IkeAlgorithms& algorithms);

/// The responder's second search, with the peer's IDi and the IDr it asked for, if any. What does not fit the accepted
/// proposal is passed over: first the IDr, then all.
struct FinalRule {
  RulePointer rule;          ///< null: none fits
  bool idr_ignored = false;  ///< the IDr asked for names none of our identities
};
FinalRule final_rule(const policy::PolicyPointer& policy, const IpAddress& local, const IpAddress& remote,
                     const Identity& idi, const std::optional<Identity>& idr, const IkeAlgorithms& accepted);

/// Whether the peer may prove itself so: HowToAuthPeers of the offers that contain the accepted proposal.
bool accepts_method(const policy::KeyExchangeRule& rule, const IkeAlgorithms& accepted, AuthMethod method);
/// `PresharedKey`, `signature`, or both.
std::string acceptable_methods(const policy::KeyExchangeRule& rule, const IkeAlgorithms& accepted);
/// Whether any offer lets peers prove themselves by signature: then CERTREQs are sent.
bool wants_signatures(const policy::KeyExchangeRule& rule);

/// An IpAddr identity must be the address the peer is seen at, unless the rule bypasses the check.
bool identity_fits_address(const policy::KeyExchangeRule& rule, const Identity& identity, const IpAddress& peer);

}  // namespace adit::ike::v2
