// Keys and ciphers of IKEv1 against NIST's sample answers and against messages that two other implementations had with
// each other.

#include "crypto/ike_v1_cipher.h"

#include <map>

#include "crypto/ike_v1_keys.h"
#include "vectors.h"

namespace adit::crypto {
namespace {

IkeSpi cookie(const Json& test, const char* field) {
  return IkeSpi{std::stoull(test.at(field).get<std::string>(), nullptr, 16)};
}

PrfId prf_of_hash(const std::string& hash) {
  if (hash == "SHA-1") return PrfId::hmac_sha1;
  if (hash == "SHA-256") return PrfId::hmac_sha2_256;
  if (hash == "SHA-384") return PrfId::hmac_sha2_384;
  if (hash == "SHA-512") return PrfId::hmac_sha2_512;
  throw std::invalid_argument{hash};
}

void expect_keys(const Prf& prf, Secret skeyid, const Json& test) {
  EXPECT_EQ(to_hex(skeyid.reveal()), text(test, "SKEYID"));
  const IkeV1Keys keys =
      derive_ike_v1_keys(prf, std::move(skeyid), secret(test, "g^xy"), cookie(test, "CKY_I"), cookie(test, "CKY_R"));
  EXPECT_EQ(to_hex(keys.skeyid_d.reveal()), text(test, "SKEYID_d"));
  EXPECT_EQ(to_hex(keys.skeyid_a.reveal()), text(test, "SKEYID_a"));
  EXPECT_EQ(to_hex(keys.skeyid_e.reveal()), text(test, "SKEYID_e"));
}

// Shows RFC 2409 5-15,
// RFC 2408 4.5-1, 4.7-1.
TEST(IkeV1Keys, AreThoseOfNistsSampleAnswers) {
  int count = 0;
  for (const Json& group : vectors("cavs-ike-kdf/ikev1_psk.json", "groups")) {
    const Prf& prf = *Prf::find(prf_of_hash(group.at("params").at("hash")));
    for (const Json& test : group.at("cases")) {
      SCOPED_TRACE(group.at("params").dump());
      expect_keys(
          prf, skeyid_of_shared_key(prf, secret(test, "pre-shared-key"), octets(test, "Ni"), octets(test, "Nr")), test);
      ++count;
    }
  }
  for (const Json& group : vectors("cavs-ike-kdf/ikev1_dsa.json", "groups")) {
    const Prf& prf = *Prf::find(prf_of_hash(group.at("params").at("hash")));
    for (const Json& test : group.at("cases")) {
      SCOPED_TRACE(group.at("params").dump());
      expect_keys(prf, skeyid_of_signatures(prf, octets(test, "Ni"), octets(test, "Nr"), secret(test, "g^xy")), test);
      ++count;
    }
  }
  EXPECT_EQ(count, 176);
}

// Shows RFC 2409 B-6.
TEST(IkeV1Keys, AreExpandedWhereACipherTakesMore) {
  // RFC 2409 appendix B: K1 = prf(SKEYID_e, 0), K2 = prf(SKEYID_e, K1).
  const Prf& prf = *Prf::find(PrfId::hmac_sha1);
  const Secret skeyid_e{Bytes{ByteString(20, 0x5a)}};
  EXPECT_EQ(to_hex(ike_v1_cipher_key(prf, skeyid_e, 16).reveal()), to_hex(skeyid_e.reveal().first(16)));
  const ByteString zero{0};
  const Secret first = prf(skeyid_e, {zero});
  const Secret second = prf(skeyid_e, {first.reveal()});
  EXPECT_EQ(to_hex(ike_v1_cipher_key(prf, skeyid_e, 32).reveal()),
            to_hex(first.reveal()) + to_hex(second.reveal().first(12)));
}

// Shows RFC 2409 5.5-10, 5.5-11.
TEST(IkeV1Keys, MakeKeymatOfProtocolSpiAndNonces) {
  // RFC 2409 §5.5: K1 = prf(SKEYID_d, [g^xy |] protocol | SPI | Ni | Nr), K2 = prf(SKEYID_d, K1 | …).
  const Prf& prf = *Prf::find(PrfId::hmac_sha2_256);
  const Secret skeyid_d{Bytes{ByteString(32, 1)}};
  const Secret shared{Bytes{ByteString(8, 2)}};
  const ByteString named{3, 0x01, 0x02, 0x03, 0x04}, ni(16, 5), nr(16, 6);
  const Secret first = prf(skeyid_d, {shared.reveal(), named, ni, nr});
  const Secret second = prf(skeyid_d, {first.reveal(), shared.reveal(), named, ni, nr});
  EXPECT_EQ(to_hex(ike_v1_keymat(prf, skeyid_d, shared, 3, 0x01020304, ni, nr, 48).reveal()),
            to_hex(first.reveal()) + to_hex(second.reveal().first(16)));
  EXPECT_EQ(to_hex(ike_v1_keymat(prf, skeyid_d, {}, 3, 0x01020304, ni, nr, 32).reveal()),
            to_hex(prf(skeyid_d, {named, ni, nr}).reveal()));
}

// Shows RFC 2409 4-6.
TEST(IkeV1Keys, HaveEachHashAsItIsAndAsHmac) {
  // Of the one octet 0x61: digests that FIPS 180-4 and RFC 1321 give for "a", and the HMAC by its definition.
  const struct {
    PrfId id;
    const char* digest;
    std::size_t block;
  } cases[] = {
      {PrfId::hmac_md5, "0cc175b9c0f1b6a831c399e269772661", 64},
      {PrfId::hmac_sha1, "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8", 64},
      {PrfId::hmac_sha2_256, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb", 64},
      {PrfId::hmac_sha2_384,
       "54a59b9f22b0b80880d8427e548b7c23abd873486e1f035dce9cd697e85175033caa88e6d57bc35efae0b5afd3145f31", 128},
      {PrfId::hmac_sha2_512,
       "1f40fc92da241694750979ee6cf582f2d5d7d28e18335de05abc54d0560e0f5302860c652bf08d560252aa5e74210546f369fbbbce8c12c"
       "f"
       "c7957b2652fe9a75",
       128},
  };
  const ByteString a{0x61};
  for (const auto& [id, digest, block] : cases) {
    EXPECT_EQ(to_hex(ike_v1_hash(id, {a})), digest);
    const Secret key{Bytes{ByteString(16, 0x0b)}};
    ByteString inner(block, 0x36), outer(block, 0x5c);
    for (std::size_t i = 0; i < 16; ++i) inner[i] ^= 0x0b, outer[i] ^= 0x0b;
    EXPECT_EQ(to_hex((*Prf::find(id))(key, {a}).reveal()),
              to_hex(ike_v1_hash(id, {outer, ike_v1_hash(id, {inner, a})})));
  }
}

TEST(IkeV1Cipher, KnowsWhatIsBuiltIn) {
  EXPECT_EQ(IkeV1Cipher::find(EncryptionId::aes_cbc, 256)->key_size(), 32u);
  EXPECT_EQ(IkeV1Cipher::find(EncryptionId::triple_des, 0)->key_size(), 24u);
  EXPECT_EQ(IkeV1Cipher::find(EncryptionId::triple_des, 0)->block(), 8u);
  EXPECT_FALSE(IkeV1Cipher::find(EncryptionId::des, 0)) << "RFC 8247 §2.1";
  EXPECT_FALSE(IkeV1Cipher::find(EncryptionId::aes_gcm_16, 128));
  EXPECT_FALSE(IkeV1Cipher::find(EncryptionId::aes_cbc, 64));
  const IkeV1Cipher cipher = *IkeV1Cipher::find(EncryptionId::aes_cbc, 128);
  const Secret key{16};
  const ByteString iv(16);
  EXPECT_FALSE(cipher.decrypt(key, iv, {}));
  EXPECT_FALSE(cipher.decrypt(key, iv, ByteString(17)));
}

/// The body of the KE payload of a message in clear.
ByteString public_value(const ByteString& message) {
  std::size_t at = 28;
  std::uint8_t type = message[16];
  while (type != 4) {
    type = message[at];
    at += static_cast<std::size_t>(message[at + 2] << 8 | message[at + 3]);
  }
  const auto length = static_cast<std::size_t>(message[at + 2] << 8 | message[at + 3]);
  return {message.begin() + static_cast<std::ptrdiff_t>(at + 4),
          message.begin() + static_cast<std::ptrdiff_t>(at + length)};
}

// Shows RFC 2409 B-1, B-4, B-5.
// IVs: the hash of both public values, then the last block of the message before; in phase 2 the hash of phase 1's last
// block and the message ID (RFC 2409 appendix B).
TEST(IkeV1Cipher, FollowsTheIvsOfARecordedExchange) {
  const char* path = "wireshark-ike/ikev1-bug-12610.json";
  const Json recorded = vectors(path, "messages");
  const Secret key = secret(vectors(path, "ikev1_encryption_keys"), "ab3e0f1f8bc3be8e");
  const IkeV1Cipher cipher = *IkeV1Cipher::find(EncryptionId::aes_cbc, 256);
  std::vector<ByteString> messages;
  for (const Json& message : recorded) messages.push_back(octets(message, "hex"));
  const ByteString gxi = public_value(messages.at(2)), gxr = public_value(messages.at(3));
  const PrfId hash = PrfId::hmac_sha2_256;
  ByteString iv = ike_v1_hash(hash, {gxi, gxr});
  iv.resize(cipher.block());
  std::map<std::string, ByteString> chained;  // by message ID
  ByteString phase_1_last;
  for (std::size_t i = 4; i < messages.size(); ++i) {
    const Bytes ciphertext = Bytes{messages[i]}.subspan(28);
    const std::string id = recorded.at(i).at("message_id");
    if (id != "00000000" && !chained.contains(id)) {
      chained[id] = ike_v1_hash(hash, {phase_1_last, Bytes{messages[i]}.subspan(20, 4)});
      chained[id].resize(cipher.block());
    }
    ByteString& current = id == "00000000" ? iv : chained[id];
    const auto plaintext = cipher.decrypt(key, current, ciphertext);
    ASSERT_TRUE(plaintext);
    EXPECT_EQ(to_hex(*plaintext), text(recorded.at(i), "decrypted")) << "message " << i;
    EXPECT_EQ(to_hex(cipher.encrypt(key, current, *plaintext)), to_hex(ciphertext));
    current.assign(ciphertext.end() - static_cast<std::ptrdiff_t>(cipher.block()), ciphertext.end());
    if (id == "00000000") phase_1_last = current;
  }
}

}  // namespace
}  // namespace adit::crypto
