#pragma once
// Keys of IKEv1: SKEYID and what comes of it, the key and the first IV of the ISAKMP SA, KEYMAT (RFC 2409 §5, §5.5,
// appendix B). The PRF is the HMAC of the negotiated hash: IKEv1 names no other (RFC 2409 §4).

#include "base/strong_id.h"
#include "crypto/prf.h"

namespace adit::crypto {

struct IkeV1Keys {
  Secret skeyid, skeyid_d, skeyid_a, skeyid_e;
};

/// SKEYID of pre-shared keys: prf(pre-shared-key, Ni_b | Nr_b).
Secret skeyid_of_shared_key(const Prf& prf, SecretView shared_key, Bytes ni, Bytes nr);
/// SKEYID of signatures: prf(Ni_b | Nr_b, g^xy).
Secret skeyid_of_signatures(const Prf& prf, Bytes ni, Bytes nr, SecretView shared);
/// SKEYID_d, SKEYID_a and SKEYID_e, one out of the other.
IkeV1Keys derive_ike_v1_keys(const Prf& prf, Secret skeyid, SecretView shared, IkeSpi initiator, IkeSpi responder);

/// The cipher's key: the first octets of SKEYID_e, or of its expansion where that is longer (RFC 2409 appendix B).
Secret ike_v1_cipher_key(const Prf& prf, SecretView skeyid_e, std::size_t size);

/// The negotiated hash itself, of which `hash` is the HMAC: for IVs and NAT-D. Nothing of a PRF that is no HMAC.
ByteString ike_v1_hash(PrfId hash, std::initializer_list<Bytes> parts);

/// KEYMAT of one SA of one protocol (RFC 2409 §5.5); `shared`: g(qm)^xy of PFS, or nothing. The SPI is its receiver's.
Secret ike_v1_keymat(const Prf& prf, SecretView skeyid_d, SecretView shared, std::uint8_t protocol, std::uint32_t spi,
                     Bytes ni, Bytes nr, std::size_t size);

}  // namespace adit::crypto
