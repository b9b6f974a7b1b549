// IKE_SA_INIT and IKE_AUTH of IKEv2, in the order of the engine (docs/policy.md, reference §5.1).

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "policy/agreement/differences.h"
#include "policy/agreement/key_exchange.h"

namespace adit::policy::agreement {
namespace {

Attributes attributes_of(const KeyExchangeOffer& offer) {
  return {{"cipher", to_string(offer.encryption, offer.key_bits)},
          {"integrity", offer.integrity == IntegrityId::none ? "None" : to_string(offer.integrity)},
          {"PRF", to_string(offer.prf)},
          {"DHGroup", fmt::format("Group{}", std::to_underlying(offer.group))}};
}

std::vector<Attributes> attributes_of(const KeyExchangeRule& rule) {
  std::vector<Attributes> all;
  for (const KeyExchangeOffer& offer : rule.action->offers) all.push_back(attributes_of(offer));
  return all;
}

/// The attributes that both have; the responder goes by its own order of preference.
std::optional<Attributes> choose(const KeyExchangeRule& initiator, const KeyExchangeRule& responder,
                                 std::vector<Step>& steps) {
  const auto here = attributes_of(initiator);
  const auto there = attributes_of(responder);
  for (std::size_t j = 0; j < there.size(); ++j) {
    const auto offered = std::ranges::find(here, there[j]);
    if (offered == here.end()) continue;
    const auto i = static_cast<std::size_t>(offered - here.begin());
    steps.push_back({.what = "IKE proposal",
                     .agreed = true,
                     .result = listed(there[j]),
                     .initiator = initiator.action->offers[i].at,
                     .responder = responder.action->offers[j].at});
    return there[j];
  }
  const auto [i, j] = nearest_pair(here, there);
  steps.push_back({.what = "IKE proposal",
                   .agreed = false,
                   .result = differences(here[i], there[j]),
                   .initiator = initiator.action->offers[i].at,
                   .responder = responder.action->offers[j].at});
  return std::nullopt;
}

std::string name_of(HowToAuthMe how) {
  switch (how) {
    case HowToAuthMe::preshared_key:
      return "PresharedKey";
    case HowToAuthMe::rsa_signature:
      return "RsaSignature";
    case HowToAuthMe::ecdsa_256:
      return "ECDSA-256";
    case HowToAuthMe::ecdsa_384:
      return "ECDSA-384";
    case HowToAuthMe::ecdsa_521:
      return "ECDSA-521";
    case HowToAuthMe::digital_signature:
      return "DigitalSignature";
  }
  return "?";
}

/// How one end proves itself to the other: by the offers of the other that contain what was accepted.
/// @param proves, judges  the rules of both; `what` names the step; the step's places are swapped by the caller
Step prove(const KeyExchangeRule& proves, const KeyExchangeRule& judges, const Attributes& accepted, std::string what) {
  const HowToAuthMe how = proves.action->how_to_auth_me;
  const auto wanted = how == HowToAuthMe::preshared_key ? HowToAuthPeers::preshared_key : HowToAuthPeers::signature;
  const bool is_wanted = std::ranges::any_of(judges.action->offers, [&](const KeyExchangeOffer& offer) {
    return attributes_of(offer) == accepted && offer.auth_peers == wanted;
  });
  if (!is_wanted) {
    return {.what = std::move(what),
            .agreed = false,
            .result = fmt::format("HowToAuthMe {} of KeyExchangeAction {}, and HowToAuthPeers of {} wants {}",
                                  name_of(how), proves.action->name, judges.action->name,
                                  wanted == HowToAuthPeers::preshared_key ? "a signature" : "PresharedKey"),
            .initiator = proves.action->at,
            .responder = judges.action->at};
  }
  if (wanted == HowToAuthPeers::preshared_key) return compare_keys(proves, judges, std::move(what));
  return {.what = std::move(what),
          .agreed = true,
          .result = fmt::format("{}; certificates are not looked at here", name_of(how)),
          .initiator = proves.action->at,
          .responder = judges.action->at};
}

}  // namespace

MetRules play_v2(const KeyExchangeRule& rule, const Side& responder, const Ends& ends, std::vector<Step>& steps) {
  const MetRules nothing{.initiator = &rule};
  KeyExchangeSearch known{.local_address = ends.responder, .remote_address = ends.initiator};
  const KeyExchangeRule* tentative = find_responder_rule(responder, known, "rules by address", rule, steps);
  if (tentative == nullptr) return nothing;
  const auto accepted = choose(rule, *tentative, steps);
  if (!accepted) return nothing;

  // IDr is sent where the initiator's rule names one peer; a responder that has no such identity goes on without it.
  known.remote_identity = rule.local_identity;
  known.local_identity = rule.remote_identity.exact;
  const bool has_asked = find_rule(responder.policy.key_exchange, known) != nullptr;
  if (!has_asked) known.local_identity = std::nullopt;
  const KeyExchangeRule* final_rule = find_responder_rule(responder, known, "rules by identity", rule, steps);
  if (final_rule == nullptr) return nothing;
  const auto offers = attributes_of(*final_rule);
  if (std::ranges::find(offers, *accepted) == offers.end()) {
    steps.push_back(
        {.what = "IKE proposal of the final rule",
         .agreed = false,
         .result = fmt::format("{} there, chosen by identity, has no offer {} that {}, chosen by address, took",
                               final_rule->name, listed(*accepted), tentative->name),
         .initiator = rule.at,
         .responder = final_rule->at});
    return nothing;
  }
  if (!accept_initiator_address(rule, *final_rule, ends, steps)) return nothing;
  if (!accept_responder(rule, *final_rule, ends, steps)) return nothing;

  steps.push_back(prove(rule, *final_rule, *accepted, "proof of the initiator"));
  if (!steps.back().agreed) return nothing;
  Step proof = prove(*final_rule, rule, *accepted, "proof of the responder");
  std::swap(proof.initiator, proof.responder);
  steps.push_back(std::move(proof));
  if (!steps.back().agreed) return nothing;
  return {.initiator = &rule, .responder = final_rule};
}

}  // namespace adit::policy::agreement
