#include "policy/report/held_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace adit::policy::report {
namespace {

template <class T>
const T* find_at(const std::map<SourceRange, const T*>& made, const Statement& statement) {
  const auto found = made.find(statement.name_at.range());
  return found == made.end() ? nullptr : found->second;
}

/// The word of an attribute's own row for a value.
std::string word_of(const Statement& statement, Attribute id, unsigned value) {
  for (const AttributeRow& row : statement.row->attributes) {
    if (row.id != id) continue;
    const auto choice = std::ranges::find(row.choices, value, &Choice::value);
    if (choice != row.choices.end()) return std::string{choice->word};
  }
  return {};
}

// AES, and a cipher whose KeyLength was left out, with the length that it has.
std::optional<HeldValue> cipher_of(const Statement& statement, EncryptionId id, unsigned key_bits) {
  const Entry* coded = statement.find(Attribute::how_to_encrypt);
  const EncryptionFacts* facts = find(id);
  if (coded == nullptr || facts == nullptr || !facts->has_key_length) return std::nullopt;
  const std::string word = word_of(statement, Attribute::how_to_encrypt, static_cast<unsigned>(std::to_underlying(id)));
  if (word.empty()) return std::nullopt;  // of AES_GMAC, which HowToAuth names
  return HeldValue{fmt::format("{} KeyLength {}", word, key_bits), coded};
}

// No alone clears.
std::optional<HeldValue> df_of(const Statement& statement, DfSetting df) {
  const Entry* coded = statement.find(Attribute::passthrough_df);
  if (coded == nullptr || df == DfSetting::copy) return std::nullopt;
  return HeldValue{df == DfSetting::set ? "No Set" : "No Clear", coded};
}

std::optional<HeldValue> pfs_of(const Statement& statement, Attribute id, GroupId group) {
  const Entry* older = statement.find(Attribute::pfs);
  if (older == nullptr || statement.find(id) != nullptr) return std::nullopt;
  return HeldValue{word_of(statement, id, static_cast<unsigned>(std::to_underlying(group))), older};
}

// ESP is one SA for encryption and integrity: its SPI is given once.
std::optional<HeldValue> spi_of(const Statement& statement, Attribute id, Attribute other, std::uint32_t spi) {
  const Entry* coded = statement.find(other);
  if (coded == nullptr || statement.find(id) != nullptr) return std::nullopt;
  return HeldValue{fmt::format("{}", spi), coded};
}

std::optional<HeldValue> value_of(const Statement& statement, const DynVpnAction& action, Attribute id) {
  switch (id) {
    case Attribute::initiate_with_pfs:
      return pfs_of(statement, id, action.initiate_with_pfs);
    case Attribute::acceptable_pfs:
      return pfs_of(statement, id, action.acceptable_pfs.front());
    case Attribute::passthrough_df:
      return df_of(statement, action.df);
    default:
      return std::nullopt;
  }
}

std::optional<HeldValue> value_of(const Statement& statement, const ManVpnAction& action, Attribute id) {
  using A = Attribute;
  switch (id) {
    case A::passthrough_df:
      return df_of(statement, action.df);
    case A::how_to_encrypt:
      return cipher_of(statement, action.encryption, action.key_bits);
    case A::encrypt_inbound_spi:
      return action.ah ? std::nullopt : spi_of(statement, id, A::auth_inbound_spi, action.inbound_spi.value());
    case A::auth_inbound_spi:
      return action.ah ? std::nullopt : spi_of(statement, id, A::encrypt_inbound_spi, action.inbound_spi.value());
    case A::encrypt_outbound_spi:
      return action.ah ? std::nullopt : spi_of(statement, id, A::auth_outbound_spi, action.outbound_spi.value());
    case A::auth_outbound_spi:
      return action.ah ? std::nullopt : spi_of(statement, id, A::encrypt_outbound_spi, action.outbound_spi.value());
    default:
      return std::nullopt;
  }
}

std::optional<HeldValue> value_of(const Statement& statement, const KeyExchangeOffer& offer, Attribute id) {
  if (id == Attribute::how_to_encrypt) return cipher_of(statement, offer.encryption, offer.key_bits);
  const Entry* cipher = statement.find(Attribute::how_to_encrypt);
  const bool is_own = statement.find(Attribute::how_to_verify_msgs) != nullptr;
  if (id != Attribute::how_to_verify_msgs || cipher == nullptr || is_own) return std::nullopt;
  if (offer.integrity != IntegrityId::none) return std::nullopt;
  return HeldValue{"None", cipher};  // a combined mode brings its own integrity
}

// FragmentsOnly may be a word of Routing's.
std::optional<HeldValue> value_of_service(const Statement& statement, Attribute id) {
  const Entry* routing = statement.find(Attribute::routing);
  const auto* chosen = routing == nullptr ? nullptr : std::get_if<Chosen>(&routing->value);
  if (chosen == nullptr || chosen->follower == nullptr) return std::nullopt;
  if (id == Attribute::routing) return HeldValue{std::string{chosen->choice->word}, routing};
  if (id == Attribute::fragments_only) return HeldValue{"Yes", routing};
  return std::nullopt;
}

}  // namespace

HeldValues::HeldValues(const PolicySnapshot& policy) {
  for (const Filter& filter : policy.filter.filters) {
    if (filter.manual != nullptr) manual_.try_emplace(filter.manual->at, filter.manual.get());
    if (filter.vpn == nullptr || !dynamic_.try_emplace(filter.vpn->at, filter.vpn.get()).second) continue;
    for (const DataOffer& offer : filter.vpn->offers) data_offers_.try_emplace(offer.at, &offer);
  }
  for (const KeyExchangeRule& rule : policy.key_exchange.rules) {
    for (const KeyExchangeOffer& offer : rule.action->offers) ike_offers_.try_emplace(offer.at, &offer);
  }
}

std::optional<HeldValue> HeldValues::of(const Statement& statement, Attribute id) const {
  switch (statement.row->id) {
    case StatementId::ip_service:
      return value_of_service(statement, id);
    case StatementId::ip_dyn_vpn_action:
      if (const DynVpnAction* action = find_at(dynamic_, statement)) return value_of(statement, *action, id);
      return std::nullopt;
    case StatementId::ip_man_vpn_action:
      if (const ManVpnAction* action = find_at(manual_, statement)) return value_of(statement, *action, id);
      return std::nullopt;
    case StatementId::ip_data_offer:
      if (const DataOffer* offer = find_at(data_offers_, statement);
          offer != nullptr && id == Attribute::how_to_encrypt)
        return cipher_of(statement, offer->encryption, offer->key_bits);
      return std::nullopt;
    case StatementId::key_exchange_offer:
      if (const KeyExchangeOffer* offer = find_at(ike_offers_, statement)) return value_of(statement, *offer, id);
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

bool HeldValues::has_effect(const Statement& statement, const Entry& entry) {
  return entry.row->id != Attribute::pfs || statement.find(Attribute::initiate_with_pfs) == nullptr ||
         statement.find(Attribute::acceptable_pfs) == nullptr;
}

}  // namespace adit::policy::report
