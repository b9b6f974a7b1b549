// What FIPS140 Yes refuses (docs/policy.md, "FIPS 140").

#include "policy/resolver.h"

namespace adit::policy {
namespace {

bool is_forbidden(EncryptionId id) { return id == EncryptionId::des || id == EncryptionId::chacha20_poly1305; }
bool is_forbidden(IntegrityId id) { return id == IntegrityId::hmac_md5_96 || id == IntegrityId::aes_xcbc_96; }
bool is_forbidden(GroupId id) {
  return id == GroupId::modp_768 || id == GroupId::curve25519 || id == GroupId::curve448;
}

Finding forbidden(std::string found) {
  return {.problem = "not allowed with FIPS140 Yes", .found = std::move(found), .expected = {}, .nearest = {}};
}

}  // namespace

void Resolver::check_fips(const Statement& statement, EncryptionId encryption, IntegrityId integrity) {
  if (!fips140_) return;
  if (is_forbidden(encryption)) {
    findings_.error(where(statement, Attribute::how_to_encrypt), forbidden(to_string(encryption, 0)));
  }
  if (is_forbidden(integrity)) {
    const bool is_ike = statement.row->id == StatementId::key_exchange_offer;
    findings_.error(where(statement, is_ike ? Attribute::how_to_verify_msgs : Attribute::how_to_auth),
                    forbidden(to_string(integrity)));
  }
}

void Resolver::check_fips(const Statement& statement, Attribute group) {
  if (!fips140_) return;
  for (const Entry& entry : statement.entries) {
    if (entry.row->id != group) continue;
    const auto id = chosen_of(entry.value, GroupId::none);
    if (is_forbidden(id)) findings_.error(entry.value_at, forbidden(to_string(id)));
  }
}

}  // namespace adit::policy
