#include "crypto/signature.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "crypto/evp.h"
#include "crypto/raw_signature.h"
#include "vectors.h"

namespace adit::crypto {
namespace {

const std::vector<HashId> all_hashes = {HashId::sha1, HashId::sha2_256, HashId::sha2_384, HashId::sha2_512,
                                        HashId::identity};
const ByteString message = from_hex("00112233445566778899aabbccddeeff");

Key generated(const char* type, const char* curve = nullptr) {
  EVP_PKEY* key = curve != nullptr                  ? EVP_PKEY_Q_keygen(nullptr, nullptr, type, curve)
                  : std::string_view{type} == "RSA" ? EVP_PKEY_Q_keygen(nullptr, nullptr, type, std::size_t{2048})
                                                    : EVP_PKEY_Q_keygen(nullptr, nullptr, type);
  if (key == nullptr) throw std::runtime_error{"no key"};
  return Key{key, &EVP_PKEY_free};
}

struct KindOfKey {
  KeyKind kind;
  Key key;
  std::vector<AuthMethod> methods;
};
const std::vector<KindOfKey>& keys() {
  using enum AuthMethod;
  static const std::vector<KindOfKey> all = {
      {KeyKind::rsa, generated("RSA"), {rsa_signature, digital_signature}},
      {KeyKind::ecdsa_256, generated("EC", "P-256"), {ecdsa_256, digital_signature}},
      {KeyKind::ecdsa_384, generated("EC", "P-384"), {ecdsa_384, digital_signature}},
      {KeyKind::ecdsa_521, generated("EC", "P-521"), {ecdsa_521, digital_signature}},
      {KeyKind::ed25519, generated("ED25519"), {digital_signature}},
      {KeyKind::ed448, generated("ED448"), {digital_signature}},
      {KeyKind::other, generated("EC", "secp256k1"), {}},
      {KeyKind::other, generated("X25519"), {}},
  };
  return all;
}

constexpr AuthMethod every_method[] = {
    AuthMethod::rsa_signature, AuthMethod::shared_key, AuthMethod::dss_signature, AuthMethod::ecdsa_256,
    AuthMethod::ecdsa_384,     AuthMethod::ecdsa_521,  AuthMethod::null,          AuthMethod::digital_signature};

TEST(SignAuth, IsVerifiedForTheMethodsOfEachKeyAndRefusedForOthers) {
  for (const auto& [kind, key, methods] : keys()) {
    EXPECT_EQ(kind_of(key), kind);
    for (const AuthMethod method : every_method) {
      SCOPED_TRACE(std::to_string(static_cast<int>(kind)) + " " + to_string(method));
      const auto auth = sign_auth(key, method, all_hashes, message);
      const bool fits = std::ranges::find(methods, method) != methods.end();
      ASSERT_EQ(auth.has_value(), fits);
      if (!fits) {
        EXPECT_FALSE(auth.error().empty());
        EXPECT_FALSE(verify_auth(key, method, ByteString(64), message).has_value());
        continue;
      }
      const auto verified = verify_auth(key, method, *auth, message);
      EXPECT_TRUE(verified.has_value()) << verified.error();
      EXPECT_FALSE(verify_auth(key, method, *auth, ByteString(16)).has_value());
      EXPECT_FALSE(verify_auth(nullptr, method, *auth, message).has_value());
    }
  }
}

TEST(VerifyAuth, RefusesAuthDataWithAnOctetChangedOrCutOrAdded) {
  for (const auto& [kind, key, methods] : keys()) {
    for (const AuthMethod method : methods) {
      SCOPED_TRACE(std::to_string(static_cast<int>(kind)) + " " + to_string(method));
      ByteString auth = sign_auth(key, method, all_hashes, message).value();
      for (std::size_t i = 0; i < auth.size(); i += i < 80 ? 1 : 17) {
        auth[i] ^= 0x01;
        EXPECT_FALSE(verify_auth(key, method, auth, message).has_value()) << i;
        auth[i] ^= 0x01;
        EXPECT_FALSE(verify_auth(key, method, Bytes{auth}.first(i), message).has_value()) << i;
      }
      auth.push_back(0);
      EXPECT_FALSE(verify_auth(key, method, auth, message).has_value());
    }
  }
}

/// The scheme that sign_auth chose.
SignatureScheme chosen(const Key& key, const std::vector<HashId>& peer_hashes) {
  const ByteString auth = sign_auth(key, AuthMethod::digital_signature, peer_hashes, message).value();
  return SignatureScheme::parse(DigitalSignature::parse(auth)->algorithm_identifier).value();
}

// RFC 2409 §5.1: RSA signs the hash without naming an algorithm; ECDSA takes it for the digest.
TEST(SignIkeV1, IsVerifiedForTheMethodsThatIkeV1Has) {
  const ByteString hash(32, 0x5a);
  ByteString other = hash;
  other.back() ^= 1;
  int count = 0;
  for (const auto& [kind, key, methods] : keys()) {
    for (const AuthMethod method :
         {AuthMethod::rsa_signature, AuthMethod::ecdsa_256, AuthMethod::ecdsa_384, AuthMethod::ecdsa_521}) {
      const auto signature = sign_ike_v1(key, method, hash);
      const bool fits = std::ranges::find(methods, method) != methods.end();
      ASSERT_EQ(signature.has_value(), fits);
      if (!fits) continue;
      ++count;
      EXPECT_TRUE(verify_ike_v1(key, method, *signature, hash));
      EXPECT_FALSE(verify_ike_v1(key, method, *signature, other));
      EXPECT_FALSE(verify_ike_v1(key, method, Bytes{*signature}.first(signature->size() - 1), hash));
      EXPECT_FALSE(verify_auth(key, method, *signature, hash)) << "which would hash it again";
    }
    EXPECT_FALSE(sign_ike_v1(key, AuthMethod::digital_signature, hash));
    EXPECT_FALSE(verify_ike_v1(key, AuthMethod::digital_signature, hash, hash));
  }
  EXPECT_EQ(count, 4);
}

TEST(SignAuth, ChoosesAHashThatThePeerTakesAndThatFitsTheKey) {  // RFC 7427 §5
  const Key rsa = keys()[0].key;
  const Key p384 = keys()[2].key;
  EXPECT_EQ(chosen(rsa, all_hashes).hash, HashId::sha2_256);
  EXPECT_EQ(chosen(rsa, all_hashes).form, SignatureForm::rsa_pss);
  EXPECT_EQ(chosen(rsa, {HashId::sha2_512}).hash, HashId::sha2_512);
  EXPECT_EQ(chosen(p384, all_hashes).hash, HashId::sha2_384);
  EXPECT_EQ(chosen(p384, {HashId::sha2_256, HashId::sha2_512}).hash, HashId::sha2_512);
  EXPECT_EQ(chosen(p384, {HashId::sha1, HashId::sha2_256}).hash, HashId::sha2_256);
}

TEST(SignAuth, SaysSoWhenThePeerTakesNoHashThatMayBeUsed) {
  for (const auto& [kind, key, methods] : keys()) {
    EXPECT_FALSE(sign_auth(key, AuthMethod::digital_signature, {}, message).has_value());
    EXPECT_FALSE(sign_auth(key, AuthMethod::digital_signature, {HashId::sha1}, message).has_value());
  }
  const Key ed25519 = keys()[4].key;
  EXPECT_FALSE(sign_auth(ed25519, AuthMethod::digital_signature, {HashId::sha2_512}, message).has_value());
}

// Shows RFC 7296 3.8-1.
TEST(VerifyAuth, TakesAnyShaInMethod1) {  // RFC 7296 §3.8
  const Key rsa = keys()[0].key;
  for (const HashId hash : {HashId::sha1, HashId::sha2_256, HashId::sha2_384, HashId::sha2_512}) {
    const auto signature = sign(rsa, {.form = SignatureForm::rsa_pkcs1, .hash = hash}, message);
    EXPECT_TRUE(verify_auth(rsa, AuthMethod::rsa_signature, signature.value(), message).has_value());
  }
  const auto pss =
      sign(rsa, {.form = SignatureForm::rsa_pss, .hash = HashId::sha2_256, .mask_hash = HashId::sha2_256, .salt = 32},
           message);
  EXPECT_FALSE(verify_auth(rsa, AuthMethod::rsa_signature, pss.value(), message).has_value());
}

Key key_of_numbers(const char* curve, const Json& test) {
  const std::unique_ptr<OSSL_PARAM_BLD, FreedBy<&OSSL_PARAM_BLD_free>> build{OSSL_PARAM_BLD_new()};
  const ByteString point = concatenated({from_hex("04"), octets(test, "public")});
  OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve, 0);
  OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  const std::unique_ptr<OSSL_PARAM, FreedBy<&OSSL_PARAM_free>> parameters{OSSL_PARAM_BLD_to_param(build.get())};
  const KeyOperation operation{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(operation.get()) != 1 ||
      EVP_PKEY_fromdata(operation.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
    throw std::runtime_error{"no key of these numbers"};
  return Key{key, &EVP_PKEY_free};
}

// Shows RFC 4754 7-1.
TEST(VerifyAuth, TakesTheAuthDataThatRfc4754Prints) {
  for (const Json& test : vectors("rfc/ecdsa-auth.json")) {
    SCOPED_TRACE(text(test, "ref"));
    const std::string hash = test.at("hash");
    const bool is_256 = hash == "sha256";
    const bool is_384 = hash == "sha384";
    const Key key = key_of_numbers(is_256 ? "P-256" : is_384 ? "P-384" : "P-521", test);
    const AuthMethod method = is_256 ? AuthMethod::ecdsa_256 : is_384 ? AuthMethod::ecdsa_384 : AuthMethod::ecdsa_521;
    EXPECT_TRUE(verify_auth(key, method, octets(test, "auth_data"), octets(test, "message")).has_value());
    EXPECT_FALSE(verify_auth(key, method, octets(test, "auth_data"), as_bytes("abd")).has_value());
  }
}

ByteString auth_of(const SignatureScheme& scheme, Bytes signature) {
  const ByteString identifier = scheme.algorithm_identifier();
  const auto length = static_cast<std::uint8_t>(identifier.size());
  return concatenated({Bytes{&length, 1}, identifier, signature});
}

void agrees_with_wycheproof(const char* file, const SignatureScheme& scheme) {
  int valid = 0;
  int refused = 0;
  for_each_wycheproof(file, [&](const Json& group, const Json& test) {
    const Key key = public_key(octets(group, "publicKeyDer"));
    const ByteString signature = octets(test, "sig");
    const ByteString signed_octets = octets(test, "msg");
    const bool taken =
        verify_auth(key, AuthMethod::digital_signature, auth_of(scheme, signature), signed_octets).has_value();
    if (is_valid(test)) {
      EXPECT_TRUE(taken);
      ++valid;
    }
    if (is_invalid(test)) {
      EXPECT_FALSE(taken);
      ++refused;
    }
    // Method 1 names no hash, so another SHA than the file's is as good there.
    const bool is_other_sha = test.at("comment").get<std::string>().starts_with("The message is hashed with SHA-");
    if (scheme.form == SignatureForm::rsa_pkcs1 && !is_other_sha) {
      EXPECT_EQ(verify_auth(key, AuthMethod::rsa_signature, signature, signed_octets).has_value(), taken);
    }
    const bool is_256 = scheme.hash == HashId::sha2_256;
    if (scheme.form == SignatureForm::ecdsa && is_valid(test)) {
      const auto raw = ecdsa_der_to_raw(signature, is_256 ? 32 : 48);
      ASSERT_TRUE(raw.has_value());
      EXPECT_TRUE(
          verify_auth(key, is_256 ? AuthMethod::ecdsa_256 : AuthMethod::ecdsa_384, *raw, signed_octets).has_value());
    }
  });
  EXPECT_GT(valid, 5);
  EXPECT_GT(refused, 40);
}

TEST(VerifyAuth, AgreesWithWycheproof) {
  using enum SignatureForm;
  agrees_with_wycheproof("ecdsa_secp256r1_sha256_test.json", {.form = ecdsa, .hash = HashId::sha2_256});
  agrees_with_wycheproof("ecdsa_secp384r1_sha384_test.json", {.form = ecdsa, .hash = HashId::sha2_384});
  agrees_with_wycheproof("ed25519_test.json", {.form = ed25519});
  agrees_with_wycheproof("rsa_signature_2048_sha256_test.json", {.form = rsa_pkcs1, .hash = HashId::sha2_256});
  agrees_with_wycheproof("rsa_signature_2048_sha512_test.json", {.form = rsa_pkcs1, .hash = HashId::sha2_512});
  agrees_with_wycheproof("rsa_pss_2048_sha256_mgf1_32_test.json",
                         {.form = rsa_pss, .hash = HashId::sha2_256, .mask_hash = HashId::sha2_256, .salt = 32});
  agrees_with_wycheproof("rsa_pss_2048_sha384_mgf1_48_test.json",
                         {.form = rsa_pss, .hash = HashId::sha2_384, .mask_hash = HashId::sha2_384, .salt = 48});
}

TEST(SignAuth, MakesTheRsaSignaturesOfWycheproof) {
  int count = 0;
  for_each_wycheproof("rsa_pkcs1_2048_sig_gen_test.json", [&](const Json& group, const Json& test) {
    if (group.at("sha") != "SHA-1") return;
    for (const ByteString& encoded : {octets(group, "privateKeyPkcs8"), [&] {
                                        const std::string pem = group.at("privateKeyPem");
                                        return ByteString(pem.begin(), pem.end());
                                      }()}) {
      const auto key = parse_private_key(encoded);
      ASSERT_TRUE(key.has_value()) << key.error();
      EXPECT_EQ(to_hex(sign_auth(*key, AuthMethod::rsa_signature, {}, octets(test, "msg")).value()), text(test, "sig"));
    }
    ++count;
  });
  EXPECT_GT(count, 0);
}

TEST(ParsePrivateKey, RefusesWhatIsNoneAndWhatWantsAPassphrase) {
  EXPECT_FALSE(parse_private_key({}).has_value());
  EXPECT_FALSE(parse_private_key(as_bytes("hello")).has_value());
  EXPECT_FALSE(
      parse_private_key(as_bytes("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")).has_value());
  EXPECT_FALSE(parse_private_key(ByteString(70000, 0x30)).has_value());

  const std::unique_ptr<BIO, FreedBy<&BIO_free>> out{BIO_new(BIO_s_mem())};
  std::string passphrase = "secret";
  ASSERT_EQ(PEM_write_bio_PKCS8PrivateKey(out.get(), keys()[1].key.get(), EVP_aes_128_cbc(), passphrase.data(),
                                          narrow<int>(passphrase.size()), nullptr, nullptr),
            1);
  char* pem = nullptr;
  const auto size = narrow<std::size_t>(BIO_get_mem_data(out.get(), &pem));
  const auto key = parse_private_key(as_bytes({pem, size}));
  ASSERT_FALSE(key.has_value());
  EXPECT_NE(key.error().find("passphrase"), std::string::npos);
}

}  // namespace
}  // namespace adit::crypto
