#include "crypto/packet_mac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "base/narrow.h"

namespace adit::crypto {
namespace {

struct Free {
  void operator()(EVP_MAC_CTX* mac) const { EVP_MAC_CTX_free(mac); }
  void operator()(EVP_CIPHER_CTX* cipher) const { EVP_CIPHER_CTX_free(cipher); }
};

class Hmac final : public PacketMac {
 public:
  explicit Hmac(std::unique_ptr<EVP_MAC_CTX, Free> keyed) : mac_{std::move(keyed)} {}

  bool compute(Bytes octets, std::uint8_t* mac) override {
    std::size_t size = 0;
    return EVP_MAC_init(mac_.get(), nullptr, 0, nullptr) == 1 &&
           EVP_MAC_update(mac_.get(), octets.data(), octets.size()) == 1 &&
           EVP_MAC_final(mac_.get(), mac, &size, EVP_MAX_MD_SIZE) == 1;
  }

 private:
  std::unique_ptr<EVP_MAC_CTX, Free> mac_;
};

std::unique_ptr<PacketMac> make_hmac(const char* digest, SecretView key) {
  EVP_MAC* algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  std::unique_ptr<EVP_MAC_CTX, Free> mac{EVP_MAC_CTX_new(algorithm)};
  EVP_MAC_free(algorithm);
  std::string name{digest};
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
                                   OSSL_PARAM_construct_end()};
  if (!mac || EVP_MAC_init(mac.get(), key.reveal().data(), key.size(), parameters) != 1) return nullptr;
  return std::make_unique<Hmac>(std::move(mac));
}

using Block = std::array<std::uint8_t, 16>;

/// Blocks made of a key: wiped when left.
template <std::size_t Count>
struct KeyBlocks {
  std::array<Block, Count> blocks{};
  KeyBlocks() = default;
  KeyBlocks(const KeyBlocks&) = delete;
  KeyBlocks& operator=(const KeyBlocks&) = delete;
  ~KeyBlocks() { explicit_bzero(blocks.data(), sizeof blocks); }
};

std::unique_ptr<EVP_CIPHER_CTX, Free> aes128(const EVP_CIPHER* mode, const std::uint8_t* key) {
  std::unique_ptr<EVP_CIPHER_CTX, Free> cipher{EVP_CIPHER_CTX_new()};
  const Block zero_iv{};
  if (!cipher || EVP_EncryptInit_ex(cipher.get(), mode, nullptr, key, zero_iv.data()) != 1) return nullptr;
  EVP_CIPHER_CTX_set_padding(cipher.get(), 0);
  return cipher;
}

bool encrypt(SecretView key, const Block& block, Block& result) {
  const auto cipher = aes128(EVP_aes_128_ecb(), key.reveal().data());
  int size = 0;
  return cipher && EVP_EncryptUpdate(cipher.get(), result.data(), &size, block.data(), 16) == 1;
}

/// A block times x in GF(2^128) (RFC 4493 §2.3).
void double_block(const Block& block, Block& result) {
  for (std::size_t i = 0; i < 16; ++i) {
    result[i] = static_cast<std::uint8_t>(block[i] << 1 | (i < 15 ? block[i + 1] >> 7 : 0));
  }
  result[15] = static_cast<std::uint8_t>(result[15] ^ (block[0] >> 7) * 0x87);
}

/// CBC-MAC whose last block is masked: CMAC (RFC 4493) and XCBC (RFC 3566) differ in their keys alone.
class MaskedCbcMac final : public PacketMac {
 public:
  MaskedCbcMac(std::unique_ptr<EVP_CIPHER_CTX, Free> cbc, const Block& whole, const Block& padded)
      : cbc_{std::move(cbc)}, whole_mask_{whole}, padded_mask_{padded} {}
  ~MaskedCbcMac() override {
    explicit_bzero(whole_mask_.data(), whole_mask_.size());
    explicit_bzero(padded_mask_.data(), padded_mask_.size());
  }

  bool compute(Bytes octets, std::uint8_t* mac) override {
    const Block zero_iv{};
    if (EVP_EncryptInit_ex(cbc_.get(), nullptr, nullptr, nullptr, zero_iv.data()) != 1) return false;
    int size = 0;
    while (octets.size() > 16) {
      const std::size_t chunk = std::min((octets.size() - 1) / 16 * 16, scratch_.size());
      if (EVP_EncryptUpdate(cbc_.get(), scratch_.data(), &size, octets.data(), narrow<int>(chunk)) != 1) return false;
      octets = octets.subspan(chunk);
    }
    Block last{};
    std::ranges::copy(octets, last.begin());
    if (octets.size() < 16) last[octets.size()] = 0x80;
    const Block& mask = octets.size() < 16 ? padded_mask_ : whole_mask_;
    for (std::size_t i = 0; i < 16; ++i) last[i] ^= mask[i];
    return EVP_EncryptUpdate(cbc_.get(), mac, &size, last.data(), 16) == 1;
  }

 private:
  std::unique_ptr<EVP_CIPHER_CTX, Free> cbc_;
  Block whole_mask_, padded_mask_;
  std::array<std::uint8_t, 2048> scratch_;  // ciphertext that nobody reads
};

std::unique_ptr<PacketMac> make_cmac(SecretView key) {
  KeyBlocks<3> made;
  auto& [first, whole, padded] = made.blocks;
  auto cbc = aes128(EVP_aes_128_cbc(), key.reveal().data());
  if (!cbc || !encrypt(key, Block{}, first)) return nullptr;
  double_block(first, whole);
  double_block(whole, padded);
  return std::make_unique<MaskedCbcMac>(std::move(cbc), whole, padded);
}

std::unique_ptr<PacketMac> make_xcbc(SecretView key) {
  KeyBlocks<3> derived;
  for (std::uint8_t i = 0; i < 3; ++i) {
    Block constant;
    constant.fill(static_cast<std::uint8_t>(i + 1));
    if (!encrypt(key, constant, derived.blocks[i])) return nullptr;
  }
  auto cbc = aes128(EVP_aes_128_cbc(), derived.blocks[0].data());
  if (!cbc) return nullptr;
  return std::make_unique<MaskedCbcMac>(std::move(cbc), derived.blocks[1], derived.blocks[2]);
}

}  // namespace

std::unique_ptr<PacketMac> PacketMac::make(IntegrityId id, SecretView key) {
  switch (id) {
    case IntegrityId::hmac_md5_96:
      return make_hmac("MD5", key);
    case IntegrityId::hmac_sha1_96:
      return make_hmac("SHA1", key);
    case IntegrityId::hmac_sha2_256_128:
      return make_hmac("SHA256", key);
    case IntegrityId::hmac_sha2_384_192:
      return make_hmac("SHA384", key);
    case IntegrityId::hmac_sha2_512_256:
      return make_hmac("SHA512", key);
    case IntegrityId::aes_cmac_96:
      return make_cmac(key);
    case IntegrityId::aes_xcbc_96:
      return make_xcbc(key);
    default:
      return nullptr;
  }
}

}  // namespace adit::crypto
