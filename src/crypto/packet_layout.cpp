#include "crypto/packet_layout.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace adit::crypto {
namespace {

bool is_gmac(IntegrityId id) {
  return id == IntegrityId::aes_128_gmac || id == IntegrityId::aes_192_gmac || id == IntegrityId::aes_256_gmac;
}

PacketForm form_of(EncryptionId id) {
  switch (id) {
    case EncryptionId::aes_gcm_8:
    case EncryptionId::aes_gcm_12:
    case EncryptionId::aes_gcm_16:
      return PacketForm::gcm;
    case EncryptionId::aes_ccm_8:
    case EncryptionId::aes_ccm_12:
    case EncryptionId::aes_ccm_16:
      return PacketForm::ccm;
    case EncryptionId::chacha20_poly1305:
      return PacketForm::chacha;
    case EncryptionId::null_auth_aes_gmac:
      return PacketForm::gmac;
    default:
      return PacketForm::encrypt_then_mac;
  }
}

bool is_aes_key(std::size_t octets) { return octets == 16 || octets == 24 || octets == 32; }

}  // namespace

std::optional<PacketLayout> PacketLayout::of(const PacketAlgorithms& algorithms) {
  const IntegrityFacts* integrity = find(algorithms.integrity);
  if (algorithms.encryption == EncryptionId::none) {
    if (integrity == nullptr) return std::nullopt;
    PacketLayout layout{.form = PacketForm::ah_mac, .icv = integrity->icv, .integrity_key = integrity->key};
    if (is_gmac(algorithms.integrity)) {
      layout.form = PacketForm::ah_gmac;
      layout.iv = 8;
    }
    return layout;
  }
  const EncryptionFacts* encryption = find(algorithms.encryption);
  if (encryption == nullptr) return std::nullopt;
  PacketLayout layout{.form = form_of(algorithms.encryption),
                      .key = (encryption->has_key_length ? algorithms.key_bits : encryption->fixed_key_bits) / 8,
                      .salt = encryption->salt,
                      .iv = encryption->iv,
                      .icv = encryption->icv,
                      .block = encryption->block};
  if (encryption->has_key_length && (algorithms.key_bits % 8 != 0 || !is_aes_key(layout.key))) return std::nullopt;
  if (encryption->is_aead()) return algorithms.integrity == IntegrityId::none ? std::optional{layout} : std::nullopt;
  if (algorithms.integrity == IntegrityId::none && algorithms.is_within_ah) {
    // Not without both (RFC 4303 §3.2): what is not to be encrypted needs AH alone.
    if (algorithms.encryption == EncryptionId::null) return std::nullopt;
    layout.form = PacketForm::encrypt_alone;
    return layout;
  }
  if (integrity == nullptr || is_gmac(algorithms.integrity)) return std::nullopt;  // GMAC's transforms are for AH alone
  layout.icv = integrity->icv;
  layout.integrity_key = integrity->key;
  return layout;
}

Secret cbc_iv_key(SecretView key, Bytes seed) {
  constexpr std::string_view label = "IV of CBC";
  ByteString input{as_bytes(label).begin(), as_bytes(label).end()};
  input.insert(input.end(), seed.begin(), seed.end());
  Secret digest{32};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.reveal().data(), static_cast<int>(key.size()), input.data(), input.size(),
       digest.reveal_to_fill().data(), &size);
  return Secret{digest.reveal().first(16)};
}

}  // namespace adit::crypto
