#pragma once
// What the AlgorithmIdentifier of an AUTH payload's method 14 says (RFC 7427 §3 and appendix A, RFC 8420 appendix A).

#include <expected>
#include <string>

#include "base/bytes.h"
#include "crypto/signature.h"

namespace adit::crypto {

enum class SignatureForm : std::uint8_t { rsa_pkcs1, rsa_pss, ecdsa, ed25519, ed448 };

struct SignatureScheme {
  SignatureForm form{};
  HashId hash = HashId::identity;       ///< identity of the EdDSA forms, which hash by themselves
  HashId mask_hash = HashId::identity;  ///< of rsa_pss alone: that of MGF1
  unsigned salt = 0;                    ///< of rsa_pss alone, octets

  /// Of one whole AlgorithmIdentifier, nothing after it. The error names what is wrong with it, or what it asks for
  /// that must not be used (RFC 8247 §3.2).
  static std::expected<SignatureScheme, std::string> parse(Bytes algorithm_identifier);
  /// Of a scheme with a SHA-2 hash; PSS with MGF1 of the same hash and as long a salt (RFC 7427 appendix A.4).
  ByteString algorithm_identifier() const;
  bool operator==(const SignatureScheme&) const = default;
};

/// AUTH data of method 14: one octet of length, the AlgorithmIdentifier, the signature (RFC 7427 §3).
struct DigitalSignature {
  Bytes algorithm_identifier;
  Bytes signature;

  static std::expected<DigitalSignature, std::string> parse(Bytes auth_data);
};

}  // namespace adit::crypto
