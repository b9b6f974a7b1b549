#include "crypto/mac.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "base/narrow.h"
#include "crypto/evp.h"

namespace adit::crypto {

namespace {

constexpr std::size_t aes_block_size = 16;
using AesBlock = std::array<std::uint8_t, aes_block_size>;
constexpr std::size_t largest_digest_block = 128;  // of SHA-384 and SHA-512

/// Octets on the stack that are wiped when left.
template <std::size_t Size>
struct Wiped {
  std::array<std::uint8_t, Size> octets{};
  Wiped() = default;
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { explicit_bzero(octets.data(), Size); }
};

EVP_MD_CTX* digest_state() {
  thread_local const DigestState state{EVP_MD_CTX_new()};
  return state.get();
}

std::size_t digest(const EVP_MD* algorithm, std::initializer_list<Bytes> first, std::initializer_list<Bytes> then,
                   std::uint8_t* out) {
  EVP_MD_CTX* state = digest_state();
  must(EVP_DigestInit_ex2(state, algorithm, nullptr) == 1);
  for (const Bytes part : first) must(EVP_DigestUpdate(state, part.data(), part.size()) == 1);
  for (const Bytes part : then) must(EVP_DigestUpdate(state, part.data(), part.size()) == 1);
  unsigned size = 0;
  must(EVP_DigestFinal_ex(state, out, &size) == 1);
  return size;
}

/// RFC 2104 over plain hashes: re-keying OpenSSL's own HMAC costs about twice as much, and leaves the key in its
/// memory.
std::size_t hmac(Digest name, Bytes key, std::initializer_list<Bytes> parts, std::uint8_t* out) {
  const EVP_MD* algorithm = fetched(name);
  const auto block_size = narrow<std::size_t>(EVP_MD_get_block_size(algorithm));
  Wiped<largest_digest_block> pad;
  if (key.size() > block_size)
    digest(algorithm, {key}, {}, pad.octets.data());
  else
    std::ranges::copy(key, pad.octets.begin());

  const Bytes block{pad.octets.data(), block_size};
  for (std::uint8_t& octet : pad.octets) octet ^= 0x36;
  Wiped<largest_mac_size> inner;
  const std::size_t size = digest(algorithm, {block}, parts, inner.octets.data());
  for (std::uint8_t& octet : pad.octets) octet ^= 0x36 ^ 0x5c;
  return digest(algorithm, {block, Bytes{inner.octets.data(), size}}, {}, out);
}

/// AES-128 of single blocks under one key.
class BlockCipher {
 public:
  explicit BlockCipher(Bytes key) : state_{EVP_CIPHER_CTX_new()} { set_key(key); }

  void set_key(Bytes key) {
    assert(key.size() == aes_mac_key_size);
    must(EVP_EncryptInit_ex2(state_.get(), fetched(CipherName::aes_128_ecb), key.data(), nullptr, nullptr) == 1);
    must(EVP_CIPHER_CTX_set_padding(state_.get(), 0) == 1);
  }
  void encrypt(const AesBlock& from, AesBlock& to) {
    int size = 0;
    must(EVP_EncryptUpdate(state_.get(), to.data(), &size, from.data(), aes_block_size) == 1);
  }

 private:
  CipherState state_;
};

void exclusive_or(AesBlock& to, const AesBlock& with) {
  for (std::size_t i = 0; i < aes_block_size; ++i) to[i] ^= with[i];
}

/// CBC-MAC whose last block is masked with one subkey when it is whole, with the other when it had to be padded: what
/// XCBC and CMAC have in common.
class MaskedCbcMac {
 public:
  MaskedCbcMac(MacAlgorithm algorithm, Bytes key) : cipher_{key} {
    if (algorithm == MacAlgorithm::aes_xcbc)
      derive_xcbc();
    else
      derive_cmac();
  }

  void update(Bytes octets) {
    for (const std::uint8_t octet : octets) {
      // A whole block waits for its successor: the last one is masked.
      if (filled_ == aes_block_size) absorb();
      pending_.octets[filled_++] = octet;
    }
  }
  /// The code; it may be a key (of a PRF), and is wiped with the rest.
  const AesBlock& finish() {
    const bool is_whole = filled_ == aes_block_size;
    if (!is_whole) {
      std::fill(pending_.octets.begin() + static_cast<std::ptrdiff_t>(filled_), pending_.octets.end(), std::uint8_t{0});
      pending_.octets[filled_] = 0x80;
    }
    exclusive_or(pending_.octets, is_whole ? whole_.octets : padded_.octets);
    absorb();
    return chain_.octets;
  }

 private:
  void absorb() {
    exclusive_or(chain_.octets, pending_.octets);
    cipher_.encrypt(chain_.octets, chain_.octets);
    filled_ = 0;
  }
  /// RFC 3566 §4: K1, K2, K3 are the encryptions of 0x01…, 0x02…, 0x03….
  void derive_xcbc() {
    Wiped<aes_block_size> first;
    AesBlock constant;
    constant.fill(1);
    cipher_.encrypt(constant, first.octets);
    constant.fill(2);
    cipher_.encrypt(constant, whole_.octets);
    constant.fill(3);
    cipher_.encrypt(constant, padded_.octets);
    cipher_.set_key(first.octets);
  }
  /// RFC 4493 §2.3: the encryption of zeros, doubled once and twice in GF(2^128).
  void derive_cmac() {
    Wiped<aes_block_size> zeros_encrypted;
    cipher_.encrypt({}, zeros_encrypted.octets);
    doubled(zeros_encrypted.octets, whole_.octets);
    doubled(whole_.octets, padded_.octets);
  }
  static void doubled(const AesBlock& from, AesBlock& to) {
    for (std::size_t i = 0; i + 1 < aes_block_size; ++i)
      to[i] = static_cast<std::uint8_t>(from[i] << 1 | from[i + 1] >> 7);
    // No branch on the key: 0x87 where a bit falls out, else 0.
    to[aes_block_size - 1] = static_cast<std::uint8_t>(from[aes_block_size - 1] << 1 ^ (0x87 & -(from[0] >> 7)));
  }

  BlockCipher cipher_;
  Wiped<aes_block_size> whole_, padded_, chain_, pending_;
  std::size_t filled_ = 0;
};

}  // namespace

std::size_t compute_mac(MacAlgorithm algorithm, SecretView key, std::initializer_list<Bytes> parts, MutableBytes out) {
  switch (algorithm) {
    case MacAlgorithm::hmac_md5:
      return hmac(Digest::md5, key.reveal(), parts, out.data());
    case MacAlgorithm::hmac_sha1:
      return hmac(Digest::sha1, key.reveal(), parts, out.data());
    case MacAlgorithm::hmac_sha2_256:
      return hmac(Digest::sha2_256, key.reveal(), parts, out.data());
    case MacAlgorithm::hmac_sha2_384:
      return hmac(Digest::sha2_384, key.reveal(), parts, out.data());
    case MacAlgorithm::hmac_sha2_512:
      return hmac(Digest::sha2_512, key.reveal(), parts, out.data());
    case MacAlgorithm::aes_xcbc:
    case MacAlgorithm::aes_cmac:
      break;
  }
  MaskedCbcMac mac{algorithm, key.reveal()};
  for (const Bytes part : parts) mac.update(part);
  const AesBlock& code = mac.finish();
  std::ranges::copy(code, out.begin());
  return code.size();
}

}  // namespace adit::crypto
