#include "crypto/ike_keys.h"

#include "vectors.h"

namespace adit::crypto {
namespace {

IkeSpi spi(const Json& test, const char* field) {
  return IkeSpi{std::stoull(test.at(field).get<std::string>(), nullptr, 16)};
}

PrfId prf_of_hash(const std::string& hash) {
  if (hash == "SHA-1") return PrfId::hmac_sha1;
  if (hash == "SHA-256") return PrfId::hmac_sha2_256;
  if (hash == "SHA-384") return PrfId::hmac_sha2_384;
  if (hash == "SHA-512") return PrfId::hmac_sha2_512;
  throw std::invalid_argument{hash};
}

std::string joined(std::initializer_list<const Secret*> secrets) {
  std::string text;
  for (const Secret* each : secrets) text += to_hex(each->reveal());
  return text;
}

// Shows RFC 7296 2.14-1, 2.17-1, 2.17-2.
TEST(IkeKeys, AreThoseOfNistsSampleAnswers) {
  int count = 0;
  for (const Json& group : vectors("cavs-ike-kdf/ikev2.json", "groups")) {
    const Prf& prf = *Prf::find(prf_of_hash(group.at("params").at("hash")));
    for (const Json& test : group.at("cases")) {
      SCOPED_TRACE(group.at("params").dump() + " COUNT " + std::to_string(test.at("count").get<int>()));
      const ByteString ni = octets(test, "Ni");
      const ByteString nr = octets(test, "Nr");
      const Secret seed = skeyseed(prf, ni, nr, secret(test, "g^ir"));
      EXPECT_EQ(to_hex(seed.reveal()), text(test, "SKEYSEED"));

      // NIST prints some length of derived octets without saying where keys are cut: cut enough of them, and join.
      const std::string dkm = test.at("DKM");
      const IkeKeySizes sizes{.encryption = dkm.size() / 4, .integrity = 7};
      const IkeKeys keys = derive_ike_keys(prf, seed, ni, nr, spi(test, "SPIi"), spi(test, "SPIr"), sizes);
      EXPECT_EQ(joined({&keys.sk_d, &keys.sk_ai, &keys.sk_ar, &keys.sk_ei, &keys.sk_er, &keys.sk_pi, &keys.sk_pr})
                    .substr(0, dkm.size()),
                dkm);

      const std::string child_dkm = test.at("DKM(Child SA)");
      const ChildKeySizes child_sizes{.encryption = child_dkm.size() / 4, .integrity = 5};
      const auto joined_child = [&](const ChildKeys& keys_of_child) {
        return joined({&keys_of_child.encryption_i, &keys_of_child.integrity_i, &keys_of_child.encryption_r,
                       &keys_of_child.integrity_r})
            .substr(0, child_dkm.size());
      };
      EXPECT_EQ(joined_child(derive_child_keys(prf, keys.sk_d, SecretView{}, ni, nr, child_sizes)), child_dkm);
      const Secret fresh = secret(test, "g^ir (new)");
      EXPECT_EQ(joined_child(derive_child_keys(prf, keys.sk_d, fresh, ni, nr, child_sizes)),
                text(test, "DKM(Child SA D-H)"));

      EXPECT_EQ(to_hex(rekeyed_skeyseed(prf, keys.sk_d, fresh, ni, nr).reveal()), text(test, "SKEYSEED(Rekey)"));
      ++count;
    }
  }
  EXPECT_GE(count, 60);
}

TEST(Skeyseed, TakesTheFirst64BitsOfEachNonceForAPrfOfFixedKey) {  // RFC 7296 §2.14
  const ByteString ni = from_hex("000102030405060708090a0b0c0d0e0f");
  const ByteString nr = from_hex("101112131415161718191a1b1c1d1e1f");
  const ByteString short_key = from_hex("00010203040506071011121314151617");
  const Secret shared{as_bytes("a shared secret")};
  for (const PrfId id : {PrfId::aes128_xcbc, PrfId::aes128_cmac}) {
    const Prf& prf = *Prf::find(id);
    EXPECT_TRUE(skeyseed(prf, ni, nr, shared) == prf(SecretView{short_key}, {shared.reveal()}));
  }
  const Prf& hmac = *Prf::find(PrfId::hmac_sha2_256);
  EXPECT_TRUE(skeyseed(hmac, ni, nr, shared) == hmac(SecretView{concatenated({ni, nr})}, {shared.reveal()}));
}

TEST(SharedKeyAuth, PadsTheKeyWithRfc7296sWords) {  // §2.15
  const Prf& prf = *Prf::find(PrfId::hmac_sha2_256);
  const Secret key{as_bytes("secret")};
  const ByteString octets_to_sign = from_hex("0102");
  EXPECT_TRUE(shared_key_auth(prf, key, octets_to_sign) ==
              prf(prf(key, {as_bytes("Key Pad for IKEv2")}), {octets_to_sign}));
}

const struct {
  EncryptionId encryption;
  unsigned bits;
  IntegrityId integrity;
  std::size_t encryption_size, integrity_size;  // 0 and 0: refused
} child_cases[] = {
    {EncryptionId::aes_gcm_16, 256, IntegrityId::none, 36, 0},
    {EncryptionId::aes_ccm_8, 128, IntegrityId::none, 19, 0},
    {EncryptionId::chacha20_poly1305, 0, IntegrityId::none, 36, 0},
    {EncryptionId::null_auth_aes_gmac, 192, IntegrityId::none, 28, 0},
    {EncryptionId::aes_cbc, 192, IntegrityId::hmac_sha2_256_128, 24, 32},
    {EncryptionId::aes_ctr, 128, IntegrityId::hmac_sha1_96, 20, 20},
    {EncryptionId::triple_des, 0, IntegrityId::aes_xcbc_96, 24, 16},
    {EncryptionId::null, 0, IntegrityId::hmac_sha2_512_256, 0, 64},
    {EncryptionId::none, 0, IntegrityId::hmac_sha2_384_192, 0, 48},
    {EncryptionId::none, 0, IntegrityId::aes_256_gmac, 0, 36},
    {EncryptionId::none, 0, IntegrityId::none, 0, 0},
    {EncryptionId::null, 0, IntegrityId::none, 0, 0},
    {EncryptionId::aes_cbc, 128, IntegrityId::none, 0, 0},
    {EncryptionId::aes_cbc, 64, IntegrityId::hmac_sha1_96, 0, 0},
    {EncryptionId::aes_gcm_16, 128, IntegrityId::hmac_sha1_96, 0, 0},
    {EncryptionId{99}, 128, IntegrityId::hmac_sha1_96, 0, 0},
};

TEST(ChildKeySizes, AreThoseOfTheAlgorithms) {
  for (const auto& [encryption, bits, integrity, encryption_size, integrity_size] : child_cases) {
    SCOPED_TRACE(to_string(encryption, bits) + " " + to_string(integrity));
    const auto sizes = child_key_sizes(encryption, bits, integrity);
    ASSERT_EQ(sizes.has_value(), encryption_size + integrity_size != 0);
    if (!sizes) continue;
    EXPECT_EQ(sizes->encryption, encryption_size);
    EXPECT_EQ(sizes->integrity, integrity_size);
  }
}

}  // namespace
}  // namespace adit::crypto
