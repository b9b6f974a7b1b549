// Lifetimes and lifesizes that cannot do what they seem to.

#include <fmt/format.h>

#include <set>

#include "policy/lint/subject.h"

namespace adit::policy::lint {
namespace {

constexpr Minutes shortest_sensible{5};
// At 1 Gbit/s, 100 000 Kbytes pass in less than a second.
constexpr std::uint64_t smallest_sensible_kbytes = 100'000;

class RefreshCheck {
 public:
  RefreshCheck(const Subject& subject, Remarks& remarks) : subject_{subject}, remarks_{remarks} {}

  template <class Offer>
  void check(const Offer& offer) {
    const Statement* statement = subject_.origins.of(offer.at);
    if (statement == nullptr) return;
    outside(*statement, Attribute::refresh_lifetime_proposed, Attribute::refresh_lifetime_accepted);
    outside(*statement, Attribute::refresh_lifesize_proposed, Attribute::refresh_lifesize_accepted);
    if (offer.lifetime < shortest_sensible) {
      tell(Kind::refresh_too_often, place(*statement, Attribute::refresh_lifetime_proposed), std::nullopt,
           fmt::format("SAs are replaced every {} minutes", offer.lifetime.count()),
           fmt::format("RefreshLifetimeProposed of {} minutes or more", shortest_sensible.count()));
    }
    if (offer.lifesize_kbytes && *offer.lifesize_kbytes < smallest_sensible_kbytes) {
      tell(Kind::refresh_too_often, place(*statement, Attribute::refresh_lifesize_proposed), std::nullopt,
           fmt::format("SAs are replaced after every {} Kbytes: less than a second of a fast link",
                       *offer.lifesize_kbytes),
           fmt::format("RefreshLifesizeProposed of {} or more, or None", smallest_sensible_kbytes));
    }
  }

  void tell(Kind kind, const SourceRange& at, std::optional<SourceRange> other, std::string problem,
            std::string advice) {
    remarks_.add({.kind = kind,
                  .at = at,
                  .other = std::move(other),
                  .problem = std::move(problem),
                  .advice = std::move(advice)});
  }

  static SourceRange place(const Statement& statement, Attribute id) {
    const Entry* entry = statement.find(id);
    return entry == nullptr ? statement.name_at.range() : entry->at.range();
  }

 private:
  void outside(const Statement& statement, Attribute proposed, Attribute accepted) {
    const auto* value = std::get_if<Span>(&statement.value_of(proposed));
    const auto* limits = std::get_if<Span>(&statement.value_of(accepted));
    const bool is_coded = statement.find(proposed) != nullptr || statement.find(accepted) != nullptr;
    // What IKEv1 would take from a peer is only worth a word where somebody wrote it.
    if (value == nullptr || limits == nullptr || !is_coded || statement.find(accepted) == nullptr) return;
    if (value->first >= limits->first && value->first <= limits->last) return;
    tell(Kind::refresh_outside_accepted, place(statement, proposed), place(statement, accepted),
         fmt::format("this side proposes {} and accepts {} to {}: in IKEv1 a peer of the same policy refuses it",
                     value->first, limits->first, limits->last),
         "a proposed value inside the accepted ones");
  }

  const Subject& subject_;
  Remarks& remarks_;
};

}  // namespace

void check_refresh(const Subject& subject, Remarks& remarks) {
  RefreshCheck refresh{subject, remarks};
  std::set<const KeyExchangeAction*> actions;
  for (const KeyExchangeRule& rule : subject.policy.key_exchange.rules) {
    const KeyExchangeAction& action = *rule.action;
    if (!actions.insert(&action).second) continue;
    for (const KeyExchangeOffer& offer : action.offers) {
      refresh.check(offer);
      const Statement* statement = subject.origins.of(action.at);
      if (statement == nullptr || action.reauth_interval == Minutes{0} || action.reauth_interval >= offer.lifetime)
        continue;
      refresh.tell(
          Kind::reauth_before_refresh, RefreshCheck::place(*statement, Attribute::reauth_interval), offer.at,
          fmt::format("KeyExchangeAction {}: ReauthInterval {} is shorter than the lifetime of {}, {} minutes: "
                      "IKE SAs are replaced, never rekeyed",
                      action.name, action.reauth_interval.count(), offer.name, offer.lifetime.count()),
          "a longer ReauthInterval, if rekeying is meant to happen in between");
    }
  }
  std::set<const DynVpnAction*> tunnels;
  for (const Filter& filter : subject.policy.filter.filters) {
    if (filter.vpn == nullptr || !tunnels.insert(filter.vpn.get()).second) continue;
    const DynVpnAction& action = *filter.vpn;
    for (const DataOffer& offer : action.offers) {
      refresh.check(offer);
      const Statement* statement = subject.origins.of(action.at);
      if (statement == nullptr || action.vpn_life == Minutes{0} || action.vpn_life > offer.lifetime) continue;
      refresh.tell(Kind::refresh_after_vpn_life, RefreshCheck::place(*statement, Attribute::vpn_life), offer.at,
                   fmt::format("IpDynVpnAction {}: VpnLife {} ends the tunnel before the lifetime of {}, {} minutes",
                               action.name, action.vpn_life.count(), offer.name, offer.lifetime.count()),
                   "a longer VpnLife, or a shorter RefreshLifetimeProposed");
    }
  }
}

}  // namespace adit::policy::lint
