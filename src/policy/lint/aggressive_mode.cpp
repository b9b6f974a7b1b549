// IKEv1 Aggressive mode with a pre-shared key: HASH_R leaves before the peer has proved anything, so that who records
// one handshake, or asks for one, can try out keys at leisure (RFC 2409 §5.4; RFC 9395 §3 on IKEv1 as a whole).

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "policy/lint/subject.h"
#include "policy/lint/versions.h"

namespace adit::policy::lint {
namespace {

constexpr unsigned answers_main_alone = 0;  // HowToRespondIKEv1 Main

}  // namespace

void check_aggressive_mode(const Subject& subject, Remarks& remarks) {
  std::set<const KeyExchangeAction*> told;
  for (const KeyExchangeRule& rule : subject.policy.key_exchange.rules) {
    const KeyExchangeAction& action = *rule.action;
    const auto by_key = [](const KeyExchangeOffer& offer) { return offer.auth_peers == HowToAuthPeers::preshared_key; };
    if (std::ranges::none_of(action.offers, by_key)) continue;
    const Statement* statement = subject.origins.of(action.at);
    const Entry* respond = statement == nullptr ? nullptr : statement->find(Attribute::how_to_respond_ikev1);
    const bool starts = action.how_to_initiate == HowToInitiate::aggressive;
    const bool answers =
        respond != nullptr && chosen_of<unsigned>(respond->value, answers_main_alone) != answers_main_alone;
    if (starts || answers) {
      if (!told.insert(&action).second) continue;
      remarks.add({.kind = Kind::aggressive_shared_key,
                   .at = starts ? action.at : respond->at.range(),
                   .other = rule.at,
                   .problem = fmt::format("KeyExchangeAction {} {} IKEv1 Aggressive mode with a pre-shared key "
                                          "(KeyExchangeRule {}): one recorded handshake is enough to try out keys",
                                          action.name, starts ? "starts" : "answers", rule.name),
                   .advice = "IKEv2; or HowToInitiate and HowToRespondIKEv1 Main; or certificates"});
      continue;
    }
    // Nobody has asked for it, and Either is the default: who sends message 1 from the peer's address gets HASH_R.
    const bool can_answer = std::ranges::any_of(
        action.offers, [&](const KeyExchangeOffer& offer) { return by_key(offer) && can_be_made_by_v1(offer); });
    if (respond != nullptr || action.how_to_respond == HowToRespondIkeV1::main || !can_answer) continue;
    remarks.add(
        {.kind = Kind::aggressive_by_default,
         .at = rule.at,
         .other = action.at,
         .problem = fmt::format("KeyExchangeRule {} answers IKEv1 Aggressive mode with its key, as KeyExchangeAction "
                                "{} has no HowToRespondIKEv1: who gets an answer can try out keys",
                                rule.name, action.name),
         .advice = "HowToRespondIKEv1 Main, or certificates"});
  }
}

}  // namespace adit::policy::lint
