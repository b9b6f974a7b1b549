#pragma once
// The fast back end of PacketCipher: intel-ipsec-mb, many packets of an SA at once in the lanes of vector registers.

#include "crypto/packet_layout.h"

namespace adit::crypto {

/// Nothing when the CPU lacks the AES and carry-less multiplication instructions, or the library the algorithm. Key
/// sizes are the layout's.
std::unique_ptr<PacketCipher> make_ipsec_mb_cipher(const PacketAlgorithms& algorithms, const PacketLayout& layout,
                                                   SecretView key, SecretView integrity_key);

}  // namespace adit::crypto
