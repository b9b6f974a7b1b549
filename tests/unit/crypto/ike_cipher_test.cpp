#include "crypto/ike_cipher.h"

#include <map>

#include "crypto/ike_cipher_name.h"
#include "seeded_random.h"
#include "vectors.h"

namespace adit::crypto {
namespace {

/// Every pair that an IKE SA can have.
std::vector<IkeCipherAlgorithms> all_algorithms() {
  std::vector<IkeCipherAlgorithms> all;
  for (const EncryptionFacts& encryption : encryption_table()) {
    const std::vector<unsigned> lengths =
        encryption.has_key_length ? std::vector{128u, 192u, 256u} : std::vector{encryption.fixed_key_bits};
    for (const unsigned bits : lengths) {
      if (encryption.is_aead()) all.push_back({encryption.id, bits, IntegrityId::none});
      for (const IntegrityFacts& integrity : integrity_table()) all.push_back({encryption.id, bits, integrity.id});
    }
  }
  std::erase_if(all, [](const IkeCipherAlgorithms& each) { return !ike_key_sizes(each); });
  return all;
}

std::string name_of(const IkeCipherAlgorithms& algorithms) {
  return to_string(algorithms.encryption, algorithms.key_bits) + " " + to_string(algorithms.integrity);
}

std::unique_ptr<IkeCipher> cipher_with_some_keys(const IkeCipherAlgorithms& algorithms) {
  const IkeKeySizes sizes = ike_key_sizes(algorithms).value();
  SeededRandom random{1};
  return IkeCipher::make(algorithms, Secret{random.octets(sizes.encryption)}, Secret{random.octets(sizes.integrity)});
}

const ByteString header = from_hex("c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202508000000090000004529000029");

ByteString sealed(const IkeCipher& cipher, Bytes plaintext) {
  ByteString message = header;
  cipher.seal(message, plaintext, SeededRandom{2}.octets(cipher.iv_size()));
  return message;
}

TEST(IkeCipher, IsBuiltInForAllThatAnIkeSaMayUse) {
  // CBC and CTR of three lengths and 3DES, each with seven MACs; GCM and CCM of three lengths and tags; ChaCha.
  EXPECT_EQ(all_algorithms().size(), (3 + 3 + 1) * 7 + (3 + 3) * 3 + 1u);
  for (const IkeCipherAlgorithms& algorithms : all_algorithms())
    EXPECT_NE(cipher_with_some_keys(algorithms), nullptr) << name_of(algorithms);
}

// Shows RFC 7296 3.14-5, 3.14-6.
TEST(IkeCipher, OpensWhatItSealed) {
  for (const IkeCipherAlgorithms& algorithms : all_algorithms()) {
    SCOPED_TRACE(name_of(algorithms));
    const auto cipher = cipher_with_some_keys(algorithms);
    for (const std::size_t size : {0u, 1u, 7u, 8u, 14u, 15u, 16u, 17u, 255u, 256u, 1400u}) {
      const ByteString plaintext = SeededRandom{size}.octets(size);
      const ByteString message = sealed(*cipher, plaintext);
      EXPECT_EQ(message.size(), header.size() + cipher->iv_size() + cipher->padded_size(size) + cipher->icv_size());
      EXPECT_EQ(cipher->open(message, header.size()), plaintext) << size;
    }
  }
}

// Shows RFC 7296 3.14-8.
TEST(IkeCipher, RefusesAMessageWithAnyBitChanged) {
  for (const IkeCipherAlgorithms& algorithms : all_algorithms()) {
    SCOPED_TRACE(name_of(algorithms));
    const auto cipher = cipher_with_some_keys(algorithms);
    ByteString message = sealed(*cipher, as_bytes("some payloads"));
    for (std::size_t bit = 0; bit < 8 * message.size(); ++bit) {
      message[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      EXPECT_FALSE(cipher->open(message, header.size()).has_value()) << "bit " << bit;
      message[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    }
    EXPECT_TRUE(cipher->open(message, header.size()).has_value());
  }
}

TEST(IkeCipher, RefusesAMessageThatIsCutAnywhere) {
  for (const IkeCipherAlgorithms& algorithms : all_algorithms()) {
    SCOPED_TRACE(name_of(algorithms));
    const auto cipher = cipher_with_some_keys(algorithms);
    const ByteString message = sealed(*cipher, as_bytes("some payloads"));
    for (std::size_t size = 0; size < message.size(); ++size)
      EXPECT_FALSE(cipher->open(Bytes{message}.first(size), header.size()).has_value()) << size;
    ByteString longer = message;
    longer.push_back(0);
    EXPECT_FALSE(cipher->open(longer, header.size()).has_value());
    EXPECT_FALSE(cipher->open(message, message.size() + 1).has_value());
    EXPECT_FALSE(cipher->open(message, static_cast<std::size_t>(-1)).has_value());
  }
}

TEST(IkeCipher, TakesKeysOfTheRightSizesAlone) {
  for (const IkeCipherAlgorithms& algorithms : all_algorithms()) {
    SCOPED_TRACE(name_of(algorithms));
    const IkeKeySizes sizes = ike_key_sizes(algorithms).value();
    EXPECT_EQ(IkeCipher::make(algorithms, Secret{sizes.encryption + 1}, Secret{sizes.integrity}), nullptr);
    EXPECT_EQ(IkeCipher::make(algorithms, Secret{sizes.encryption - 1}, Secret{sizes.integrity}), nullptr);
    EXPECT_EQ(IkeCipher::make(algorithms, Secret{sizes.encryption}, Secret{sizes.integrity + 1}), nullptr);
  }
}

const IkeCipherAlgorithms refused[] = {
    {EncryptionId::null, 0, IntegrityId::hmac_sha2_256_128},          // RFC 7296 §5
    {EncryptionId::none, 0, IntegrityId::hmac_sha2_256_128},          //
    {EncryptionId::des, 0, IntegrityId::hmac_sha1_96},                // RFC 8247 §2.1
    {EncryptionId::null_auth_aes_gmac, 128, IntegrityId::none},       // no confidentiality
    {EncryptionId::aes_cbc, 128, IntegrityId::none},                  // RFC 7296 §3.3.3
    {EncryptionId::aes_cbc, 0, IntegrityId::hmac_sha1_96},            // a key length is a must
    {EncryptionId::aes_cbc, 512, IntegrityId::hmac_sha1_96},          //
    {EncryptionId::aes_cbc, 128, IntegrityId::aes_128_gmac},          // AH's
    {EncryptionId::aes_gcm_16, 128, IntegrityId::hmac_sha2_256_128},  // RFC 5282 §8
    {EncryptionId::chacha20_poly1305, 128, IntegrityId::none},        //
    {EncryptionId{21}, 100, IntegrityId::none},                       //
    {EncryptionId{0xffff}, 128, IntegrityId::hmac_sha2_256_128},      //
    {EncryptionId::aes_cbc, 128, static_cast<IntegrityId>(0xffff)},   //
};

// Shows RFC 7296 3.14-2, 5-2, 5-3.
TEST(IkeCipher, IsNotMadeForPairsThatAnIkeSaMustNotUse) {
  for (const IkeCipherAlgorithms& algorithms : refused) {
    EXPECT_FALSE(ike_key_sizes(algorithms).has_value()) << name_of(algorithms);
    EXPECT_EQ(IkeCipher::make(algorithms, Secret{16}, Secret{20}), nullptr) << name_of(algorithms);
  }
}

const std::map<std::string, std::pair<EncryptionId, unsigned>> recorded_ciphers = {
    {"3DES [RFC2451]", {EncryptionId::triple_des, 0}},
    {"AES-CCM-128 with 12 octet ICV [RFC5282]", {EncryptionId::aes_ccm_12, 128}},
    {"AES-CBC-256 [RFC3602]", {EncryptionId::aes_cbc, 256}},
    {"AES-CCM-256 with 16 octet ICV [RFC5282]", {EncryptionId::aes_ccm_16, 256}},
    {"AES-GCM-256 with 16 octet ICV [RFC5282]", {EncryptionId::aes_gcm_16, 256}},
};

/// Where an SK payload's body begins in a recorded message whose SK payload comes first.
constexpr std::size_t sk_body = 28 + 4;

// Shows RFC 7296 3.14-8.
TEST(IkeCipher, OpensRecordedExchanges) {
  int opened = 0;
  for (const Json& exchange : vectors("wireshark-ike/ikev2-exchanges.json", "exchanges")) {
    SCOPED_TRACE(exchange.at("capture"));
    const auto [encryption, bits] = recorded_ciphers.at(exchange.at("encr"));
    const std::string integrity = exchange.at("integ");
    // HMAC_SHA1_160 (RFC 4595, for Fibre Channel) is no transform of ours.
    if (integrity.starts_with("HMAC_SHA1_160")) continue;
    const IkeCipherAlgorithms algorithms{
        encryption, bits, integrity.starts_with("NONE") ? IntegrityId::none : IntegrityId::hmac_sha2_256_128};
    for (const Json& message : exchange.at("messages")) {
      if (!message.contains("sk_plaintext_with_padding")) continue;
      SCOPED_TRACE(message.at("message_id").get<int>());
      const bool by_initiator = (message.at("flags").get<unsigned>() & 0x08) != 0;  // RFC 7296 §3.1
      const auto cipher = IkeCipher::make(algorithms, secret(exchange, by_initiator ? "sk_ei" : "sk_er"),
                                          secret(exchange, by_initiator ? "sk_ai" : "sk_ar"));
      ASSERT_NE(cipher, nullptr);
      ByteString wire = octets(message, "hex");
      ByteString plaintext = octets(message, "sk_plaintext_with_padding");
      const std::size_t padding = plaintext.back() + std::size_t{1};
      plaintext.resize(plaintext.size() - padding);
      EXPECT_EQ(cipher->open(wire, sk_body), plaintext);
      wire.back() ^= 0x80;
      EXPECT_FALSE(cipher->open(wire, sk_body).has_value());
      ++opened;
    }
  }
  EXPECT_GE(opened, 12);
}

/// A combined mode's message of a vector, laid out as IKE does: the nonce's last octets are the IV.
struct CombinedVector {
  ByteString aad, plaintext, ciphertext_and_tag, iv;
  std::unique_ptr<IkeCipher> cipher;

  ByteString message() const { return concatenated({aad, iv, ciphertext_and_tag}); }
};

/// What open() makes of a plaintext that says how much of its end is padding.
std::optional<ByteString> without_its_padding(ByteString padded) {
  if (padded.empty() || padded.back() >= padded.size()) return std::nullopt;
  padded.resize(padded.size() - padded.back() - 1u);
  return padded;
}

void expect_same_octets(const CombinedVector& vector) {
  EXPECT_EQ(vector.cipher->open(vector.message(), vector.aad.size()), without_its_padding(vector.plaintext));
  // Sealed, the vector's plaintext gets a pad length octet behind it: up to there the ciphertext is the vector's.
  ByteString message = vector.aad;
  vector.cipher->seal(message, vector.plaintext, vector.iv);
  const Bytes ciphertext = Bytes{message}.subspan(vector.aad.size() + vector.iv.size(), vector.plaintext.size());
  EXPECT_EQ(to_hex(ciphertext), to_hex(Bytes{vector.ciphertext_and_tag}.first(vector.plaintext.size())));
  EXPECT_EQ(vector.cipher->open(message, vector.aad.size()), vector.plaintext);
}

TEST(CombinedModeCipher, GivesTheOctetsThatStandardsPrint) {
  for (const Json& test : vectors("rfc/aes-gcm.json")) {
    SCOPED_TRACE(test.dump());
    const std::size_t icv = test.at("icv_len");
    const EncryptionId id = icv == 8    ? EncryptionId::aes_gcm_8
                            : icv == 12 ? EncryptionId::aes_gcm_12
                                        : EncryptionId::aes_gcm_16;
    const ByteString key = octets(test, "key");
    const Secret sk_e{concatenated({key, octets(test, "salt")})};
    expect_same_octets({octets(test, "aad"), octets(test, "plaintext"), octets(test, "ciphertext_and_tag"),
                        octets(test, "iv"),
                        IkeCipher::make({id, narrow<unsigned>(8 * key.size()), IntegrityId::none}, sk_e, Secret{})});
  }
  for (const Json& test : vectors("rfc/chacha20-poly1305.json")) {
    SCOPED_TRACE(test.dump());
    const Secret sk_e{concatenated({octets(test, "key"), octets(test, "salt")})};
    expect_same_octets({octets(test, "aad"), octets(test, "plaintext"), octets(test, "ciphertext_and_tag"),
                        octets(test, "iv"),
                        IkeCipher::make({EncryptionId::chacha20_poly1305, 256, IntegrityId::none}, sk_e, Secret{})});
  }
}

TEST(CombinedModeCipher, SealsTheSkPayloadOfRfc7634) {  // appendix B
  const Json all = vectors("rfc/chacha20-poly1305.json");
  const Json& test = all.back();
  ASSERT_TRUE(test.at("ref").get<std::string>().starts_with("IKEv2 example"));
  const Secret sk_e{concatenated({octets(test, "key"), octets(test, "salt")})};
  const auto cipher = IkeCipher::make({EncryptionId::chacha20_poly1305, 256, IntegrityId::none}, sk_e, Secret{});
  ByteString plaintext = octets(test, "plaintext");
  ASSERT_EQ(plaintext.back(), 0);  // the pad length
  plaintext.pop_back();
  ByteString message = octets(test, "aad");
  cipher->seal(message, plaintext, octets(test, "iv"));
  EXPECT_EQ(to_hex(message),
            to_hex(concatenated({octets(test, "aad"), octets(test, "iv"), octets(test, "ciphertext_and_tag")})));
}

void agrees_with_wycheproof(const char* file, EncryptionId id) {
  int forged = 0;
  int compared = 0;
  for_each_wycheproof(file, [&](const Json& group, const Json& test) {
    if (group.at("ivSize") != 96 || group.at("tagSize") != 128) return;
    const ByteString key = octets(test, "key");
    const ByteString nonce = octets(test, "iv");
    const Secret sk_e{concatenated({key, Bytes{nonce}.first(4)})};
    const CombinedVector vector{
        octets(test, "aad"), octets(test, "msg"), concatenated({octets(test, "ct"), octets(test, "tag")}),
        ByteString{nonce.begin() + 4, nonce.end()},
        IkeCipher::make({id, narrow<unsigned>(8 * key.size()), IntegrityId::none}, sk_e, Secret{})};
    ASSERT_NE(vector.cipher, nullptr);
    if (is_valid(test)) {
      expect_same_octets(vector);
      ++compared;
    } else {
      EXPECT_FALSE(vector.cipher->open(vector.message(), vector.aad.size()).has_value());
      ++forged;
    }
  });
  EXPECT_GT(forged, 20);
  EXPECT_GT(compared, 60);
}

TEST(CombinedModeCipher, AgreesWithWycheproof) {
  agrees_with_wycheproof("aes_gcm_test.json", EncryptionId::aes_gcm_16);
  agrees_with_wycheproof("chacha20_poly1305_test.json", EncryptionId::chacha20_poly1305);
}

TEST(EncryptThenMacCipher, GivesTheCiphertextsThatStandardsPrint) {
  const auto ciphertext_of = [](EncryptionId id, unsigned bits, const Secret& sk_e, Bytes plaintext, Bytes iv) {
    const auto cipher = IkeCipher::make({id, bits, IntegrityId::hmac_sha2_256_128}, sk_e, Secret{32});
    ByteString message;
    cipher->seal(message, plaintext, iv);
    EXPECT_EQ(cipher->open(message, 0), ByteString(plaintext.begin(), plaintext.end()));
    return to_hex(Bytes{message}.subspan(iv.size(), plaintext.size()));
  };
  for (const Json& test : vectors("rfc/cbc.json")) {
    SCOPED_TRACE(text(test, "ref"));
    const Secret key = secret(test, "key");
    const bool is_aes = test.at("alg") == "ENCR_AES_CBC";
    EXPECT_EQ(ciphertext_of(is_aes ? EncryptionId::aes_cbc : EncryptionId::triple_des,
                            is_aes ? narrow<unsigned>(8 * key.size()) : 0, key, octets(test, "plaintext"),
                            octets(test, "iv")),
              text(test, "ciphertext"));
  }
  for (const Json& test : vectors("rfc/aes-ctr.json")) {
    SCOPED_TRACE(text(test, "ref"));
    const ByteString key = octets(test, "key");
    const Secret sk_e{concatenated({key, octets(test, "nonce")})};
    EXPECT_EQ(ciphertext_of(EncryptionId::aes_ctr, narrow<unsigned>(8 * key.size()), sk_e, octets(test, "plaintext"),
                            octets(test, "iv")),
              text(test, "ciphertext"));
  }
}

// Shows RFC 7296 3.14-7.
TEST(EncryptThenMacCipher, RefusesAPadLengthBeyondTheTextAndTakesAnyOther) {  // RFC 7296 §3.14
  // In counter mode the ciphertext's last bits choose the pad length: make each, under a right MAC.
  const Secret sk_e{20};
  const Secret sk_a{20};
  const IkeCipherAlgorithms algorithms{EncryptionId::aes_ctr, 128, IntegrityId::hmac_sha1_96};
  const auto cipher = IkeCipher::make(algorithms, sk_e, sk_a);
  ByteString message;
  cipher->seal(message, ByteString(31), ByteString(8));
  const std::size_t pad_length_at = 8 + 31;
  for (unsigned pad = 0; pad < 256; ++pad) {
    ByteString changed{message.begin(), message.end() - 12};
    changed[pad_length_at] ^= static_cast<std::uint8_t>(pad);
    ByteString code(largest_mac_size);
    compute_mac(MacAlgorithm::hmac_sha1, sk_a, {changed}, code);
    append(changed, Bytes{code}.first(12));
    const auto opened = cipher->open(changed, 0);
    ASSERT_EQ(opened.has_value(), pad <= 31) << pad;
    if (opened) {
      EXPECT_EQ(opened->size(), 31 - pad);
    }
  }
}

}  // namespace
}  // namespace adit::crypto
