#pragma once
// The algorithms that intel-ipsec-mb runs as jobs of a burst: HMAC and CBC work on one packet a lane, up to 16 at once.

#include "crypto/packet_layout.h"

namespace adit::crypto {

/// ESP and AH with CBC, CTR, CCM, ChaCha20-Poly1305, NULL, HMAC, XCBC, CMAC; nothing for what the library has not:
/// DES, 3DES and CCM of 192 bits. multi_buffer() must be there.
std::unique_ptr<PacketCipher> make_ipsec_mb_jobs(const PacketAlgorithms& algorithms, const PacketLayout& layout,
                                                 SecretView key, SecretView integrity_key);

}  // namespace adit::crypto
