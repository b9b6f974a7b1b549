#include "crypto/ike_cipher_name.h"

namespace adit::crypto {

namespace {

std::optional<CipherName> by_key_length(unsigned key_bits, CipherName with_128, CipherName with_192,
                                        CipherName with_256) {
  switch (key_bits) {
    case 128:
      return with_128;
    case 192:
      return with_192;
    case 256:
      return with_256;
    default:
      return std::nullopt;
  }
}

/// A cipher of one key length: none has to be given.
std::optional<CipherName> with_fixed_length(CipherName name, unsigned key_bits, unsigned its_bits) {
  return key_bits == 0 || key_bits == its_bits ? std::optional{name} : std::nullopt;
}

}  // namespace

std::optional<CipherName> ike_cipher_name(EncryptionId id, unsigned key_bits) {
  using enum CipherName;
  switch (id) {
    case EncryptionId::triple_des:
      return with_fixed_length(triple_des_cbc, key_bits, 192);
    case EncryptionId::aes_cbc:
      return by_key_length(key_bits, aes_128_cbc, aes_192_cbc, aes_256_cbc);
    case EncryptionId::aes_ctr:
      return by_key_length(key_bits, aes_128_ctr, aes_192_ctr, aes_256_ctr);
    case EncryptionId::aes_ccm_8:
    case EncryptionId::aes_ccm_12:
    case EncryptionId::aes_ccm_16:
      return by_key_length(key_bits, aes_128_ccm, aes_192_ccm, aes_256_ccm);
    case EncryptionId::aes_gcm_8:
    case EncryptionId::aes_gcm_12:
    case EncryptionId::aes_gcm_16:
      return by_key_length(key_bits, aes_128_gcm, aes_192_gcm, aes_256_gcm);
    case EncryptionId::chacha20_poly1305:
      return with_fixed_length(CipherName::chacha20_poly1305, key_bits, 256);
    case EncryptionId::none:
    case EncryptionId::des:
    case EncryptionId::null:
    case EncryptionId::null_auth_aes_gmac:
      break;
  }
  return std::nullopt;
}

std::optional<MacAlgorithm> ike_mac(IntegrityId id) {
  switch (id) {
    case IntegrityId::hmac_md5_96:
      return MacAlgorithm::hmac_md5;
    case IntegrityId::hmac_sha1_96:
      return MacAlgorithm::hmac_sha1;
    case IntegrityId::aes_xcbc_96:
      return MacAlgorithm::aes_xcbc;
    case IntegrityId::aes_cmac_96:
      return MacAlgorithm::aes_cmac;
    case IntegrityId::hmac_sha2_256_128:
      return MacAlgorithm::hmac_sha2_256;
    case IntegrityId::hmac_sha2_384_192:
      return MacAlgorithm::hmac_sha2_384;
    case IntegrityId::hmac_sha2_512_256:
      return MacAlgorithm::hmac_sha2_512;
    case IntegrityId::none:
    case IntegrityId::aes_128_gmac:
    case IntegrityId::aes_192_gmac:
    case IntegrityId::aes_256_gmac:
      break;
  }
  return std::nullopt;
}

}  // namespace adit::crypto
