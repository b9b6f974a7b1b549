#include "crypto/evp.h"

#include <openssl/err.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace adit::crypto {

namespace {

constexpr std::array digest_names = {"MD5", "SHA1", "SHA256", "SHA384", "SHA512"};
constexpr std::array cipher_names = {"AES-128-ECB", "AES-128-CBC", "AES-192-CBC", "AES-256-CBC",       "AES-128-CTR",
                                     "AES-192-CTR", "AES-256-CTR", "AES-128-GCM", "AES-192-GCM",       "AES-256-GCM",
                                     "AES-128-CCM", "AES-192-CCM", "AES-256-CCM", "ChaCha20-Poly1305", "DES-EDE3-CBC"};
static_assert(digest_names.size() == std::to_underlying(Digest::sha2_512) + 1);
static_assert(cipher_names.size() == std::to_underlying(CipherName::triple_des_cbc) + 1);

template <class Algorithm, auto Fetch, auto Free, std::size_t Count>
auto fetch_all(const std::array<const char*, Count>& names) {
  std::array<std::unique_ptr<Algorithm, FreedBy<Free>>, Count> all;
  for (std::size_t i = 0; i < Count; ++i) {
    all[i].reset(Fetch(nullptr, names[i], nullptr));
    must(all[i] != nullptr);
  }
  return all;
}

}  // namespace

const EVP_MD* fetched(Digest digest) {
  static const auto all = fetch_all<EVP_MD, &EVP_MD_fetch, &EVP_MD_free>(digest_names);
  return all[std::to_underlying(digest)].get();
}

const EVP_CIPHER* fetched(CipherName name) {
  static const auto all = fetch_all<EVP_CIPHER, &EVP_CIPHER_fetch, &EVP_CIPHER_free>(cipher_names);
  return all[std::to_underlying(name)].get();
}

void must(bool succeeded) {
  if (!succeeded) throw std::runtime_error{"OpenSSL: " + take_reason()};
}

std::string take_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  std::string text = reason != nullptr ? reason : "failed without a reason";
  ERR_clear_error();
  return text;
}

}  // namespace adit::crypto
