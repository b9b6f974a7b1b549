#pragma once
// The back end of PacketCipher that runs everywhere: OpenSSL's EVP, with contexts that keep their key schedule.

#include "crypto/packet_layout.h"

namespace adit::crypto {

/// Nothing when OpenSSL has not the algorithm. Key sizes are the layout's.
std::unique_ptr<PacketCipher> make_openssl_cipher(const PacketAlgorithms& algorithms, const PacketLayout& layout,
                                                  SecretView key, SecretView integrity_key);

}  // namespace adit::crypto
