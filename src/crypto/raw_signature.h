#pragma once
// Signatures as OpenSSL makes and checks them, under one scheme.

#include "crypto/signature_scheme.h"

namespace adit::crypto {

/// A DSA-like signature comes as DER (ECDSA-Sig-Value, RFC 3279 §2.2.3). The error is OpenSSL's reason.
std::expected<ByteString, std::string> sign(const Key& key, const SignatureScheme& scheme, Bytes octets);
/// False also for a key that does not fit the scheme.
bool verify(const Key& key, const SignatureScheme& scheme, Bytes signature, Bytes octets);

/// Of an RSA key: the octets themselves under PKCS #1 padding of block type 1, without a DigestInfo (RFC 2409 §5.1).
std::expected<ByteString, std::string> sign_bare_rsa(const Key& key, Bytes octets);
bool verify_bare_rsa(const Key& key, Bytes signature, Bytes octets);

/// Of an ECDSA key: over the octets as they are, which are a hash already. DER, as sign().
std::expected<ByteString, std::string> sign_bare_ecdsa(const Key& key, Bytes hash);
bool verify_bare_ecdsa(const Key& key, Bytes der, Bytes hash);

/// r | s, each as long as the curve's order (RFC 4754 §7), of a DER one, and back. Nothing for what is not one.
std::optional<ByteString> ecdsa_der_to_raw(Bytes der, std::size_t coordinate);
std::optional<ByteString> ecdsa_raw_to_der(Bytes raw, std::size_t coordinate);

}  // namespace adit::crypto
