#include "crypto/ipsec_mb_mac.h"

#include <algorithm>
#include <optional>

#include "crypto/multi_buffer.h"

namespace adit::crypto {
namespace {

std::optional<IMB_HASH_ALG> algorithm_of(IntegrityId id) {
  switch (id) {
    case IntegrityId::hmac_md5_96:
      return IMB_AUTH_MD5;
    case IntegrityId::hmac_sha1_96:
      return IMB_AUTH_HMAC_SHA_1;
    case IntegrityId::hmac_sha2_256_128:
      return IMB_AUTH_HMAC_SHA_256;
    case IntegrityId::hmac_sha2_384_192:
      return IMB_AUTH_HMAC_SHA_384;
    case IntegrityId::hmac_sha2_512_256:
      return IMB_AUTH_HMAC_SHA_512;
    case IntegrityId::aes_xcbc_96:
      return IMB_AUTH_AES_XCBC;
    case IntegrityId::aes_cmac_96:
      return IMB_AUTH_AES_CMAC;
    default:
      return std::nullopt;
  }
}

hash_one_block_t block_function(const IMB_MGR& mb, IMB_HASH_ALG algorithm) {
  switch (algorithm) {
    case IMB_AUTH_MD5:
      return mb.md5_one_block;
    case IMB_AUTH_HMAC_SHA_1:
      return mb.sha1_one_block;
    case IMB_AUTH_HMAC_SHA_256:
      return mb.sha256_one_block;
    case IMB_AUTH_HMAC_SHA_384:
      return mb.sha384_one_block;
    default:
      return mb.sha512_one_block;
  }
}

}  // namespace

std::unique_ptr<IpsecMbMac> IpsecMbMac::make(IntegrityId id, SecretView key) {
  const auto algorithm = algorithm_of(id);
  if (!algorithm) return nullptr;
  auto mac = std::make_unique<IpsecMbMac>(*algorithm);
  const IMB_MGR& mb = *multi_buffer();
  auto& [first, second, third] = mac->keys_;
  if (*algorithm == IMB_AUTH_AES_XCBC) {
    mb.xcbc_keyexp(key.reveal().data(), first.data(), second.data(), third.data());
  } else if (*algorithm == IMB_AUTH_AES_CMAC) {
    Part decrypt_schedule;
    mb.keyexp_128(key.reveal().data(), first.data(), decrypt_schedule.data());
    mb.cmac_subkey_gen_128(first.data(), second.data(), third.data());
    explicit_bzero(decrypt_schedule.data(), decrypt_schedule.size());
  } else {
    mac->expand_hmac(key.reveal());
  }
  return mac;
}

void IpsecMbMac::expand_hmac(Bytes key) {  // RFC 2104 §4: the first block of each hash depends on the key alone
  const hash_one_block_t hash = block_function(*multi_buffer(), algorithm_);
  std::array<std::uint8_t, IMB_SHA_512_BLOCK_SIZE> block;  // the longest; a shorter hash reads its part
  for (const auto& [part, pad] : {std::pair{&keys_[0], 0x36}, std::pair{&keys_[1], 0x5c}}) {
    block.fill(static_cast<std::uint8_t>(pad));
    for (std::size_t i = 0; i < key.size(); ++i) block[i] ^= key[i];
    hash(block.data(), part->data());
  }
  explicit_bzero(block.data(), block.size());
}

void IpsecMbMac::fill(IMB_JOB& job) const {
  job.hash_alg = algorithm_;
  if (algorithm_ == IMB_AUTH_AES_XCBC) {
    job.u.XCBC._k1_expanded = reinterpret_cast<const std::uint32_t*>(keys_[0].data());
    job.u.XCBC._k2 = keys_[1].data();
    job.u.XCBC._k3 = keys_[2].data();
  } else if (algorithm_ == IMB_AUTH_AES_CMAC) {
    job.u.CMAC._key_expanded = keys_[0].data();
    job.u.CMAC._skey1 = keys_[1].data();
    job.u.CMAC._skey2 = keys_[2].data();
  } else {
    job.u.HMAC._hashed_auth_key_xor_ipad = keys_[0].data();
    job.u.HMAC._hashed_auth_key_xor_opad = keys_[1].data();
  }
}

}  // namespace adit::crypto
