// Key exchange rules that share addresses. Before the peer has said who it is, addresses are all that is known, and the
// first rule that they fit is used (reference §5.1): its offers in IKE_SA_INIT, its key in IKEv1 main mode.

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "policy/lint/key_exchange_index.h"
#include "policy/lint/subject.h"
#include "policy/lint/versions.h"

namespace adit::policy::lint {
namespace {

// As IKE_SA_INIT compares them, or message 1 of IKEv1, where the method of authentication is one of them (RFC 2409 §4).
bool share_an_offer(const KeyExchangeAction& one, const KeyExchangeAction& other) {
  const auto share = [&](const auto& algorithms) {
    return std::ranges::any_of(one.offers, [&](const KeyExchangeOffer& offer) {
      return std::ranges::find(other.offers, algorithms(offer), algorithms) != other.offers.end();
    });
  };
  // The peer of the later rule begins as its own rule would.
  if (starts_v1(other)) {
    return share([](const KeyExchangeOffer& offer) {
      return std::tuple{offer.encryption, offer.key_bits, offer.hash_v1, offer.group, offer.auth_peers};
    });
  }
  return share([](const KeyExchangeOffer& offer) {
    return std::tuple{offer.encryption, offer.key_bits, offer.integrity, offer.prf, offer.group};
  });
}

bool takes_keys(const KeyExchangeAction& action) {
  return std::ranges::find(action.offers, HowToAuthPeers::preshared_key, &KeyExchangeOffer::auth_peers) !=
         action.offers.end();
}

void compare(const Subject& subject, const KeyExchangeRule& first, const KeyExchangeRule& later, Remarks& remarks) {
  const std::string both = fmt::format("KeyExchangeRule {} and {} (line {}) before it share addresses", later.name,
                                       first.name, first.at.line);
  if (!share_an_offer(*first.action, *later.action)) {
    remarks.add({.kind = Kind::overlapping_key_exchange_rules,
                 .at = later.at,
                 .other = first.at,
                 .problem = both + ", and have no KeyExchangeOffer in common: until the peer has said who it is, the "
                                   "first one's are compared alone",
                 .advice = "an offer in common, or Location values that do not meet"});
  }
  const bool has_v1 = is_meant_for_v1(*first.action, subject.origins.of(first.action->at)) ||
                      is_meant_for_v1(*later.action, subject.origins.of(later.action->at));
  const bool by_key = takes_keys(*first.action) && takes_keys(*later.action);
  if (has_v1 && by_key && !(SecretView{first.shared_key} == SecretView{later.shared_key})) {
    remarks.add({.kind = Kind::ambiguous_shared_key,
                 .at = later.at,
                 .other = first.at,
                 .problem = both + " and have different keys: IKEv1 main mode uses the first one's for both peers",
                 .advice = "Location values that do not meet, certificates, or IKEv2"});
  }
}

}  // namespace

void check_key_exchange_overlap(const Subject& subject, Remarks& remarks) {
  const auto& rules = subject.policy.key_exchange.rules;
  KeyExchangeIndex index{rules};
  for (std::uint32_t number = 0; number < rules.size(); ++number) {
    const std::uint32_t first = index.first_sharing(number);
    if (first != number) compare(subject, rules[first], rules[number], remarks);
  }
}

}  // namespace adit::policy::lint
