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
  std::set<const KeyExchangeAction*> seen;
  for (const KeyExchangeRule& rule : subject.policy.key_exchange.rules) {
    const KeyExchangeAction& action = *rule.action;
    const bool by_key = std::ranges::find(action.offers, HowToAuthPeers::preshared_key,
                                          &KeyExchangeOffer::auth_peers) != action.offers.end();
    if (!by_key || !seen.insert(&action).second) continue;
    const Statement* statement = subject.origins.of(action.at);
    const Entry* respond = statement == nullptr ? nullptr : statement->find(Attribute::how_to_respond_ikev1);
    const bool starts = action.how_to_initiate == HowToInitiate::aggressive;
    // Either is the default: without a word of IKEv1 in the action, nobody has asked for it.
    const bool answers =
        respond != nullptr && chosen_of<unsigned>(respond->value, answers_main_alone) != answers_main_alone;
    if (!starts && !answers) continue;
    remarks.add(
        {.kind = Kind::aggressive_shared_key,
         .at = starts ? action.at : respond->at.range(),
         .other = rule.at,
         .problem = fmt::format("KeyExchangeAction {} {} IKEv1 Aggressive mode with a pre-shared key (KeyExchangeRule "
                                "{}): one recorded handshake is enough to try out keys",
                                action.name, starts ? "starts" : "answers", rule.name),
         .advice = "IKEv2; or HowToInitiate and HowToRespondIKEv1 Main; or certificates"});
  }
}

}  // namespace adit::policy::lint
