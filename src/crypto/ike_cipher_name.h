#pragma once
// Which of OpenSSL's ciphers and of our MACs stands behind a transform of an IKE SA.

#include <optional>

#include "base/algorithms.h"
#include "crypto/evp.h"
#include "crypto/mac.h"

namespace adit::crypto {

/// Nothing for what an IKE SA must not use: NULL, GMAC (RFC 7296 §5, RFC 4543) and DES (RFC 8247 §2.1); for key lengths
/// that the cipher has not.
std::optional<CipherName> ike_cipher_name(EncryptionId id, unsigned key_bits);
/// Nothing for none, and for GMAC's transforms, which are AH's.
std::optional<MacAlgorithm> ike_mac(IntegrityId id);

}  // namespace adit::crypto
