#include "crypto/raw_signature.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "base/narrow.h"
#include "crypto/evp.h"

namespace adit::crypto {

namespace {

/// Nothing for the EdDSA forms.
const EVP_MD* digest_of(HashId hash) {
  switch (hash) {
    case HashId::sha1:
      return fetched(Digest::sha1);
    case HashId::sha2_256:
      return fetched(Digest::sha2_256);
    case HashId::sha2_384:
      return fetched(Digest::sha2_384);
    case HashId::sha2_512:
      return fetched(Digest::sha2_512);
    case HashId::identity:
      break;
  }
  return nullptr;
}

bool is_kind(const Key& key, SignatureForm form) {
  const KeyKind kind = kind_of(key);
  switch (form) {
    case SignatureForm::rsa_pkcs1:
    case SignatureForm::rsa_pss:
      return kind == KeyKind::rsa;
    case SignatureForm::ecdsa:
      return kind == KeyKind::ecdsa_256 || kind == KeyKind::ecdsa_384 || kind == KeyKind::ecdsa_521;
    case SignatureForm::ed25519:
      return kind == KeyKind::ed25519;
    case SignatureForm::ed448:
      return kind == KeyKind::ed448;
  }
  return false;
}

bool set_padding(EVP_PKEY_CTX* operation, const SignatureScheme& scheme) {
  if (scheme.form == SignatureForm::rsa_pkcs1) return EVP_PKEY_CTX_set_rsa_padding(operation, RSA_PKCS1_PADDING) == 1;
  if (scheme.form != SignatureForm::rsa_pss) return true;
  return EVP_PKEY_CTX_set_rsa_padding(operation, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(operation, narrow<int>(scheme.salt)) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(operation, digest_of(scheme.mask_hash)) == 1;
}

/// Without a digest of OpenSSL's: what is signed is one already.
bool prepare(EVP_PKEY_CTX* operation, std::optional<int> rsa_padding) {
  return !rsa_padding || EVP_PKEY_CTX_set_rsa_padding(operation, *rsa_padding) == 1;
}

std::expected<ByteString, std::string> sign_bare(const Key& key, Bytes octets, std::optional<int> rsa_padding) {
  const KeyOperation operation{EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr)};
  ByteString signature(narrow<std::size_t>(EVP_PKEY_get_size(key.get())));
  std::size_t size = signature.size();
  const bool succeeded = operation != nullptr && EVP_PKEY_sign_init(operation.get()) == 1 &&
                         prepare(operation.get(), rsa_padding) &&
                         EVP_PKEY_sign(operation.get(), signature.data(), &size, octets.data(), octets.size()) == 1;
  if (!succeeded) return std::unexpected{take_reason()};
  signature.resize(size);
  return signature;
}

bool verify_bare(const Key& key, Bytes signature, Bytes octets, std::optional<int> rsa_padding) {
  const KeyOperation operation{EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr)};
  const bool is_right =
      operation != nullptr && EVP_PKEY_verify_init(operation.get()) == 1 && prepare(operation.get(), rsa_padding) &&
      EVP_PKEY_verify(operation.get(), signature.data(), signature.size(), octets.data(), octets.size()) == 1;
  if (!is_right) ERR_clear_error();
  return is_right;
}

}  // namespace

std::expected<ByteString, std::string> sign(const Key& key, const SignatureScheme& scheme, Bytes octets) {
  if (!is_kind(key, scheme.form)) return std::unexpected{"the key does not fit the signature algorithm"};
  const DigestState state{EVP_MD_CTX_new()};
  EVP_PKEY_CTX* operation = nullptr;  // the state's
  ByteString signature(narrow<std::size_t>(EVP_PKEY_get_size(key.get())));
  std::size_t size = signature.size();
  const EVP_MD* digest = digest_of(scheme.hash);
  const bool succeeded =
      EVP_DigestSignInit_ex(state.get(), &operation, digest != nullptr ? EVP_MD_get0_name(digest) : nullptr, nullptr,
                            nullptr, key.get(), nullptr) == 1 &&
      set_padding(operation, scheme) &&
      EVP_DigestSign(state.get(), signature.data(), &size, octets.data(), octets.size()) == 1;
  if (!succeeded) return std::unexpected{take_reason()};
  signature.resize(size);
  return signature;
}

bool verify(const Key& key, const SignatureScheme& scheme, Bytes signature, Bytes octets) {
  if (!is_kind(key, scheme.form)) return false;
  const DigestState state{EVP_MD_CTX_new()};
  EVP_PKEY_CTX* operation = nullptr;  // the state's
  const EVP_MD* digest = digest_of(scheme.hash);
  const bool is_right =
      EVP_DigestVerifyInit_ex(state.get(), &operation, digest != nullptr ? EVP_MD_get0_name(digest) : nullptr, nullptr,
                              nullptr, key.get(), nullptr) == 1 &&
      set_padding(operation, scheme) &&
      EVP_DigestVerify(state.get(), signature.data(), signature.size(), octets.data(), octets.size()) == 1;
  if (!is_right) ERR_clear_error();
  return is_right;
}

std::expected<ByteString, std::string> sign_bare_rsa(const Key& key, Bytes octets) {
  return sign_bare(key, octets, RSA_PKCS1_PADDING);
}
bool verify_bare_rsa(const Key& key, Bytes signature, Bytes octets) {
  return verify_bare(key, signature, octets, RSA_PKCS1_PADDING);
}
std::expected<ByteString, std::string> sign_bare_ecdsa(const Key& key, Bytes hash) {
  return sign_bare(key, hash, std::nullopt);
}
bool verify_bare_ecdsa(const Key& key, Bytes der, Bytes hash) { return verify_bare(key, der, hash, std::nullopt); }

std::optional<ByteString> ecdsa_der_to_raw(Bytes der, std::size_t coordinate) {
  const unsigned char* at = der.data();
  const std::unique_ptr<ECDSA_SIG, FreedBy<&ECDSA_SIG_free>> parsed{
      d2i_ECDSA_SIG(nullptr, &at, narrow<long>(der.size()))};
  const int size = narrow<int>(coordinate);
  ByteString raw(2 * coordinate);
  if (parsed == nullptr || BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), raw.data(), size) != size ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), raw.data() + coordinate, size) != size) {
    ERR_clear_error();
    return std::nullopt;
  }
  return raw;
}

std::optional<ByteString> ecdsa_raw_to_der(Bytes raw, std::size_t coordinate) {
  if (raw.size() != 2 * coordinate) return std::nullopt;
  const std::unique_ptr<ECDSA_SIG, FreedBy<&ECDSA_SIG_free>> signature{ECDSA_SIG_new()};
  const int size = narrow<int>(coordinate);
  // Owned by the signature once set.
  must(signature != nullptr && ECDSA_SIG_set0(signature.get(), BN_bin2bn(raw.data(), size, nullptr),
                                              BN_bin2bn(raw.data() + coordinate, size, nullptr)) == 1);
  unsigned char* encoded = nullptr;
  const int encoded_size = i2d_ECDSA_SIG(signature.get(), &encoded);
  must(encoded_size > 0);
  ByteString der{encoded, encoded + encoded_size};
  OPENSSL_free(encoded);
  return der;
}

}  // namespace adit::crypto
