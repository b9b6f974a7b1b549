#include "crypto/ike_cipher.h"

#include "crypto/ike_cipher_combined.h"
#include "crypto/ike_cipher_mac.h"
#include "crypto/ike_cipher_name.h"

namespace adit::crypto {

std::optional<IkeKeySizes> ike_key_sizes(const IkeCipherAlgorithms& algorithms) {
  const EncryptionFacts* encryption = find(algorithms.encryption);
  if (encryption == nullptr || !ike_cipher_name(algorithms.encryption, algorithms.key_bits)) return std::nullopt;
  const unsigned bits = encryption->has_key_length ? algorithms.key_bits : encryption->fixed_key_bits;
  IkeKeySizes sizes{.encryption = bits / 8 + encryption->salt};
  if (encryption->is_aead()) {
    // A combined mode goes with no integrity transform (RFC 5282 §8).
    return algorithms.integrity == IntegrityId::none ? std::optional{sizes} : std::nullopt;
  }
  const IntegrityFacts* integrity = find(algorithms.integrity);
  if (integrity == nullptr || !ike_mac(algorithms.integrity)) return std::nullopt;
  sizes.integrity = integrity->key;
  return sizes;
}

std::unique_ptr<IkeCipher> IkeCipher::make(const IkeCipherAlgorithms& algorithms, SecretView sk_e, SecretView sk_a) {
  const auto sizes = ike_key_sizes(algorithms);
  if (!sizes || sk_e.size() != sizes->encryption || sk_a.size() != sizes->integrity) return nullptr;
  const EncryptionFacts& encryption = *find(algorithms.encryption);
  const CipherName cipher = *ike_cipher_name(algorithms.encryption, algorithms.key_bits);
  if (encryption.is_aead()) return std::make_unique<CombinedModeCipher>(encryption, cipher, sk_e);
  return std::make_unique<EncryptThenMacCipher>(encryption, cipher, *find(algorithms.integrity), sk_e, sk_a);
}

}  // namespace adit::crypto
