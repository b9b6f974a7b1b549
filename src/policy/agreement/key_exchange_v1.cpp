// Phase 1 of IKEv1, Main and Aggressive mode (RFC 2409 §5). Hash, accepted lifetimes and the modes that are answered
// are in the statements alone: the policy does not carry them.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "policy/agreement/differences.h"
#include "policy/agreement/key_exchange.h"

namespace adit::policy::agreement {
namespace {

constexpr unsigned answers_main = 0, answers_aggressive = 1, answers_either = 2;  // HowToRespondIKEv1

std::string hash_of(const Statement* statement) {
  const auto* chosen =
      statement == nullptr ? nullptr : std::get_if<Chosen>(&statement->value_of(Attribute::how_to_auth_msgs));
  return chosen == nullptr || chosen->choice == nullptr ? "?" : std::string{chosen->choice->word};
}

// Combined modes have no number in phase 1 (RFC 2409 Appendix A, RFC 3602).
bool is_of_v1(const KeyExchangeOffer& offer) {
  return offer.encryption == EncryptionId::des || offer.encryption == EncryptionId::triple_des ||
         offer.encryption == EncryptionId::aes_cbc;
}

/// The offers of a rule that IKEv1 can make.
struct Offers {
  std::vector<Attributes> attributes;
  std::vector<const KeyExchangeOffer*> offers;

  Offers(const Side& side, const KeyExchangeRule& rule) {
    for (const KeyExchangeOffer& offer : rule.action->offers) {
      if (!is_of_v1(offer)) continue;
      offers.push_back(&offer);
      attributes.push_back(
          {{"cipher", to_string(offer.encryption, offer.key_bits)},
           {"hash", hash_of(side.origins.of(offer.at))},
           {"method", offer.auth_peers == HowToAuthPeers::preshared_key ? "PresharedKey" : "RsaSignature"},
           {"DHGroup", fmt::format("Group{}", std::to_underlying(offer.group))}});
    }
  }
};

/// What a responder takes: RefreshLifetimeAccepted and RefreshLifesizeAccepted of its offer; empty when it does.
std::string refused_life(const Side& responder, const KeyExchangeOffer& proposed, const KeyExchangeOffer& accepted) {
  const Statement* statement = responder.origins.of(accepted.at);
  if (statement == nullptr) return {};
  const auto minutes = static_cast<std::uint64_t>(proposed.lifetime.count());
  const auto* limits = std::get_if<Span>(&statement->value_of(Attribute::refresh_lifetime_accepted));
  if (limits != nullptr && (minutes < limits->first || minutes > limits->last)) {
    return fmt::format("lifetime: {} minutes here, {} to {} accepted there", minutes, limits->first, limits->last);
  }
  const auto* sizes = std::get_if<Span>(&statement->value_of(Attribute::refresh_lifesize_accepted));
  if (!proposed.lifesize_kbytes) return {};
  if (sizes == nullptr) return fmt::format("lifesize: {} Kbytes here, None accepted there", *proposed.lifesize_kbytes);
  if (*proposed.lifesize_kbytes < sizes->first || *proposed.lifesize_kbytes > sizes->last) {
    return fmt::format("lifesize: {} Kbytes here, {} to {} accepted there", *proposed.lifesize_kbytes, sizes->first,
                       sizes->last);
  }
  return {};
}

/// Each proposal of the initiator, in its order, against each offer of the responder (reference §5.1).
const KeyExchangeOffer* choose(const Side& initiator, const KeyExchangeRule& rule, const Side& responder,
                               const KeyExchangeRule& peer, std::vector<Step>& steps) {
  const Offers here{initiator, rule};
  const Offers there{responder, peer};
  Step step{.what = "IKE proposal", .initiator = rule.action->at, .responder = peer.action->at};
  if (here.offers.empty() || there.offers.empty()) {
    step.result = fmt::format("no KeyExchangeOffer {} that IKEv1 can make", here.offers.empty() ? "here" : "there");
    steps.push_back(std::move(step));
    return nullptr;
  }
  for (std::size_t i = 0; i < here.offers.size(); ++i) {
    for (std::size_t j = 0; j < there.offers.size(); ++j) {
      if (here.attributes[i] != there.attributes[j]) continue;
      step.initiator = here.offers[i]->at;
      step.responder = there.offers[j]->at;
      step.result = refused_life(responder, *here.offers[i], *there.offers[j]);
      if (!step.result.empty()) continue;
      step.agreed = true;
      step.result = listed(here.attributes[i]);
      steps.push_back(std::move(step));
      return here.offers[i];
    }
  }
  if (step.result.empty()) {
    const auto [i, j] = nearest_pair(here.attributes, there.attributes);
    step.result = differences(here.attributes[i], there.attributes[j]);
    step.initiator = here.offers[i]->at;
    step.responder = there.offers[j]->at;
  }
  steps.push_back(std::move(step));
  return nullptr;
}

bool answers(const Side& responder, const KeyExchangeRule& rule, HowToInitiate mode, std::vector<Step>& steps) {
  const Statement* statement = responder.origins.of(rule.action->at);
  const unsigned answered =
      statement == nullptr ? answers_either : chosen<unsigned>(*statement, Attribute::how_to_respond_ikev1);
  const bool refused = mode == HowToInitiate::main ? answered == answers_aggressive : answered == answers_main;
  if (!refused) return true;
  steps.push_back(
      {.what = "mode of phase 1",
       .agreed = false,
       .result = fmt::format("{} here, HowToRespondIKEv1 {} there", mode == HowToInitiate::main ? "Main" : "Aggressive",
                             answered == answers_main ? "Main" : "Aggressive"),
       .initiator = std::nullopt,
       .responder = rule.action->at});
  return false;
}

}  // namespace

MetRules play_v1(const Side& initiator, const KeyExchangeRule& rule, const Side& responder, const Ends& ends,
                 std::vector<Step>& steps) {
  const MetRules nothing{.initiator = &rule};
  const HowToInitiate mode = rule.action->how_to_initiate;
  KeyExchangeSearch known{.local_address = ends.responder, .remote_address = ends.initiator};
  // Aggressive mode tells the identity in its first message; Main mode only after the key has been chosen.
  if (mode == HowToInitiate::aggressive) known.remote_identity = rule.local_identity;
  const char* first_search = mode == HowToInitiate::aggressive ? "rules by identity" : "rules by address";
  const KeyExchangeRule* tentative = find_responder_rule(responder, known, first_search, rule, steps);
  if (tentative == nullptr || !answers(responder, *tentative, mode, steps)) return nothing;
  const KeyExchangeOffer* chosen_offer = choose(initiator, rule, responder, *tentative, steps);
  if (chosen_offer == nullptr) return nothing;

  if (chosen_offer->auth_peers == HowToAuthPeers::preshared_key) {
    steps.push_back(compare_keys(rule, *tentative, "proof of both"));
    if (!steps.back().agreed) return nothing;
  } else {
    steps.push_back({.what = "proof of both",
                     .agreed = true,
                     .result = "RsaSignature; certificates are not looked at here",
                     .initiator = rule.action->at,
                     .responder = tentative->action->at});
  }
  const KeyExchangeRule* final_rule = tentative;
  if (mode == HowToInitiate::main) {
    known.remote_identity = rule.local_identity;
    final_rule = find_responder_rule(responder, known, "rules by identity", rule, steps);
    if (final_rule == nullptr) return nothing;
    std::vector<Step> again;
    if (final_rule != tentative && choose(initiator, rule, responder, *final_rule, again) == nullptr) {
      steps.push_back(std::move(again.back()));
      return nothing;
    }
  }
  if (!accept_initiator_address(rule, *final_rule, ends, steps)) return nothing;
  if (!accept_responder(rule, *final_rule, ends, steps)) return nothing;
  return {.initiator = &rule, .responder = final_rule};
}

}  // namespace adit::policy::agreement
