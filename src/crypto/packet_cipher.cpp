#include "crypto/packet_cipher.h"

#include "crypto/packet_cipher_ipsec_mb.h"
#include "crypto/packet_cipher_openssl.h"

namespace adit::crypto {

std::unique_ptr<PacketCipher> PacketCipher::make(const PacketAlgorithms& algorithms, SecretView key,
                                                 SecretView integrity_key, PacketBackEnd back_end) {
  const std::optional<PacketLayout> layout = PacketLayout::of(algorithms);
  if (!layout || key.size() != layout->key + layout->salt || integrity_key.size() != layout->integrity_key) {
    return nullptr;
  }
  if (back_end == PacketBackEnd::ipsec_mb) return make_ipsec_mb_cipher(algorithms, *layout, key, integrity_key);
  return make_openssl_cipher(algorithms, *layout, key, integrity_key);
}

std::unique_ptr<PacketCipher> PacketCipher::make(const PacketAlgorithms& algorithms, SecretView key,
                                                 SecretView integrity_key) {
  if (auto fast = make(algorithms, key, integrity_key, PacketBackEnd::ipsec_mb)) return fast;
  return make(algorithms, key, integrity_key, PacketBackEnd::openssl);
}

}  // namespace adit::crypto
