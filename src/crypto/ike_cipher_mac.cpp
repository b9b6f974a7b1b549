#include "crypto/ike_cipher_mac.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "base/narrow.h"

namespace adit::crypto {

EncryptThenMacCipher::EncryptThenMacCipher(const EncryptionFacts& encryption, CipherName cipher,
                                           const IntegrityFacts& integrity, SecretView sk_e, SecretView sk_a)
    : sizes_{.iv = encryption.iv, .block = encryption.block, .icv = integrity.icv},
      cipher_{cipher},
      mac_{*ike_mac(integrity.id)},
      key_size_{sk_e.size() - encryption.salt},
      sk_e_{sk_e.reveal()},
      sk_a_{sk_a.reveal()} {}

void EncryptThenMacCipher::seal(ByteString& message, Bytes plaintext, Bytes iv) const {
  assert(iv.size() == sizes_.iv);
  const ByteString encrypted = crypt(Direction::encrypt, with_padding(plaintext, sizes_), iv);
  message.reserve(message.size() + iv.size() + encrypted.size() + sizes_.icv);
  append(message, iv);
  append(message, encrypted);
  std::array<std::uint8_t, largest_mac_size> code;
  compute_mac(mac_, sk_a_, {message}, code);
  append(message, Bytes{code}.first(sizes_.icv));
}

std::optional<ByteString> EncryptThenMacCipher::open(Bytes message, std::size_t body) const {
  const auto parts = SkParts::cut(message, body, sizes_);
  if (!parts) return std::nullopt;
  std::array<std::uint8_t, largest_mac_size> code;
  compute_mac(mac_, sk_a_, {parts->before_icv}, code);
  if (!equal_in_constant_time(parts->icv, Bytes{code}.first(sizes_.icv))) return std::nullopt;
  return without_padding(crypt(Direction::decrypt, parts->encrypted, parts->iv));
}

ByteString EncryptThenMacCipher::crypt(Direction direction, Bytes text, Bytes iv) const {
  // Of AES-CTR the first block's counter: nonce of the key material | IV | 1 (RFC 5930 §2.1, RFC 3686 §4).
  std::array<std::uint8_t, 16> start{};
  const Bytes salt = sk_e_.reveal().subspan(key_size_);
  const auto end = std::ranges::copy(iv, std::ranges::copy(salt, start.begin()).out).out;
  if (!salt.empty()) *(end + 3) = 1;

  const CipherState state{EVP_CIPHER_CTX_new()};
  must(EVP_CipherInit_ex2(state.get(), fetched(cipher_), sk_e_.reveal().data(), start.data(),
                          direction == Direction::encrypt ? 1 : 0, nullptr) == 1);
  must(EVP_CIPHER_CTX_set_padding(state.get(), 0) == 1);
  ByteString result(text.size());
  int size = 0;
  must(EVP_CipherUpdate(state.get(), result.data(), &size, text.data(), narrow<int>(text.size())) == 1);
  must(narrow<std::size_t>(size) == text.size());
  return result;
}

}  // namespace adit::crypto
