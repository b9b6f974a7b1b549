#include "base/algorithms.h"

#include <algorithm>
#include <array>

namespace adit {
namespace {

constexpr std::array encryption_rows = {
    EncryptionFacts{EncryptionId::des, "DES", "DES", "DES-CBC", 0, 8, 8, 0, false, 64},
    EncryptionFacts{EncryptionId::triple_des, "3DES", "3DES", "3DES-CBC", 0, 8, 8, 0, false, 192},
    EncryptionFacts{EncryptionId::null, "NULL", "DoNot", "NULL", 0, 0, 1, 0, false, 0},
    EncryptionFacts{EncryptionId::aes_cbc, "AES_CBC", "AES_CBC", "AES-CBC", 0, 16, 16, 0, true, 0},
    EncryptionFacts{EncryptionId::aes_ctr, "AES_CTR", "AES_CTR", "AES-CTR", 4, 8, 1, 0, true, 0},
    EncryptionFacts{EncryptionId::aes_ccm_8, "AES_CCM_8", "AES_CCM_8", "AES-CCM-8", 3, 8, 1, 8, true, 0},
    EncryptionFacts{EncryptionId::aes_ccm_12, "AES_CCM_12", "AES_CCM_12", "AES-CCM-12", 3, 8, 1, 12, true, 0},
    EncryptionFacts{EncryptionId::aes_ccm_16, "AES_CCM_16", "AES_CCM_16", "AES-CCM-16", 3, 8, 1, 16, true, 0},
    EncryptionFacts{EncryptionId::aes_gcm_8, "AES_GCM_8", "AES_GCM_8", "AES-GCM-8", 4, 8, 1, 8, true, 0},
    EncryptionFacts{EncryptionId::aes_gcm_12, "AES_GCM_12", "AES_GCM_12", "AES-GCM-12", 4, 8, 1, 12, true, 0},
    EncryptionFacts{EncryptionId::aes_gcm_16, "AES_GCM_16", "AES_GCM_16", "AES-GCM-16", 4, 8, 1, 16, true, 0},
    EncryptionFacts{EncryptionId::null_auth_aes_gmac, "NULL_AUTH_AES_GMAC", "DoNot", "NULL", 4, 8, 1, 16, true, 0},
    EncryptionFacts{EncryptionId::chacha20_poly1305, "CHACHA20_POLY1305", "CHACHA20_POLY1305", "CHACHA20-POLY1305", 4,
                    8, 1, 16, false, 256},
};

constexpr std::array prf_rows = {
    PrfFacts{PrfId::hmac_md5, "PRF_HMAC_MD5", "HMAC_MD5", "HMAC-MD5", 16, 16},
    PrfFacts{PrfId::hmac_sha1, "PRF_HMAC_SHA1", "HMAC_SHA1", "HMAC-SHA1", 20, 20},
    PrfFacts{PrfId::aes128_xcbc, "PRF_AES128_XCBC", "AES128_XCBC", "AES128-XCBC", 16, 16},
    PrfFacts{PrfId::hmac_sha2_256, "PRF_HMAC_SHA2_256", "HMAC_SHA2_256", "HMAC-SHA2-256", 32, 32},
    PrfFacts{PrfId::hmac_sha2_384, "PRF_HMAC_SHA2_384", "HMAC_SHA2_384", "HMAC-SHA2-384", 48, 48},
    PrfFacts{PrfId::hmac_sha2_512, "PRF_HMAC_SHA2_512", "HMAC_SHA2_512", "HMAC-SHA2-512", 64, 64},
    PrfFacts{PrfId::aes128_cmac, "PRF_AES128_CMAC", "AES128_CMAC", "AES128-CMAC", 16, 16},
};

constexpr std::array integrity_rows = {
    IntegrityFacts{IntegrityId::hmac_md5_96, "HMAC_MD5_96", "HMAC_MD5_96", "HMAC-MD5-96", 16, 12},
    IntegrityFacts{IntegrityId::hmac_sha1_96, "HMAC_SHA1_96", "HMAC_SHA1_96", "HMAC-SHA1-96", 20, 12},
    IntegrityFacts{IntegrityId::aes_xcbc_96, "AES_XCBC_96", "AES128_XCBC_96", "AES128-XCBC-96", 16, 12},
    IntegrityFacts{IntegrityId::aes_cmac_96, "AES_CMAC_96", "AES128_CMAC_96", "AES128-CMAC-96", 16, 12},
    IntegrityFacts{IntegrityId::aes_128_gmac, "AES_128_GMAC", "AES_GMAC_128", "AES-GMAC-128", 20, 16},
    IntegrityFacts{IntegrityId::aes_192_gmac, "AES_192_GMAC", "AES_GMAC_192", "AES-GMAC-192", 28, 16},
    IntegrityFacts{IntegrityId::aes_256_gmac, "AES_256_GMAC", "AES_GMAC_256", "AES-GMAC-256", 36, 16},
    IntegrityFacts{IntegrityId::hmac_sha2_256_128, "HMAC_SHA2_256_128", "HMAC_SHA2_256_128", "HMAC-SHA2-256-128", 32,
                   16},
    IntegrityFacts{IntegrityId::hmac_sha2_384_192, "HMAC_SHA2_384_192", "HMAC_SHA2_384_192", "HMAC-SHA2-384-192", 48,
                   24},
    // Keys as long as the output, of which half is sent (RFC 4868 §2.1.1, §2.3).
    IntegrityFacts{IntegrityId::hmac_sha2_512_256, "HMAC_SHA2_512_256", "HMAC_SHA2_512_256", "HMAC-SHA2-512-256", 64,
                   32},
};

constexpr std::array group_rows = {
    GroupFacts{GroupId::modp_768, "MODP_768", 96},
    GroupFacts{GroupId::modp_1024, "MODP_1024", 128},
    GroupFacts{GroupId::modp_1536, "MODP_1536", 192},
    GroupFacts{GroupId::modp_2048, "MODP_2048", 256},
    GroupFacts{GroupId::modp_3072, "MODP_3072", 384},
    GroupFacts{GroupId::modp_4096, "MODP_4096", 512},
    GroupFacts{GroupId::modp_6144, "MODP_6144", 768},
    GroupFacts{GroupId::modp_8192, "MODP_8192", 1024},
    GroupFacts{GroupId::ecp_256, "ECP_256", 64},
    GroupFacts{GroupId::ecp_384, "ECP_384", 96},
    GroupFacts{GroupId::ecp_521, "ECP_521", 132},
    GroupFacts{GroupId::modp_1024_160, "MODP_1024_160", 128},
    GroupFacts{GroupId::modp_2048_224, "MODP_2048_224", 256},
    GroupFacts{GroupId::modp_2048_256, "MODP_2048_256", 256},
    GroupFacts{GroupId::curve25519, "CURVE25519", 32},
    GroupFacts{GroupId::curve448, "CURVE448", 56},
};

template <class Rows, class Id>
auto find_row(const Rows& rows, Id id) -> decltype(rows.data()) {
  const auto row = std::ranges::find(rows, id, [](const auto& facts) { return facts.id; });
  return row == rows.end() ? nullptr : &*row;
}

template <class Id>
std::string name_or_number(Id id) {
  const auto* row = find(id);
  return row != nullptr ? std::string{row->name} : std::to_string(static_cast<unsigned>(id));
}

}  // namespace

std::span<const EncryptionFacts> encryption_table() { return encryption_rows; }
std::span<const PrfFacts> prf_table() { return prf_rows; }
std::span<const IntegrityFacts> integrity_table() { return integrity_rows; }
std::span<const GroupFacts> group_table() { return group_rows; }

const EncryptionFacts* find(EncryptionId id) { return find_row(encryption_rows, id); }
const PrfFacts* find(PrfId id) { return find_row(prf_rows, id); }
const IntegrityFacts* find(IntegrityId id) { return find_row(integrity_rows, id); }
const GroupFacts* find(GroupId id) { return find_row(group_rows, id); }

std::string to_string(EncryptionId id, unsigned key_bits) {
  if (id == EncryptionId::none) return "NONE";
  const EncryptionFacts* row = find(id);
  if (row == nullptr || row->has_key_length) return name_or_number(id) + "-" + std::to_string(key_bits);
  return std::string{row->name};
}
std::string to_string(PrfId id) { return name_or_number(id); }
std::string to_string(IntegrityId id) { return id == IntegrityId::none ? "NONE" : name_or_number(id); }
std::string to_string(GroupId id) { return id == GroupId::none ? "NONE" : name_or_number(id); }

std::string to_string(AuthMethod method) {
  switch (method) {
    case AuthMethod::rsa_signature:
      return "RsaSignature";
    case AuthMethod::shared_key:
      return "PresharedKey";
    case AuthMethod::dss_signature:
      return "DssSignature";
    case AuthMethod::ecdsa_256:
      return "ECDSA-256";
    case AuthMethod::ecdsa_384:
      return "ECDSA-384";
    case AuthMethod::ecdsa_521:
      return "ECDSA-521";
    case AuthMethod::null:
      return "Null";
    case AuthMethod::digital_signature:
      return "DigitalSignature";
  }
  return std::to_string(static_cast<unsigned>(method));
}

}  // namespace adit
