#pragma once
// OpenSSL's objects, owned, and its algorithms, fetched once in the life of the process: a fetch costs more than a
// hash.

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <string>

namespace adit::crypto {

template <auto Free>
struct FreedBy {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using DigestState = std::unique_ptr<EVP_MD_CTX, FreedBy<&EVP_MD_CTX_free>>;
using CipherState = std::unique_ptr<EVP_CIPHER_CTX, FreedBy<&EVP_CIPHER_CTX_free>>;
using KeyOperation = std::unique_ptr<EVP_PKEY_CTX, FreedBy<&EVP_PKEY_CTX_free>>;
using OwnedKey = std::unique_ptr<EVP_PKEY, FreedBy<&EVP_PKEY_free>>;
using BigNumber = std::unique_ptr<BIGNUM, FreedBy<&BN_clear_free>>;
using BigNumberScratch = std::unique_ptr<BN_CTX, FreedBy<&BN_CTX_free>>;

enum class Digest : std::uint8_t { md5, sha1, sha2_256, sha2_384, sha2_512 };
const EVP_MD* fetched(Digest digest);

enum class CipherName : std::uint8_t {
  aes_128_ecb,
  aes_128_cbc,
  aes_192_cbc,
  aes_256_cbc,
  aes_128_ctr,
  aes_192_ctr,
  aes_256_ctr,
  aes_128_gcm,
  aes_192_gcm,
  aes_256_gcm,
  aes_128_ccm,
  aes_192_ccm,
  aes_256_ccm,
  chacha20_poly1305,
  triple_des_cbc,
};
const EVP_CIPHER* fetched(CipherName name);

/// For calls that fail only when memory is out or OpenSSL is broken: going on would send or accept a wrong value.
/// Throws std::runtime_error with OpenSSL's reason.
void must(bool succeeded);

/// OpenSSL's reason for its latest failure in this thread, whose error queue is empty afterwards.
std::string take_reason();

}  // namespace adit::crypto
