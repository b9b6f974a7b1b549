#pragma once
// The algorithms Adit knows, by their IANA numbers (registry "IKEv2 Parameters", transform types 1 to 5): one table a
// type, from which the parser's keywords, the proposals, the reports and the documents take name and facts.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace adit {

enum class TransformType : std::uint8_t {
  encryption = 1,
  prf = 2,
  integrity = 3,
  key_exchange = 4,
  sequence_numbers = 5
};

enum class EncryptionId : std::uint16_t {
  none = 0,  // no encryption transform: AH
  des = 2,
  triple_des = 3,
  null = 11,
  aes_cbc = 12,
  aes_ctr = 13,
  aes_ccm_8 = 14,
  aes_ccm_12 = 15,
  aes_ccm_16 = 16,
  aes_gcm_8 = 18,
  aes_gcm_12 = 19,
  aes_gcm_16 = 20,
  null_auth_aes_gmac = 21,
  chacha20_poly1305 = 28,
};

enum class PrfId : std::uint16_t {
  hmac_md5 = 1,
  hmac_sha1 = 2,
  aes128_xcbc = 4,
  hmac_sha2_256 = 5,
  hmac_sha2_384 = 6,
  hmac_sha2_512 = 7,
  aes128_cmac = 8,
};

enum class IntegrityId : std::uint16_t {
  none = 0,
  hmac_md5_96 = 1,
  hmac_sha1_96 = 2,
  aes_xcbc_96 = 5,
  aes_cmac_96 = 8,
  aes_128_gmac = 9,
  aes_192_gmac = 10,
  aes_256_gmac = 11,
  hmac_sha2_256_128 = 12,
  hmac_sha2_384_192 = 13,
  hmac_sha2_512_256 = 14,
};

enum class GroupId : std::uint16_t {
  none = 0,
  modp_768 = 1,
  modp_1024 = 2,
  modp_1536 = 5,
  modp_2048 = 14,
  modp_3072 = 15,
  modp_4096 = 16,
  modp_6144 = 17,
  modp_8192 = 18,
  ecp_256 = 19,
  ecp_384 = 20,
  ecp_521 = 21,
  modp_1024_160 = 22,
  modp_2048_224 = 23,
  modp_2048_256 = 24,
  curve25519 = 31,
  curve448 = 32,
};

/// IKEv2 authentication methods (RFC 7296 §3.8, RFC 4754, RFC 7427).
enum class AuthMethod : std::uint8_t {
  rsa_signature = 1,
  shared_key = 2,
  dss_signature = 3,
  ecdsa_256 = 9,
  ecdsa_384 = 10,
  ecdsa_521 = 11,
  null = 13,
  digital_signature = 14,
};

struct EncryptionFacts {
  EncryptionId id;
  std::string_view name;        ///< IANA's, without ENCR_
  std::string_view keyword;     ///< of the policy language
  std::string_view display;     ///< of the reports
  unsigned salt = 0;            ///< octets of key material after the key: the implicit part of the nonce
  unsigned iv = 0;              ///< octets sent in each packet
  unsigned block = 1;           ///< octets to which the plaintext is padded, before ESP's own rule of 4
  unsigned icv = 0;             ///< octets of the tag of a combined mode; 0: needs an integrity transform
  bool has_key_length = false;  ///< the Key Length attribute is sent (RFC 7296 §3.3.5)
  unsigned fixed_key_bits = 0;  ///< where it is not
  bool is_aead() const { return icv != 0; }
};

struct PrfFacts {
  PrfId id;
  std::string_view name, keyword, display;
  unsigned key = 0;     ///< preferred key size, octets (RFC 7296 §2.13)
  unsigned output = 0;  ///< octets: 16 at least (RFC 7296 §5)
};

struct IntegrityFacts {
  IntegrityId id;
  std::string_view name, keyword, display;
  unsigned key = 0;  ///< octets; GMAC (AH): the 4 octets of salt counted in
  unsigned icv = 0;  ///< octets
};

struct GroupFacts {
  GroupId id;
  std::string_view name;
  unsigned public_value = 0;  ///< octets of the KE payload's data
};

std::span<const EncryptionFacts> encryption_table();
std::span<const PrfFacts> prf_table();
std::span<const IntegrityFacts> integrity_table();
std::span<const GroupFacts> group_table();

/// The row of a number; nothing for one that Adit does not know.
const EncryptionFacts* find(EncryptionId id);
const PrfFacts* find(PrfId id);
const IntegrityFacts* find(IntegrityId id);
const GroupFacts* find(GroupId id);

/// `AES_GCM_16-256`, `AES_CBC-128`, `CHACHA20_POLY1305`; a number that is not known as the number.
std::string to_string(EncryptionId id, unsigned key_bits);
std::string to_string(PrfId id);
std::string to_string(IntegrityId id);
std::string to_string(GroupId id);
std::string to_string(AuthMethod method);

}  // namespace adit
