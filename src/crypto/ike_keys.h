#pragma once
// The keys of an IKE SA and of a Child SA (RFC 7296 §2.14, §2.17, §2.18), and the pre-shared key's AUTH (§2.15).

#include "base/strong_id.h"
#include "crypto/ike_cipher.h"
#include "crypto/prf.h"

namespace adit::crypto {

struct IkeKeys {
  Secret sk_d, sk_ai, sk_ar, sk_ei, sk_er, sk_pi, sk_pr;
};

/// SKEYSEED = prf(Ni | Nr, g^ir), RFC 7296 §2.14, with the 64-bit halves of the nonces for the fixed-key PRFs.
Secret skeyseed(const Prf& prf, Bytes ni, Bytes nr, SecretView shared);
/// SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr), RFC 7296 §2.18; the old SA's PRF.
Secret rekeyed_skeyseed(const Prf& old_prf, SecretView old_sk_d, SecretView shared, Bytes ni, Bytes nr);
/// {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr} = prf+(SKEYSEED, Ni | Nr | SPIi | SPIr).
IkeKeys derive_ike_keys(const Prf& prf, SecretView skeyseed, Bytes ni, Bytes nr, IkeSpi spi_i, IkeSpi spi_r,
                        const IkeKeySizes& sizes);

/// Octets of key material for one direction of a Child SA.
struct ChildKeySizes {
  std::size_t encryption = 0;  ///< with the salt (RFC 4106 §8.1)
  std::size_t integrity = 0;   ///< 0 for a combined mode
};
/// Nothing for a pair that is not built in.
std::optional<ChildKeySizes> child_key_sizes(EncryptionId encryption, unsigned key_bits, IntegrityId integrity);

struct ChildKeys {
  Secret encryption_i, integrity_i, encryption_r, integrity_r;  ///< _i: what the initiator of the exchange sends with
};
/// KEYMAT = prf+(SK_d, [g^ir (new)] | Ni | Nr), RFC 7296 §2.17. Initiator to responder comes first; in each direction
/// encryption before integrity.
ChildKeys derive_child_keys(const Prf& prf, SecretView sk_d, SecretView shared_or_empty, Bytes ni, Bytes nr,
                            const ChildKeySizes& sizes);

/// AUTH = prf(prf(Shared Secret, "Key Pad for IKEv2"), <SignedOctets>), RFC 7296 §2.15.
Secret shared_key_auth(const Prf& prf, SecretView shared_key, Bytes signed_octets);

}  // namespace adit::crypto
