#include "crypto/ike_v1_cipher.h"

#include <cassert>

#include "base/narrow.h"
#include "crypto/evp.h"
#include "crypto/ike_cipher_name.h"

namespace adit::crypto {

namespace {

enum class Way : std::uint8_t { decrypt, encrypt };

ByteString crypt(Way way, CipherName name, SecretView key, Bytes iv, Bytes text) {
  const CipherState state{EVP_CIPHER_CTX_new()};
  must(EVP_CipherInit_ex2(state.get(), fetched(name), key.reveal().data(), iv.data(), way == Way::encrypt ? 1 : 0,
                          nullptr) == 1);
  must(EVP_CIPHER_CTX_set_padding(state.get(), 0) == 1);
  ByteString result(text.size());
  int size = 0;
  must(EVP_CipherUpdate(state.get(), result.data(), &size, text.data(), narrow<int>(text.size())) == 1);
  must(narrow<std::size_t>(size) == text.size());
  return result;
}

}  // namespace

std::optional<IkeV1Cipher> IkeV1Cipher::find(EncryptionId encryption, unsigned key_bits) {
  constexpr unsigned octet = 8;
  if (encryption != EncryptionId::triple_des && encryption != EncryptionId::aes_cbc) return std::nullopt;
  if (!ike_cipher_name(encryption, key_bits)) return std::nullopt;
  const EncryptionFacts& facts = *adit::find(encryption);
  const unsigned bits = facts.has_key_length ? key_bits : facts.fixed_key_bits;
  return IkeV1Cipher{encryption, bits / octet, facts.block};
}

ByteString IkeV1Cipher::encrypt(SecretView key, Bytes iv, Bytes plaintext) const {
  assert(key.size() == key_size_ && iv.size() == block_);
  ByteString padded(plaintext.begin(), plaintext.end());
  padded.resize((padded.size() + block_ - 1) / block_ * block_);
  return crypt(Way::encrypt, *ike_cipher_name(encryption_, narrow<unsigned>(key_size_ * 8)), key, iv, padded);
}

std::optional<ByteString> IkeV1Cipher::decrypt(SecretView key, Bytes iv, Bytes ciphertext) const {
  assert(key.size() == key_size_ && iv.size() == block_);
  if (ciphertext.empty() || ciphertext.size() % block_ != 0) return std::nullopt;
  return crypt(Way::decrypt, *ike_cipher_name(encryption_, narrow<unsigned>(key_size_ * 8)), key, iv, ciphertext);
}

}  // namespace adit::crypto
