#pragma once
// An SK payload under a cipher and a MAC: AES-CBC, 3DES-CBC or AES-CTR, then the MAC over the message so far.

#include "crypto/ike_cipher.h"
#include "crypto/ike_cipher_name.h"
#include "crypto/sk_payload.h"

namespace adit::crypto {

class EncryptThenMacCipher : public IkeCipher {
 public:
  /// Keys of the right sizes.
  EncryptThenMacCipher(const EncryptionFacts& encryption, CipherName cipher, const IntegrityFacts& integrity,
                       SecretView sk_e, SecretView sk_a);

  std::size_t iv_size() const override { return sizes_.iv; }
  std::size_t icv_size() const override { return sizes_.icv; }
  std::size_t padded_size(std::size_t plaintext) const override { return sizes_.padded(plaintext); }
  void seal(ByteString& message, Bytes plaintext, Bytes iv) const override;
  std::optional<ByteString> open(Bytes message, std::size_t body) const override;

 private:
  enum class Direction : std::uint8_t { decrypt, encrypt };
  ByteString crypt(Direction direction, Bytes text, Bytes iv) const;

  SkSizes sizes_;
  CipherName cipher_;
  MacAlgorithm mac_;
  std::size_t key_size_;
  Secret sk_e_, sk_a_;  // no OpenSSL state is kept: it is some 10 times as large, and an IKE SA seldom speaks
};

}  // namespace adit::crypto
