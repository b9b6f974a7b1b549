#include "crypto/digest.h"

#include "crypto/evp.h"

namespace adit::crypto {

Sha1Digest sha1(std::initializer_list<Bytes> parts) {
  thread_local const DigestState state{EVP_MD_CTX_new()};
  Sha1Digest digest{};
  must(EVP_DigestInit_ex2(state.get(), fetched(Digest::sha1), nullptr) == 1);
  for (const Bytes part : parts) must(EVP_DigestUpdate(state.get(), part.data(), part.size()) == 1);
  must(EVP_DigestFinal_ex(state.get(), digest.data(), nullptr) == 1);
  return digest;
}

}  // namespace adit::crypto
