#pragma once
// An SK payload under a combined mode: AES-GCM, AES-CCM (RFC 5282) or ChaCha20-Poly1305 (RFC 7634 §3).

#include "crypto/evp.h"
#include "crypto/ike_cipher.h"
#include "crypto/sk_payload.h"

namespace adit::crypto {

class CombinedModeCipher : public IkeCipher {
 public:
  /// A key of the right size, its salt at the end.
  CombinedModeCipher(const EncryptionFacts& encryption, CipherName cipher, SecretView sk_e);

  std::size_t iv_size() const override { return sizes_.iv; }
  std::size_t icv_size() const override { return sizes_.icv; }
  std::size_t padded_size(std::size_t plaintext) const override { return sizes_.padded(plaintext); }
  void seal(ByteString& message, Bytes plaintext, Bytes iv) const override;
  std::optional<ByteString> open(Bytes message, std::size_t body) const override;

 private:
  enum class Direction : std::uint8_t { decrypt, encrypt };
  /// A context with key, nonce and the sizes that the mode must know beforehand. `tag` is what to expect of a message
  /// to decrypt.
  CipherState begin(Direction direction, Bytes iv, Bytes tag, std::size_t text_size) const;
  bool is_ccm() const;

  SkSizes sizes_;
  CipherName cipher_;
  std::size_t key_size_;
  Secret sk_e_;  // no OpenSSL state is kept: it is some 10 times as large, and an IKE SA seldom speaks
};

}  // namespace adit::crypto
