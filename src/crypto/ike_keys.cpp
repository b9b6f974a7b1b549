#include "crypto/ike_keys.h"

#include <algorithm>

#include "base/writer.h"
#include "crypto/packet_layout.h"

namespace adit::crypto {

namespace {

/// A PRF whose key has one length takes the first 64 bits of each nonce as its key (RFC 7296 §2.14).
constexpr std::size_t nonce_part_of_fixed_key = 8;

bool has_fixed_key(const Prf& prf) { return prf.id() == PrfId::aes128_xcbc || prf.id() == PrfId::aes128_cmac; }

Bytes key_part(const Prf& prf, Bytes nonce) {
  return has_fixed_key(prf) ? nonce.first(std::min(nonce.size(), nonce_part_of_fixed_key)) : nonce;
}

/// Cuts one key after another from derived octets.
class KeyCutter {
 public:
  explicit KeyCutter(SecretView octets) : octets_{octets} {}
  Secret next(std::size_t size) {
    Secret key{octets_.part(offset_, size).reveal()};
    offset_ += size;
    return key;
  }

 private:
  SecretView octets_;
  std::size_t offset_ = 0;
};

}  // namespace

Secret skeyseed(const Prf& prf, Bytes ni, Bytes nr, SecretView shared) {
  const ByteString key = concatenated({key_part(prf, ni), key_part(prf, nr)});
  return prf(SecretView{key}, {shared.reveal()});
}

Secret rekeyed_skeyseed(const Prf& old_prf, SecretView old_sk_d, SecretView shared, Bytes ni, Bytes nr) {
  return old_prf(old_sk_d, {shared.reveal(), ni, nr});
}

IkeKeys derive_ike_keys(const Prf& prf, SecretView skeyseed, Bytes ni, Bytes nr, IkeSpi spi_i, IkeSpi spi_r,
                        const IkeKeySizes& sizes) {
  Writer seed;
  seed.bytes(ni);
  seed.bytes(nr);
  seed.u64(spi_i.value());
  seed.u64(spi_r.value());
  const std::size_t total = 3 * prf.key_size() + 2 * (sizes.integrity + sizes.encryption);
  const Secret octets = prf.plus(skeyseed, seed.written(), total);

  KeyCutter cutter{octets};
  IkeKeys keys;
  keys.sk_d = cutter.next(prf.key_size());
  keys.sk_ai = cutter.next(sizes.integrity);
  keys.sk_ar = cutter.next(sizes.integrity);
  keys.sk_ei = cutter.next(sizes.encryption);
  keys.sk_er = cutter.next(sizes.encryption);
  keys.sk_pi = cutter.next(prf.key_size());
  keys.sk_pr = cutter.next(prf.key_size());
  return keys;
}

std::optional<ChildKeySizes> child_key_sizes(EncryptionId encryption, unsigned key_bits, IntegrityId integrity) {
  const auto layout = PacketLayout::of({.encryption = encryption, .key_bits = key_bits, .integrity = integrity});
  if (!layout) return std::nullopt;
  return ChildKeySizes{.encryption = layout->key + layout->salt, .integrity = layout->integrity_key};
}

ChildKeys derive_child_keys(const Prf& prf, SecretView sk_d, SecretView shared_or_empty, Bytes ni, Bytes nr,
                            const ChildKeySizes& sizes) {
  Secret seed{shared_or_empty.size() + ni.size() + nr.size()};
  auto end = std::ranges::copy(shared_or_empty.reveal(), seed.reveal_to_fill().begin()).out;
  end = std::ranges::copy(ni, end).out;
  std::ranges::copy(nr, end);
  const Secret octets = prf.plus(sk_d, seed.reveal(), 2 * (sizes.encryption + sizes.integrity));

  KeyCutter cutter{octets};
  ChildKeys keys;
  keys.encryption_i = cutter.next(sizes.encryption);
  keys.integrity_i = cutter.next(sizes.integrity);
  keys.encryption_r = cutter.next(sizes.encryption);
  keys.integrity_r = cutter.next(sizes.integrity);
  return keys;
}

Secret shared_key_auth(const Prf& prf, SecretView shared_key, Bytes signed_octets) {
  return prf(prf(shared_key, {as_bytes("Key Pad for IKEv2")}), {signed_octets});
}

}  // namespace adit::crypto
