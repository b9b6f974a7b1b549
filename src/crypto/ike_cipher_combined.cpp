#include "crypto/ike_cipher_combined.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cassert>

#include "base/narrow.h"

namespace adit::crypto {

CombinedModeCipher::CombinedModeCipher(const EncryptionFacts& encryption, CipherName cipher, SecretView sk_e)
    : sizes_{.iv = encryption.iv, .block = encryption.block, .icv = encryption.icv},
      cipher_{cipher},
      key_size_{sk_e.size() - encryption.salt},
      sk_e_{sk_e.reveal()} {}

bool CombinedModeCipher::is_ccm() const {
  return cipher_ == CipherName::aes_128_ccm || cipher_ == CipherName::aes_192_ccm || cipher_ == CipherName::aes_256_ccm;
}

CipherState CombinedModeCipher::begin(Direction direction, Bytes iv, Bytes tag, std::size_t text_size) const {
  // The nonce is salt | IV: 12 octets, 11 of CCM (RFC 5282 §4).
  std::array<std::uint8_t, 12> nonce{};
  const Bytes salt = sk_e_.reveal().subspan(key_size_);
  std::ranges::copy(iv, std::ranges::copy(salt, nonce.begin()).out);

  const int encrypts = direction == Direction::encrypt ? 1 : 0;
  CipherState state{EVP_CIPHER_CTX_new()};
  EVP_CIPHER_CTX* raw = state.get();
  must(EVP_CipherInit_ex2(raw, fetched(cipher_), nullptr, nullptr, encrypts, nullptr) == 1);
  must(EVP_CIPHER_CTX_ctrl(raw, EVP_CTRL_AEAD_SET_IVLEN, narrow<int>(salt.size() + iv.size()), nullptr) == 1);
  if (direction == Direction::decrypt) {
    std::array<std::uint8_t, 16> expected{};
    std::ranges::copy(tag, expected.begin());
    must(EVP_CIPHER_CTX_ctrl(raw, EVP_CTRL_AEAD_SET_TAG, narrow<int>(tag.size()), expected.data()) == 1);
  } else if (is_ccm()) {
    must(EVP_CIPHER_CTX_ctrl(raw, EVP_CTRL_AEAD_SET_TAG, narrow<int>(sizes_.icv), nullptr) == 1);
  }
  must(EVP_CipherInit_ex2(raw, nullptr, sk_e_.reveal().data(), nonce.data(), encrypts, nullptr) == 1);
  // CCM's first block holds the length of the text (RFC 3610 §2.2).
  int size = 0;
  if (is_ccm()) must(EVP_CipherUpdate(raw, nullptr, &size, nullptr, narrow<int>(text_size)) == 1);
  return state;
}

void CombinedModeCipher::seal(ByteString& message, Bytes plaintext, Bytes iv) const {
  assert(iv.size() == sizes_.iv);
  const ByteString padded = with_padding(plaintext, sizes_);
  const CipherState state = begin(Direction::encrypt, iv, {}, padded.size());
  int size = 0;
  // All octets before the IV are the associated data (RFC 5282 §5.1); the IV is in the nonce.
  must(EVP_EncryptUpdate(state.get(), nullptr, &size, message.data(), narrow<int>(message.size())) == 1);
  append(message, iv);
  const std::size_t text_at = message.size();
  message.resize(text_at + padded.size() + sizes_.icv);
  std::uint8_t* text = message.data() + text_at;
  must(EVP_EncryptUpdate(state.get(), text, &size, padded.data(), narrow<int>(padded.size())) == 1);
  must(EVP_EncryptFinal_ex(state.get(), text + padded.size(), &size) == 1);
  must(EVP_CIPHER_CTX_ctrl(state.get(), EVP_CTRL_AEAD_GET_TAG, narrow<int>(sizes_.icv), text + padded.size()) == 1);
}

std::optional<ByteString> CombinedModeCipher::open(Bytes message, std::size_t body) const {
  const auto parts = SkParts::cut(message, body, sizes_);
  if (!parts) return std::nullopt;
  const CipherState state = begin(Direction::decrypt, parts->iv, parts->icv, parts->encrypted.size());
  const Bytes header = parts->authenticated;
  int size = 0;
  must(EVP_DecryptUpdate(state.get(), nullptr, &size, header.data(), narrow<int>(header.size())) == 1);
  ByteString padded(parts->encrypted.size());
  // CCM compares the tag here, the others in the final step; both in constant time.
  std::uint8_t nothing_more[16];
  const bool is_authentic =
      EVP_DecryptUpdate(state.get(), padded.data(), &size, parts->encrypted.data(), narrow<int>(padded.size())) == 1 &&
      (is_ccm() || EVP_DecryptFinal_ex(state.get(), nothing_more, &size) == 1);
  if (!is_authentic) {
    ERR_clear_error();
    return std::nullopt;
  }
  return without_padding(std::move(padded));
}

}  // namespace adit::crypto
