#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "policy/resolver.h"

namespace adit::policy {
namespace {

unsigned gmac_key_bits(IntegrityId id) {
  switch (id) {
    case IntegrityId::aes_128_gmac:
      return 128;
    case IntegrityId::aes_192_gmac:
      return 192;
    case IntegrityId::aes_256_gmac:
      return 256;
    default:
      return 0;
  }
}

bool is_combined(EncryptionId id) {
  const EncryptionFacts* facts = find(id);
  return facts != nullptr && facts->is_aead();
}

}  // namespace

DfSetting Resolver::df_of(const Statement& statement) {
  const Chosen& df = value_as<Chosen>(statement, Attribute::passthrough_df);
  if (df.choice->value == 1) return DfSetting::copy;
  return df.follower == nullptr ? DfSetting::clear : static_cast<DfSetting>(df.follower->value);
}

GenericAction Resolver::generic_action(const Statement& statement) {
  const auto [at, is_new] = generic_actions_.try_emplace(&statement);
  if (!is_new) return at->second;
  GenericAction& action = at->second;
  action.action = chosen<FilterAction>(statement, Attribute::filter_action);
  action.logging = chosen<FilterLogging>(statement, Attribute::filter_action_logging);
  action.discard = chosen<DiscardAction>(statement, Attribute::discard_action);
  const bool by_tunnel = action.logging == FilterLogging::permit || action.logging == FilterLogging::deny;
  if (by_tunnel && action.action != FilterAction::ipsec) {
    findings_.error(where(statement, Attribute::filter_action_logging),
                    {.problem = "LogPermit and LogDeny are for IpFilterAction IpSec",
                     .found = {},
                     .expected = "Yes | No",
                     .nearest = {}});
  }
  return action;
}

std::shared_ptr<const DynVpnAction> Resolver::dyn_vpn_action(const Statement& statement) {
  if (const auto made = dyn_vpn_actions_.find(&statement); made != dyn_vpn_actions_.end()) return made->second;
  DynVpnAction action{.name = statement.name, .acceptable_pfs = {}, .offers = {}, .at = statement.name_at.range()};
  action.initiation = chosen<Initiation>(statement, Attribute::initiation);
  action.vpn_life = Minutes{number(statement, Attribute::vpn_life)};
  action.how_to_encap_ikev2 = chosen<EncapsulationChoice>(statement, Attribute::how_to_encap_ikev2);
  action.df = df_of(statement);
  action.copy_dscp = is_yes(statement, Attribute::passthrough_dscp);
  pfs_of(statement, action);
  std::size_t offers = 0;
  for (const Entry& entry : statement.entries) {
    if (entry.row->id != Attribute::offer) continue;
    ++offers;
    const Statement* offer = target(entry);
    if (offer == nullptr) continue;
    if (auto made = data_offer(*offer, offers)) action.offers.push_back(*std::move(made));
  }
  // IKEv1 takes the mode of its offers; where those have transport mode, too, there is no outer header to write.
  const bool may_tunnel = action.how_to_encap_ikev2 != EncapsulationChoice::transport ||
                          std::ranges::any_of(action.offers, [](const DataOffer& offer) {
                            return offer.how_to_encap == EncapsulationChoice::tunnel;
                          });
  for (const Attribute id : {Attribute::passthrough_df, Attribute::passthrough_dscp}) {
    const Entry* coded = statement.find(id);
    if (may_tunnel || coded == nullptr) continue;
    findings_.note(coded->at, {.problem = fmt::format("{} has no effect in transport mode", coded->row->name),
                               .found = {},
                               .expected = {},
                               .nearest = {}});
  }
  return dyn_vpn_actions_[&statement] = std::make_shared<const DynVpnAction>(std::move(action));
}

void Resolver::pfs_of(const Statement& statement, DynVpnAction& action) {
  const Entry* pfs = statement.find(Attribute::pfs);
  const Entry* initiate = statement.find(Attribute::initiate_with_pfs);
  const Entry* accept = statement.find(Attribute::acceptable_pfs);
  action.initiate_with_pfs = chosen<GroupId>(statement, Attribute::initiate_with_pfs);
  for (const Entry& entry : statement.entries) {
    if (entry.row->id == Attribute::acceptable_pfs) {
      action.acceptable_pfs.push_back(chosen_of(entry.value, GroupId::none));
    }
  }
  if (action.acceptable_pfs.empty()) action.acceptable_pfs = {GroupId::none};
  if (pfs != nullptr) {
    const Entry* newer = initiate != nullptr ? initiate : accept;
    findings_.warning(pfs->at, {.problem = newer == nullptr ? "Pfs is deprecated"
                                                            : fmt::format("Pfs has no effect where {} of line {} says",
                                                                          newer->row->name, newer->at.line),
                                .found = {},
                                .expected = "InitiateWithPfs and AcceptablePfs",
                                .nearest = {}});
    const auto group = chosen_of(pfs->value, GroupId::none);
    if (initiate == nullptr) action.initiate_with_pfs = group;
    if (accept == nullptr) action.acceptable_pfs = {group};
  }
  check_fips(statement, Attribute::initiate_with_pfs);
  check_fips(statement, Attribute::acceptable_pfs);
  check_fips(statement, Attribute::pfs);
}

std::optional<DataOffer> Resolver::data_offer(const Statement& statement, std::size_t number_of_offer) {
  DataOffer offer;
  offer.name = statement.name.empty() ? fmt::format("offer {}", number_of_offer) : statement.name;
  offer.at = statement.name_at.range();
  offer.how_to_encap = chosen<EncapsulationChoice>(statement, Attribute::how_to_encap);
  offer.lifetime = Minutes{number(statement, Attribute::refresh_lifetime_proposed)};
  const Span& accepted = value_as<Span>(statement, Attribute::refresh_lifetime_accepted);
  offer.lifetime_least = Minutes{accepted.first};
  offer.lifetime_most = Minutes{accepted.last};
  if (const auto* size = std::get_if<Span>(&statement.value_of(Attribute::refresh_lifesize_proposed))) {
    offer.lifesize_kbytes = size->first;
  }
  if (const auto* taken = std::get_if<Span>(&statement.value_of(Attribute::refresh_lifesize_accepted))) {
    offer.lifesize_accepted = {.least = taken->first, .most = taken->last};
  }
  check_refresh(statement);
  if (!protect(statement, offer)) return std::nullopt;
  return offer;
}

bool Resolver::protect(const Statement& statement, DataOffer& offer) {
  const auto cipher = value_as<EncryptionChoice>(statement, Attribute::how_to_encrypt);
  const auto mac = value_as<AuthenticationChoice>(statement, Attribute::how_to_auth);
  const bool in_clear = cipher.id == EncryptionId::null;
  const bool is_gmac = gmac_key_bits(mac.id) != 0;
  check_fips(statement, cipher.id, mac.id);
  offer.ah = mac.ah;
  offer.encryption = cipher.id;
  offer.key_bits = cipher.key_bits;
  offer.integrity = mac.id;

  if (!statement.is_sound(Attribute::how_to_encrypt) || !statement.is_sound(Attribute::how_to_auth)) return true;

  const auto refuse = [&](std::string_view problem, std::string_view expected) {
    findings_.error(where(statement, Attribute::how_to_auth),
                    {.problem = std::string{problem}, .found = {}, .expected = std::string{expected}, .nearest = {}});
    return false;
  };
  if (is_combined(cipher.id)) {
    if (!mac.ah && mac.id == IntegrityId::none) return true;
    return refuse("a combined mode brings its own integrity", "HowToAuth ESP Null");
  }
  if (mac.id == IntegrityId::none) {
    return refuse(mac.ah ? "AH without integrity" : "ESP without integrity", "an algorithm other than Null");
  }
  if (mac.ah && in_clear) {
    offer.encryption = EncryptionId::none;
    return true;
  }
  if (mac.ah) return true;  // around ESP, which has no authentication of its own
  if (is_gmac && !in_clear) return refuse("AES_GMAC is integrity without encryption", "HowToEncrypt DoNot");
  if (is_gmac) {
    offer.encryption = EncryptionId::null_auth_aes_gmac;
    offer.key_bits = gmac_key_bits(mac.id);
    offer.integrity = IntegrityId::none;
  }
  return true;
}

// A proposal of IKEv2 is for one protocol (RFC 7296 §3.3): AH around ESP is left to IKEv1.
void Resolver::check_bundles() {
  const auto& rules = snapshot_.key_exchange.rules;
  const auto starts_v2 = [](const KeyExchangeRule& rule) {
    return rule.action && rule.action->how_to_initiate == HowToInitiate::ikev2;
  };
  if (rules.empty() || !std::ranges::all_of(rules, starts_v2)) return;
  const auto warn = [this](const SourceRange& at, std::string_view problem, const std::string& name) {
    findings_.warning({.file = &at.file, .line = at.line, .column = at.column, .length = at.length},
                      {.problem = std::string{problem},
                       .found = name,
                       .expected = "HowToInitiate Main or Aggressive, HowToEncrypt DoNot, or HowToAuth ESP",
                       .nearest = {}});
  };
  std::set<const DynVpnAction*> actions;
  std::set<SourceRange> told;
  for (const Filter& filter : snapshot_.filter.filters) {
    if (filter.vpn == nullptr || !actions.insert(filter.vpn.get()).second) continue;
    for (const DataOffer& offer : filter.vpn->offers) {
      if (!offer.is_bundle() || !told.insert(offer.at).second) continue;
      warn(offer.at, "AH with encryption: IKEv2, which alone is started here, passes the offer over", offer.name);
    }
    if (!filter.vpn->offers.empty() && std::ranges::all_of(filter.vpn->offers, &DataOffer::is_bundle)) {
      warn(filter.vpn->at, "no offer for IKEv2, which alone is started here: what its rules match is dropped",
           filter.vpn->name);
    }
  }
}

void Resolver::check_refresh(const Statement& statement) {
  const auto inside = [&](Attribute proposed, Attribute accepted) {
    const auto* value = std::get_if<Span>(&statement.value_of(proposed));
    const auto* limits = std::get_if<Span>(&statement.value_of(accepted));
    if (value == nullptr || limits == nullptr || statement.find(proposed) == nullptr) return;
    // What IKEv1 would take from a peer is only worth a word where somebody wrote it.
    if (statement.find(accepted) == nullptr) return;
    if (value->first >= limits->first && value->first <= limits->last) return;
    findings_.warning(where(statement, proposed), {.problem = "proposed value outside what is accepted",
                                                   .found = std::to_string(value->first),
                                                   .expected = fmt::format("{} to {}", limits->first, limits->last),
                                                   .nearest = {}});
  };
  inside(Attribute::refresh_lifetime_proposed, Attribute::refresh_lifetime_accepted);
  inside(Attribute::refresh_lifesize_proposed, Attribute::refresh_lifesize_accepted);
}

}  // namespace adit::policy
