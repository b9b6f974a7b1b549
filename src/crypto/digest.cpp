#include "crypto/digest.h"

#include <openssl/evp.h>

#include <cassert>
#include <memory>

namespace adit::crypto {

namespace {

const EVP_MD* sha1_algorithm() {
  static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> fetched{EVP_MD_fetch(nullptr, "SHA1", nullptr),
                                                                       &EVP_MD_free};
  return fetched.get();
}

}  // namespace

Sha1Digest sha1(std::initializer_list<Bytes> parts) {
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> state{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
  Sha1Digest digest{};
  bool good = EVP_DigestInit_ex2(state.get(), sha1_algorithm(), nullptr) == 1;
  for (const Bytes part : parts) good = good && EVP_DigestUpdate(state.get(), part.data(), part.size()) == 1;
  good = good && EVP_DigestFinal_ex(state.get(), digest.data(), nullptr) == 1;
  assert(good);
  return digest;
}

}  // namespace adit::crypto
