#pragma once
// Encryption of ISAKMP messages: CBC, whose IV is the last block of the message before (RFC 2409 appendix B).

#include <optional>

#include "base/algorithms.h"
#include "base/secret.h"

namespace adit::crypto {

class IkeV1Cipher {
 public:
  /// Nothing for what is not built in: 3DES and AES-CBC are. DES is refused (RFC 8247 §2.1).
  static std::optional<IkeV1Cipher> find(EncryptionId encryption, unsigned key_bits);

  std::size_t key_size() const { return key_size_; }  ///< octets
  std::size_t block() const { return block_; }        ///< octets, of a block and of the IV

  /// The plaintext with zeros up to the block size, encrypted.
  ByteString encrypt(SecretView key, Bytes iv, Bytes plaintext) const;
  /// With its padding; nothing for octets that are no whole blocks, or none.
  std::optional<ByteString> decrypt(SecretView key, Bytes iv, Bytes ciphertext) const;

 private:
  IkeV1Cipher(EncryptionId encryption, std::size_t key_size, std::size_t block)
      : encryption_{encryption}, key_size_{key_size}, block_{block} {}

  EncryptionId encryption_;
  std::size_t key_size_, block_;
};

}  // namespace adit::crypto
