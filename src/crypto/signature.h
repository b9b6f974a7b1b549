#pragma once
// Signatures of IKE AUTH payloads: RSA (PKCS#1, PSS), ECDSA, EdDSA (RFC 7296 §2.15, RFC 4754, RFC 7427, RFC 8420).

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/algorithms.h"
#include "base/secret.h"

struct evp_pkey_st;

namespace adit::crypto {

/// Hash algorithms of SIGNATURE_HASH_ALGORITHMS (RFC 7427 §7, RFC 8420).
enum class HashId : std::uint16_t { sha1 = 1, sha2_256 = 2, sha2_384 = 3, sha2_512 = 4, identity = 5 };

enum class KeyKind : std::uint8_t { rsa, ecdsa_256, ecdsa_384, ecdsa_521, ed25519, ed448, other };

/// A public or private key, shared. OpenSSL's type does not leave crypto and nss.
using Key = std::shared_ptr<evp_pkey_st>;
KeyKind kind_of(const Key& key);
std::expected<Key, std::string> parse_private_key(Bytes pem_or_der);

/// AUTH data for a method: for method 14 with its length octet and AlgorithmIdentifier before the signature (RFC 7427
/// §3). RSA with digital_signature is PSS unless the peer's hash list leaves no other way. An error is told for the
/// operator.
std::expected<ByteString, std::string> sign_auth(const Key& key, AuthMethod method,
                                                 const std::vector<HashId>& peer_hashes, Bytes signed_octets);
/// Nothing when the AUTH data is right; else what is wrong with it.
std::expected<void, std::string> verify_auth(const Key& key, AuthMethod method, Bytes auth_data, Bytes signed_octets);

/// The SIG payload of IKEv1 over HASH_I or HASH_R. RSA: the hash itself under PKCS #1 padding, without the name of an
/// algorithm (RFC 2409 §5.1). ECDSA: r | s over the hash as it is, whose
/// algorithm goes with the curve (RFC 4754 §3).
std::expected<ByteString, std::string> sign_ike_v1(const Key& key, AuthMethod method, Bytes hash);
std::expected<void, std::string> verify_ike_v1(const Key& key, AuthMethod method, Bytes signature, Bytes hash);

}  // namespace adit::crypto
