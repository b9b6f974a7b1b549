#include "base/algorithms.h"

#include <gtest/gtest.h>

#include <set>

namespace adit {
namespace {

TEST(Algorithms, EachRowIsFoundByItsNumberAndHasNamesOfItsOwn) {
  std::set<std::string_view> names;
  const auto check = [&names](const auto& table) {
    for (const auto& row : table) {
      ASSERT_NE(find(row.id), nullptr) << row.name;
      EXPECT_EQ(find(row.id)->name, row.name);
      EXPECT_TRUE(names.insert(row.name).second) << row.name;
    }
  };
  check(encryption_table());
  check(prf_table());
  check(integrity_table());
  check(group_table());
}

TEST(Algorithms, EncryptionHasEitherAKeyLengthAttributeOrAFixedKey) {  // RFC 7296 §3.3.5
  for (const EncryptionFacts& row : encryption_table()) {
    if (row.id == EncryptionId::null) continue;
    EXPECT_NE(row.has_key_length, row.fixed_key_bits != 0) << row.name;
    EXPECT_TRUE(!row.is_aead() || row.iv == 8) << row.name;  // RFC 4106 §3.1, RFC 4309 §3.1, RFC 7634 §2
  }
}

TEST(Algorithms, IntegrityIsCutToHalfItsKeyOrLess) {  // RFC 2404, RFC 4868 §2.3, RFC 3566
  for (const IntegrityFacts& row : integrity_table()) EXPECT_LE(row.icv, row.key) << row.name;
}

TEST(Algorithms, AreWrittenByName) {
  EXPECT_EQ(to_string(EncryptionId::aes_gcm_16, 256), "AES_GCM_16-256");
  EXPECT_EQ(to_string(EncryptionId::chacha20_poly1305, 0), "CHACHA20_POLY1305");
  EXPECT_EQ(to_string(EncryptionId::none, 0), "NONE");
  EXPECT_EQ(to_string(EncryptionId{999}, 128), "999-128");
  EXPECT_EQ(to_string(PrfId::hmac_sha2_256), "PRF_HMAC_SHA2_256");
  EXPECT_EQ(to_string(PrfId{999}), "999");
  EXPECT_EQ(to_string(IntegrityId::none), "NONE");
  EXPECT_EQ(to_string(IntegrityId::hmac_sha2_256_128), "HMAC_SHA2_256_128");
  EXPECT_EQ(to_string(GroupId::none), "NONE");
  EXPECT_EQ(to_string(GroupId::curve25519), "CURVE25519");
  EXPECT_EQ(to_string(AuthMethod::shared_key), "PresharedKey");
  EXPECT_EQ(to_string(AuthMethod{77}), "77");
}

TEST(Algorithms, OfNumbersThatAreNotKnownHaveNoRow) {
  EXPECT_EQ(find(EncryptionId{999}), nullptr);
  EXPECT_EQ(find(PrfId{999}), nullptr);
  EXPECT_EQ(find(IntegrityId{999}), nullptr);
  EXPECT_EQ(find(GroupId{999}), nullptr);
}

}  // namespace
}  // namespace adit
