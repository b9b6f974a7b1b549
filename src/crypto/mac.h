#pragma once
// Message authentication codes that the PRFs and the integrity transforms of IKE are made of: HMAC (RFC 2104),
// AES-XCBC-MAC (RFC 3566) and AES-CMAC (RFC 4493), not truncated.

#include <initializer_list>

#include "base/secret.h"

namespace adit::crypto {

enum class MacAlgorithm : std::uint8_t {
  hmac_md5,
  hmac_sha1,
  hmac_sha2_256,
  hmac_sha2_384,
  hmac_sha2_512,
  aes_xcbc,
  aes_cmac,
};

inline constexpr std::size_t largest_mac_size = 64;
inline constexpr std::size_t aes_mac_key_size = 16;

/// Writes the code of part | part | … to the front of `out`, which has room for it, and returns its size in octets. The
/// key of an HMAC has any length, that of an AES code aes_mac_key_size. Leaves no key behind in OpenSSL's memory.
std::size_t compute_mac(MacAlgorithm algorithm, SecretView key, std::initializer_list<Bytes> parts, MutableBytes out);

}  // namespace adit::crypto
