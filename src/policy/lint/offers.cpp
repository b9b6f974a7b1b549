// Offers that say again what an earlier one of the action says: they are never chosen.

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "policy/lint/subject.h"

namespace adit::policy::lint {
namespace {

// The values of both versions: offers may differ in those of one alone (reference §3.15).
auto algorithms(const Subject& subject, const KeyExchangeOffer& offer) {
  const Statement* statement = subject.origins.of(offer.at);
  const unsigned hash = statement == nullptr ? 0 : chosen<unsigned>(*statement, Attribute::how_to_auth_msgs);
  return std::tuple{offer.encryption, offer.key_bits, offer.integrity, offer.prf, offer.group, offer.auth_peers, hash};
}
auto algorithms(const Subject&, const DataOffer& offer) {
  return std::tuple{offer.ah, offer.encryption, offer.key_bits, offer.integrity, offer.how_to_encap};
}

template <class Action>
void check(const Subject& subject, const Action& action, std::string_view kind, Remarks& remarks) {
  for (std::size_t i = 0; i < action.offers.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const auto& offer = action.offers[i];
      const auto& earlier = action.offers[j];
      if (algorithms(subject, offer) != algorithms(subject, earlier)) continue;
      remarks.add({.kind = Kind::duplicate_offer,
                   .at = offer.at,
                   .other = earlier.at,
                   .problem = fmt::format("{} {} of {} repeats {} (line {}): it is never chosen", kind, offer.name,
                                          action.name, earlier.name, earlier.at.line),
                   .advice = "remove it"});
      break;
    }
  }
}

}  // namespace

void check_offers(const Subject& subject, Remarks& remarks) {
  std::set<const KeyExchangeAction*> actions;
  for (const KeyExchangeRule& rule : subject.policy.key_exchange.rules) {
    if (actions.insert(rule.action.get()).second) check(subject, *rule.action, "KeyExchangeOffer", remarks);
  }
  std::set<const DynVpnAction*> tunnels;
  for (const Filter& filter : subject.policy.filter.filters) {
    if (filter.vpn != nullptr && tunnels.insert(filter.vpn.get()).second)
      check(subject, *filter.vpn, "IpDataOffer", remarks);
  }
}

}  // namespace adit::policy::lint
