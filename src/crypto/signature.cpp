#include "crypto/signature.h"

#include <algorithm>
#include <array>

#include "crypto/raw_signature.h"
#include "crypto/signature_scheme.h"

namespace adit::crypto {

namespace {

/// The methods that bind curve and hash (RFC 4754 §3), and whose signatures are r | s (RFC 4754 §7).
struct EcdsaMethod {
  AuthMethod method;
  KeyKind kind;
  HashId hash;
  std::size_t coordinate;  ///< octets of r and of s
};
constexpr std::array ecdsa_methods = {
    EcdsaMethod{AuthMethod::ecdsa_256, KeyKind::ecdsa_256, HashId::sha2_256, 32},
    EcdsaMethod{AuthMethod::ecdsa_384, KeyKind::ecdsa_384, HashId::sha2_384, 48},
    EcdsaMethod{AuthMethod::ecdsa_521, KeyKind::ecdsa_521, HashId::sha2_512, 66},
};

const EcdsaMethod* ecdsa_method(AuthMethod method) {
  const auto row = std::ranges::find(ecdsa_methods, method, &EcdsaMethod::method);
  return row == ecdsa_methods.end() ? nullptr : &*row;
}

std::unexpected<std::string> wrong_key(AuthMethod method) {
  return std::unexpected{"the key is not of the kind that " + to_string(method) + " takes"};
}

SignatureScheme pkcs1(HashId hash) { return {.form = SignatureForm::rsa_pkcs1, .hash = hash}; }

constexpr unsigned size_of(HashId hash) {
  switch (hash) {
    case HashId::sha2_256:
      return 32;
    case HashId::sha2_384:
      return 48;
    default:
      return 64;
  }
}

/// The hash as strong as the key where the peer takes it, else a stronger one, else a weaker one (RFC 7427 §5). SHA-1
/// never (RFC 8247 §3.2).
std::optional<HashId> choose_hash(HashId fitting, const std::vector<HashId>& peer_hashes) {
  const auto takes = [&](HashId hash) { return std::ranges::find(peer_hashes, hash) != peer_hashes.end(); };
  for (const HashId hash : {HashId::sha2_256, HashId::sha2_384, HashId::sha2_512})
    if (hash >= fitting && takes(hash)) return hash;
  for (const HashId hash : {HashId::sha2_384, HashId::sha2_256})
    if (hash < fitting && takes(hash)) return hash;
  return std::nullopt;
}

std::expected<SignatureScheme, std::string> choose_scheme(KeyKind kind, const std::vector<HashId>& peer_hashes) {
  const auto with_hash = [&](SignatureForm form, HashId fitting) -> std::expected<SignatureScheme, std::string> {
    const auto hash = choose_hash(fitting, peer_hashes);
    if (!hash) return std::unexpected{"the peer takes no hash of SHA2-256, SHA2-384, SHA2-512 for a digital signature"};
    SignatureScheme scheme{.form = form, .hash = *hash};
    if (form == SignatureForm::rsa_pss) {
      scheme.mask_hash = *hash;
      scheme.salt = size_of(*hash);
    }
    return scheme;
  };
  const auto edwards = [&](SignatureForm form) -> std::expected<SignatureScheme, std::string> {
    // RFC 8420 §2: only to a peer that announced the identity hash.
    if (std::ranges::find(peer_hashes, HashId::identity) == peer_hashes.end())
      return std::unexpected{"the peer does not take the identity hash that EdDSA needs"};
    return SignatureScheme{.form = form};
  };
  switch (kind) {
    case KeyKind::rsa:
      return with_hash(SignatureForm::rsa_pss, HashId::sha2_256);
    case KeyKind::ecdsa_256:
      return with_hash(SignatureForm::ecdsa, HashId::sha2_256);
    case KeyKind::ecdsa_384:
      return with_hash(SignatureForm::ecdsa, HashId::sha2_384);
    case KeyKind::ecdsa_521:
      return with_hash(SignatureForm::ecdsa, HashId::sha2_512);
    case KeyKind::ed25519:
      return edwards(SignatureForm::ed25519);
    case KeyKind::ed448:
      return edwards(SignatureForm::ed448);
    case KeyKind::other:
      break;
  }
  return wrong_key(AuthMethod::digital_signature);
}

std::expected<ByteString, std::string> sign_digital(const Key& key, const std::vector<HashId>& peer_hashes,
                                                    Bytes octets) {
  const auto scheme = choose_scheme(kind_of(key), peer_hashes);
  if (!scheme) return std::unexpected{scheme.error()};
  const auto signature = sign(key, *scheme, octets);
  if (!signature) return signature;
  const ByteString identifier = scheme->algorithm_identifier();
  const auto length = static_cast<std::uint8_t>(identifier.size());
  return concatenated({Bytes{&length, 1}, identifier, *signature});
}

std::expected<void, std::string> claim(bool is_right) {
  if (!is_right) return std::unexpected{"the signature does not fit"};
  return {};
}

std::expected<void, std::string> verify_digital(const Key& key, Bytes auth_data, Bytes octets) {
  const auto parts = DigitalSignature::parse(auth_data);
  if (!parts) return std::unexpected{parts.error()};
  const auto scheme = SignatureScheme::parse(parts->algorithm_identifier);
  if (!scheme) return std::unexpected{scheme.error()};
  return claim(verify(key, *scheme, parts->signature, octets));
}

/// Method 1 names no hash: the signature itself does. SHA-1 is its default and what peers send (RFC 7296 §3.8, which
/// lets a sender take another one that its certificate hints at): so any SHA that PKCS #1 marks is taken, SHA-1 first.
bool verify_rsa(const Key& key, Bytes auth_data, Bytes octets) {
  return std::ranges::any_of(std::array{HashId::sha1, HashId::sha2_256, HashId::sha2_384, HashId::sha2_512},
                             [&](HashId hash) { return verify(key, pkcs1(hash), auth_data, octets); });
}

}  // namespace

std::expected<ByteString, std::string> sign_auth(const Key& key, AuthMethod method,
                                                 const std::vector<HashId>& peer_hashes, Bytes signed_octets) {
  const KeyKind kind = kind_of(key);
  if (method == AuthMethod::digital_signature) return sign_digital(key, peer_hashes, signed_octets);
  if (method == AuthMethod::rsa_signature) {
    if (kind != KeyKind::rsa) return wrong_key(method);
    return sign(key, pkcs1(HashId::sha1), signed_octets);  // RFC 7296 §3.8: the default, which every peer knows
  }
  const EcdsaMethod* ecdsa = ecdsa_method(method);
  if (ecdsa == nullptr) return std::unexpected{to_string(method) + " is not a signature that is built in"};
  if (kind != ecdsa->kind) return wrong_key(method);
  const auto der = sign(key, {.form = SignatureForm::ecdsa, .hash = ecdsa->hash}, signed_octets);
  if (!der) return der;
  return ecdsa_der_to_raw(*der, ecdsa->coordinate).value();
}

std::expected<void, std::string> verify_auth(const Key& key, AuthMethod method, Bytes auth_data, Bytes signed_octets) {
  const KeyKind kind = kind_of(key);
  if (method == AuthMethod::digital_signature) return verify_digital(key, auth_data, signed_octets);
  if (method == AuthMethod::rsa_signature) {
    if (kind != KeyKind::rsa) return wrong_key(method);
    return claim(verify_rsa(key, auth_data, signed_octets));
  }
  const EcdsaMethod* ecdsa = ecdsa_method(method);
  if (ecdsa == nullptr) return std::unexpected{to_string(method) + " is not a signature that is built in"};
  if (kind != ecdsa->kind) return wrong_key(method);
  const auto der = ecdsa_raw_to_der(auth_data, ecdsa->coordinate);
  if (!der) return std::unexpected{"the AUTH data has not the length of r | s"};
  return claim(verify(key, {.form = SignatureForm::ecdsa, .hash = ecdsa->hash}, *der, signed_octets));
}

std::expected<ByteString, std::string> sign_ike_v1(const Key& key, AuthMethod method, Bytes hash) {
  if (method == AuthMethod::rsa_signature) {
    if (kind_of(key) != KeyKind::rsa) return wrong_key(method);
    return sign_bare_rsa(key, hash);
  }
  const EcdsaMethod* ecdsa = ecdsa_method(method);
  if (ecdsa == nullptr) return std::unexpected{to_string(method) + " is no signature of IKEv1"};
  if (kind_of(key) != ecdsa->kind) return wrong_key(method);
  const auto der = sign_bare_ecdsa(key, hash);
  if (!der) return der;
  return ecdsa_der_to_raw(*der, ecdsa->coordinate).value();
}

std::expected<void, std::string> verify_ike_v1(const Key& key, AuthMethod method, Bytes signature, Bytes hash) {
  if (method == AuthMethod::rsa_signature) {
    if (kind_of(key) != KeyKind::rsa) return wrong_key(method);
    return claim(verify_bare_rsa(key, signature, hash));
  }
  const EcdsaMethod* ecdsa = ecdsa_method(method);
  if (ecdsa == nullptr) return std::unexpected{to_string(method) + " is no signature of IKEv1"};
  if (kind_of(key) != ecdsa->kind) return wrong_key(method);
  const auto der = ecdsa_raw_to_der(signature, ecdsa->coordinate);
  if (!der) return std::unexpected{"the signature has not the length of r | s"};
  return claim(verify_bare_ecdsa(key, *der, hash));
}

}  // namespace adit::crypto
