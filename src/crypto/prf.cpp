#include "crypto/prf.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <vector>

#include "crypto/mac.h"

namespace adit::crypto {

namespace {

MacAlgorithm mac_of(PrfId id) {
  switch (id) {
    case PrfId::hmac_md5:
      return MacAlgorithm::hmac_md5;
    case PrfId::hmac_sha1:
      return MacAlgorithm::hmac_sha1;
    case PrfId::aes128_xcbc:
      return MacAlgorithm::aes_xcbc;
    case PrfId::hmac_sha2_256:
      return MacAlgorithm::hmac_sha2_256;
    case PrfId::hmac_sha2_384:
      return MacAlgorithm::hmac_sha2_384;
    case PrfId::hmac_sha2_512:
      return MacAlgorithm::hmac_sha2_512;
    case PrfId::aes128_cmac:
      return MacAlgorithm::aes_cmac;
  }
  std::unreachable();
}

/// The key of exactly 128 bits that stands for one of another length: shorter ones are padded with zeros by XCBC
/// (RFC 4434 §2), everything else is the code of the key under the key of zeros (RFC 4434 §2, RFC 4615 §3).
Secret fixed_key(MacAlgorithm algorithm, SecretView key) {
  Secret fixed{aes_mac_key_size};
  if (key.size() == aes_mac_key_size || (algorithm == MacAlgorithm::aes_xcbc && key.size() < aes_mac_key_size))
    std::ranges::copy(key.reveal(), fixed.reveal_to_fill().begin());
  else
    compute_mac(algorithm, Secret{aes_mac_key_size}, {key.reveal()}, fixed.reveal_to_fill());
  return fixed;
}

}  // namespace

const Prf* Prf::find(PrfId id) {
  static const std::vector<Prf> all = [] {
    std::vector<Prf> prfs;
    for (const PrfFacts& facts : prf_table()) prfs.emplace_back(facts);
    return prfs;
  }();
  const auto found = std::ranges::find(all, id, &Prf::id);
  return found == all.end() ? nullptr : &*found;
}

Secret Prf::operator()(SecretView key, std::initializer_list<Bytes> parts) const {
  const MacAlgorithm algorithm = mac_of(facts_.id);
  Secret output{facts_.output};
  if (algorithm == MacAlgorithm::aes_xcbc || algorithm == MacAlgorithm::aes_cmac)
    compute_mac(algorithm, fixed_key(algorithm, key), parts, output.reveal_to_fill());
  else
    compute_mac(algorithm, key, parts, output.reveal_to_fill());
  return output;
}

Secret Prf::plus(SecretView key, Bytes seed, std::size_t size) const {
  assert(size <= 255 * output_size());  // the counter has one octet
  Secret output{size};
  Secret previous;
  std::size_t filled = 0;
  for (std::uint8_t counter = 1; filled < size; ++counter) {
    previous = (*this)(key, {previous.reveal(), seed, Bytes{&counter, 1}});
    const Bytes part = previous.reveal().first(std::min(previous.size(), size - filled));
    std::ranges::copy(part, output.reveal_to_fill().subspan(filled).begin());
    filled += part.size();
  }
  return output;
}

}  // namespace adit::crypto
