#include "crypto/ike_v1_keys.h"

#include <algorithm>

#include "base/writer.h"
#include "crypto/evp.h"

namespace adit::crypto {

namespace {

Digest digest_of(PrfId hash) {
  switch (hash) {
    case PrfId::hmac_md5:
      return Digest::md5;
    case PrfId::hmac_sha1:
      return Digest::sha1;
    case PrfId::hmac_sha2_256:
      return Digest::sha2_256;
    case PrfId::hmac_sha2_384:
      return Digest::sha2_384;
    case PrfId::hmac_sha2_512:
      return Digest::sha2_512;
    case PrfId::aes128_xcbc:
    case PrfId::aes128_cmac:
      break;
  }
  std::unreachable();
}

/// block 1 | block 2 | … with as many octets as are asked for; next() makes each of the one before.
template <class Next>
Secret feedback(Secret block, std::size_t size, Next next) {
  Secret octets{size};
  std::size_t filled = 0;
  for (;;) {
    const Bytes part = block.reveal().first(std::min(block.size(), size - filled));
    std::ranges::copy(part, octets.reveal_to_fill().subspan(filled).begin());
    filled += part.size();
    if (filled == size) return octets;
    block = next(SecretView{block});
  }
}

}  // namespace

Secret skeyid_of_shared_key(const Prf& prf, SecretView shared_key, Bytes ni, Bytes nr) {
  return prf(shared_key, {ni, nr});
}

Secret skeyid_of_signatures(const Prf& prf, Bytes ni, Bytes nr, SecretView shared) {
  const ByteString key = concatenated({ni, nr});
  return prf(SecretView{key}, {shared.reveal()});
}

IkeV1Keys derive_ike_v1_keys(const Prf& prf, Secret skeyid, SecretView shared, IkeSpi initiator, IkeSpi responder) {
  Writer cookies;
  cookies.u64(initiator.value());
  cookies.u64(responder.value());
  const std::uint8_t number[] = {0, 1, 2};
  IkeV1Keys keys;
  keys.skeyid_d = prf(skeyid, {shared.reveal(), cookies.written(), Bytes{&number[0], 1}});
  keys.skeyid_a = prf(skeyid, {keys.skeyid_d.reveal(), shared.reveal(), cookies.written(), Bytes{&number[1], 1}});
  keys.skeyid_e = prf(skeyid, {keys.skeyid_a.reveal(), shared.reveal(), cookies.written(), Bytes{&number[2], 1}});
  keys.skeyid = std::move(skeyid);
  return keys;
}

Secret ike_v1_cipher_key(const Prf& prf, SecretView skeyid_e, std::size_t size) {
  if (size <= skeyid_e.size()) return Secret{skeyid_e.part(0, size).reveal()};
  const std::uint8_t zero = 0;
  return feedback(prf(skeyid_e, {Bytes{&zero, 1}}), size,
                  [&](SecretView block) { return prf(skeyid_e, {block.reveal()}); });
}

ByteString ike_v1_hash(PrfId hash, std::initializer_list<Bytes> parts) {
  thread_local const DigestState state{EVP_MD_CTX_new()};
  const EVP_MD* digest = fetched(digest_of(hash));
  ByteString result(static_cast<std::size_t>(EVP_MD_get_size(digest)));
  must(EVP_DigestInit_ex2(state.get(), digest, nullptr) == 1);
  for (const Bytes part : parts) must(EVP_DigestUpdate(state.get(), part.data(), part.size()) == 1);
  must(EVP_DigestFinal_ex(state.get(), result.data(), nullptr) == 1);
  return result;
}

Secret ike_v1_keymat(const Prf& prf, SecretView skeyid_d, SecretView shared, std::uint8_t protocol, std::uint32_t spi,
                     Bytes ni, Bytes nr, std::size_t size) {
  Writer named;
  named.u8(protocol);
  named.u32(spi);
  if (size == 0) return {};
  return feedback(prf(skeyid_d, {shared.reveal(), named.written(), ni, nr}), size, [&](SecretView block) {
    return prf(skeyid_d, {block.reveal(), shared.reveal(), named.written(), ni, nr});
  });
}

}  // namespace adit::crypto
