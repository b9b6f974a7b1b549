// What FIPS140 Yes refuses (docs/policy.md, "FIPS 140").

#include <algorithm>
#include <utility>

#include "policy/resolver.h"

namespace adit::policy {
namespace {

bool is_forbidden(EncryptionId id) { return id == EncryptionId::des || id == EncryptionId::chacha20_poly1305; }
bool is_forbidden(IntegrityId id) { return id == IntegrityId::hmac_md5_96 || id == IntegrityId::aes_xcbc_96; }
bool is_forbidden(GroupId id) {
  return id == GroupId::modp_768 || id == GroupId::curve25519 || id == GroupId::curve448;
}

/// The word of the policy language for a value of an attribute.
std::string word_of(const Statement& statement, Attribute id, unsigned value) {
  for (const AttributeRow& row : statement.row->attributes) {
    const auto choice = std::ranges::find(row.choices, value, &Choice::value);
    if (row.id == id && choice != row.choices.end()) return std::string{choice->word};
  }
  return {};
}

Finding forbidden(std::string found) {
  return {.problem = "not allowed with FIPS140 Yes", .found = std::move(found), .expected = {}, .nearest = {}};
}

}  // namespace

void Resolver::check_fips(const Statement& statement, EncryptionId encryption, IntegrityId integrity) {
  if (!fips140_) return;
  if (is_forbidden(encryption)) {
    findings_.error(where(statement, Attribute::how_to_encrypt),
                    forbidden(word_of(statement, Attribute::how_to_encrypt, std::to_underlying(encryption))));
  }
  if (is_forbidden(integrity)) {
    const bool is_ike = statement.row->id == StatementId::key_exchange_offer;
    const Attribute id = is_ike ? Attribute::how_to_verify_msgs : Attribute::how_to_auth;
    findings_.error(where(statement, id), forbidden(word_of(statement, id, std::to_underlying(integrity))));
  }
}

void Resolver::check_fips_of_hashes(const Statement& offer) {
  if (!fips140_) return;
  const auto hash = chosen<unsigned>(offer, Attribute::how_to_auth_msgs);
  if (hash == hash_md5) {
    findings_.error(where(offer, Attribute::how_to_auth_msgs),
                    forbidden(word_of(offer, Attribute::how_to_auth_msgs, hash)));
  }
  const auto prf = chosen<PrfId>(offer, Attribute::pseudo_random_function);
  if (prf == PrfId::hmac_md5 || prf == PrfId::aes128_xcbc) {
    findings_.error(where(offer, Attribute::pseudo_random_function),
                    forbidden(word_of(offer, Attribute::pseudo_random_function, std::to_underlying(prf))));
  }
}

void Resolver::check_fips(const Statement& statement, Attribute group) {
  if (!fips140_) return;
  for (const Entry& entry : statement.entries) {
    if (entry.row->id != group) continue;
    const auto id = chosen_of(entry.value, GroupId::none);
    if (is_forbidden(id)) {
      findings_.error(entry.value_at, forbidden(word_of(statement, group, std::to_underlying(id))));
    }
  }
}

}  // namespace adit::policy
