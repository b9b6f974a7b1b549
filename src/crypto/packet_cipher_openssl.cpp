#include "crypto/packet_cipher_openssl.h"

#include <openssl/evp.h>

#include "base/narrow.h"
#include "crypto/packet_mac.h"

namespace adit::crypto {
namespace {

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* cipher) const { EVP_CIPHER_CTX_free(cipher); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

enum class Way : int { decrypt = 0, encrypt = 1 };

const EVP_CIPHER* by_key_size(std::size_t octets, const EVP_CIPHER* of128, const EVP_CIPHER* of192,
                              const EVP_CIPHER* of256) {
  if (octets == 16) return of128;
  return octets == 24 ? of192 : of256;
}

const EVP_CIPHER* evp_of(EncryptionId id, std::size_t key) {
  switch (id) {
    case EncryptionId::des:  // as 3DES of one key: single DES is in OpenSSL's legacy provider only
    case EncryptionId::triple_des:
      return EVP_des_ede3_cbc();
    case EncryptionId::aes_cbc:
      return by_key_size(key, EVP_aes_128_cbc(), EVP_aes_192_cbc(), EVP_aes_256_cbc());
    case EncryptionId::aes_ctr:
      return by_key_size(key, EVP_aes_128_ctr(), EVP_aes_192_ctr(), EVP_aes_256_ctr());
    case EncryptionId::aes_ccm_8:
    case EncryptionId::aes_ccm_12:
    case EncryptionId::aes_ccm_16:
      return by_key_size(key, EVP_aes_128_ccm(), EVP_aes_192_ccm(), EVP_aes_256_ccm());
    case EncryptionId::chacha20_poly1305:
      return EVP_chacha20_poly1305();
    default:
      return by_key_size(key, EVP_aes_128_gcm(), EVP_aes_192_gcm(), EVP_aes_256_gcm());
  }
}

/// A context with its key scheduled; nonce and tag sizes come before the key, as CCM wants.
Context keyed(const EVP_CIPHER* cipher, Way way, std::size_t nonce, std::size_t tag, Bytes key) {
  Context context{EVP_CIPHER_CTX_new()};
  EVP_CIPHER_CTX* c = context.get();
  bool ready = c != nullptr && EVP_CipherInit_ex(c, cipher, nullptr, nullptr, nullptr, static_cast<int>(way)) == 1;
  if (nonce != 0) {
    ready = ready && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, narrow<int>(nonce), nullptr) == 1;
  }
  if (tag != 0) ready = ready && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, narrow<int>(tag), nullptr) == 1;
  ready = ready && EVP_CipherInit_ex(c, nullptr, nullptr, key.data(), nullptr, static_cast<int>(way)) == 1;
  if (!ready) return nullptr;
  EVP_CIPHER_CTX_set_padding(c, 0);
  return context;
}

class OpensslCipher : public PacketCipher {
 public:
  explicit OpensslCipher(const PacketLayout& layout) : layout_{layout} {}
  std::size_t iv_size() const override { return layout_.iv; }
  std::size_t icv_size() const override { return layout_.icv; }
  std::size_t block_size() const override { return layout_.block; }

  void seal(std::span<PacketJob> jobs) override {
    for (PacketJob& job : jobs) seal_one(job);
  }
  void open(std::span<PacketJob> jobs) override {
    for (PacketJob& job : jobs) job.authentic = open_one(job);
  }

 protected:
  virtual void seal_one(PacketJob& job) = 0;
  virtual bool open_one(PacketJob& job) = 0;
  const PacketLayout layout_;
};

/// GCM, CCM and ChaCha20-Poly1305: salt | IV is the nonce, SPI and sequence number are the additional data. GMAC in ESP
/// is GCM that encrypts nothing and has IV and text in its additional data too.
class Aead final : public OpensslCipher {
 public:
  Aead(const PacketLayout& layout, Context sealing, Context opening, SecretView salt)
      : OpensslCipher{layout}, sealing_{std::move(sealing)}, opening_{std::move(opening)}, salt_{salt.reveal()} {}

 private:
  void seal_one(PacketJob& job) override {
    write_counter_iv(job, iv_of(job), job.header + 4);
    std::uint8_t* icv = text(job) + job.text_size;
    if (!run(sealing_.get(), job) ||
        EVP_CIPHER_CTX_ctrl(sealing_.get(), EVP_CTRL_AEAD_GET_TAG, narrow<int>(layout_.icv), icv) != 1) {
      std::memset(text(job), 0, job.text_size + layout_.icv);  // nothing leaves in clear
    }
  }

  bool open_one(PacketJob& job) override {
    std::uint8_t* icv = text(job) + job.text_size;
    expected_icv_ = icv;
    const bool fits = run(opening_.get(), job);
    expected_icv_ = nullptr;
    return fits;
  }

  std::uint8_t* text(const PacketJob& job) const { return iv_of(job) + layout_.iv; }

  bool run(EVP_CIPHER_CTX* c, const PacketJob& job) {
    const Nonce nonce{salt_.reveal(), iv_of(job)};
    const AdditionalOctets additional{job};
    const int text_size = narrow<int>(job.text_size);
    const bool is_ccm = layout_.form == PacketForm::ccm;
    const bool is_gmac = layout_.form == PacketForm::gmac;
    int size = 0;
    if (EVP_CipherInit_ex(c, nullptr, nullptr, nullptr, nonce.octets.data(), -1) != 1) return false;
    if (expected_icv_ != nullptr &&
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, narrow<int>(layout_.icv), expected_icv_) != 1) {
      return false;
    }
    // CCM must know the length of the text before the additional data (RFC 3610 §2.2).
    if (is_ccm && EVP_CipherUpdate(c, nullptr, &size, nullptr, text_size) != 1) return false;
    if (EVP_CipherUpdate(c, nullptr, &size, additional.octets.data(), narrow<int>(additional.size)) != 1) return false;
    if (is_gmac) {
      if (EVP_CipherUpdate(c, nullptr, &size, iv_of(job), narrow<int>(layout_.iv) + text_size) != 1) return false;
    } else if (EVP_CipherUpdate(c, text(job), &size, text(job), text_size) != 1) {
      return false;
    }
    if (is_ccm) return true;  // checked with the text; there is no end
    std::uint8_t no_more[16];
    return EVP_CipherFinal_ex(c, no_more, &size) == 1;
  }

  Context sealing_, opening_;
  Secret salt_;
  std::uint8_t* expected_icv_ = nullptr;
};

/// Encryption first, then the MAC over SPI, sequence number, IV and ciphertext (RFC 4303 §3.3.2.1); or, without a
/// cipher, the MAC alone; or, within AH, the cipher alone.
class EncryptThenMac final : public OpensslCipher {
 public:
  struct Contexts {
    Context sealing, opening, iv;  ///< iv: AES in ECB, for CBC alone
  };
  EncryptThenMac(const PacketLayout& layout, Contexts contexts, SecretView salt, std::unique_ptr<PacketMac> mac)
      : OpensslCipher{layout}, contexts_{std::move(contexts)}, salt_{salt.reveal()}, mac_{std::move(mac)} {}

 private:
  void seal_one(PacketJob& job) override {
    bool done = write_iv(job) && crypt(contexts_.sealing.get(), job);
    if (mac_ != nullptr) {
      std::array<std::uint8_t, 64> icv{};
      MacInput input{job, layout_};
      done = done && mac_->compute(input.octets(), icv.data());
      input.put(icv.data());
    }
    if (!done) std::memset(text(job), 0, job.text_size + layout_.icv);  // nothing leaves in clear
  }

  bool open_one(PacketJob& job) override {
    if (mac_ == nullptr) return crypt(contexts_.opening.get(), job);
    std::array<std::uint8_t, 64> icv{};
    MacInput input{job, layout_};
    const bool computed = mac_->compute(input.octets(), icv.data());
    return input.fits(icv.data()) && computed && crypt(contexts_.opening.get(), job);
  }

  std::uint8_t* text(const PacketJob& job) const { return iv_of(job) + layout_.iv; }

  bool write_iv(const PacketJob& job) {
    if (layout_.iv == 0) return true;
    if (contexts_.iv == nullptr) {
      write_counter_iv(job, iv_of(job), job.header + 4);
      return true;
    }
    std::array<std::uint8_t, 16> block{};
    write_counter_iv(job, block.data() + 8, job.header + 4);
    int size = 0;
    if (EVP_EncryptUpdate(contexts_.iv.get(), block.data(), &size, block.data(), 16) != 1) return false;
    std::memcpy(iv_of(job), block.data(), layout_.iv);
    return true;
  }

  bool crypt(EVP_CIPHER_CTX* cipher, const PacketJob& job) const {
    if (cipher == nullptr) return true;  // ENCR_NULL
    std::array<std::uint8_t, 16> iv{};
    if (layout_.salt == 0) {
      std::memcpy(iv.data(), iv_of(job), layout_.iv);
    } else {  // RFC 3686 §4: nonce, IV, and a counter of blocks from 1
      std::ranges::copy(Nonce{salt_.reveal(), iv_of(job)}.octets, iv.begin());
      iv[15] = 1;
    }
    int size = 0;
    return EVP_CipherInit_ex(cipher, nullptr, nullptr, nullptr, iv.data(), -1) == 1 &&
           EVP_CipherUpdate(cipher, text(job), &size, text(job), narrow<int>(job.text_size)) == 1;
  }

  Contexts contexts_;
  Secret salt_;
  std::unique_ptr<PacketMac> mac_;  // none of encrypt_alone
};

class AhMac final : public OpensslCipher {
 public:
  AhMac(const PacketLayout& layout, std::unique_ptr<PacketMac> mac) : OpensslCipher{layout}, mac_{std::move(mac)} {}

 private:
  void seal_one(PacketJob& job) override {
    std::array<std::uint8_t, 64> icv{};
    MacInput input{job, layout_};
    mac_->compute(input.octets(), icv.data());
    input.put(icv.data());
  }
  bool open_one(PacketJob& job) override {
    std::array<std::uint8_t, 64> icv{};
    MacInput input{job, layout_};
    const bool computed = mac_->compute(input.octets(), icv.data());
    return input.fits(icv.data()) && computed;
  }

  std::unique_ptr<PacketMac> mac_;
};

class AhGmac final : public OpensslCipher {
 public:
  AhGmac(const PacketLayout& layout, Context gcm, SecretView salt)
      : OpensslCipher{layout}, gcm_{std::move(gcm)}, salt_{salt.reveal()} {}

 private:
  void seal_one(PacketJob& job) override {
    std::array<std::uint8_t, 16> icv{};
    write_counter_iv(job, job.icv, job.icv - 4);  // the sequence number stands before the ICV (RFC 4302 §2)
    MacInput input{job, layout_};
    compute(job, input, icv.data());
    input.put(icv.data());
  }
  bool open_one(PacketJob& job) override {
    std::array<std::uint8_t, 16> icv{};
    MacInput input{job, layout_};
    const bool computed = compute(job, input, icv.data());
    return input.fits(icv.data()) && computed;
  }
  bool compute(const PacketJob& job, const MacInput& input, std::uint8_t* icv) {
    const Nonce nonce{salt_.reveal(), job.icv};
    EVP_CIPHER_CTX* c = gcm_.get();
    int size = 0;
    return EVP_CipherInit_ex(c, nullptr, nullptr, nullptr, nonce.octets.data(), -1) == 1 &&
           EVP_CipherUpdate(c, nullptr, &size, input.octets().data(), narrow<int>(input.octets().size())) == 1 &&
           EVP_CipherFinal_ex(c, icv, &size) == 1 && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, icv) == 1;
  }

  Context gcm_;
  Secret salt_;
};

std::unique_ptr<PacketCipher> make_encrypt_then_mac(const PacketAlgorithms& algorithms, const PacketLayout& layout,
                                                    SecretView key, SecretView integrity_key) {
  std::unique_ptr<PacketMac> mac;
  if (layout.form != PacketForm::encrypt_alone) {
    mac = PacketMac::make(algorithms.integrity, integrity_key);
    if (!mac) return nullptr;
  }
  EncryptThenMac::Contexts contexts;
  if (algorithms.encryption != EncryptionId::null) {
    const EVP_CIPHER* cipher = evp_of(algorithms.encryption, layout.key);
    Secret schedule{key.part(0, layout.key).reveal()};
    if (algorithms.encryption == EncryptionId::des) {
      const std::size_t single = key.size();
      schedule = Secret{3 * single};
      for (std::size_t i = 0; i < 3; ++i) {
        std::memcpy(schedule.reveal_to_fill().data() + i * single, key.reveal().data(), single);
      }
    }
    contexts.sealing = keyed(cipher, Way::encrypt, 0, 0, schedule.reveal());
    contexts.opening = keyed(cipher, Way::decrypt, 0, 0, schedule.reveal());
    if (!contexts.sealing || !contexts.opening) return nullptr;
    if (layout.salt == 0) {
      contexts.iv = keyed(EVP_aes_128_ecb(), Way::encrypt, 0, 0, cbc_iv_key(key, algorithms.iv_seed).reveal());
      if (!contexts.iv) return nullptr;
    }
  }
  return std::make_unique<EncryptThenMac>(layout, std::move(contexts), key.part(layout.key, layout.salt),
                                          std::move(mac));
}

std::unique_ptr<PacketCipher> make_ah(const PacketAlgorithms& algorithms, const PacketLayout& layout,
                                      SecretView integrity_key) {
  if (layout.form == PacketForm::ah_mac) {
    auto mac = PacketMac::make(algorithms.integrity, integrity_key);
    return mac ? std::make_unique<AhMac>(layout, std::move(mac)) : nullptr;
  }
  const std::size_t key = integrity_key.size() - 4;
  Context gcm = keyed(evp_of(EncryptionId::aes_gcm_16, key), Way::encrypt, 12, 0, integrity_key.part(0, key).reveal());
  return gcm ? std::make_unique<AhGmac>(layout, std::move(gcm), integrity_key.part(key, 4)) : nullptr;
}

}  // namespace

std::unique_ptr<PacketCipher> make_openssl_cipher(const PacketAlgorithms& algorithms, const PacketLayout& layout,
                                                  SecretView key, SecretView integrity_key) {
  switch (layout.form) {
    case PacketForm::encrypt_then_mac:
    case PacketForm::encrypt_alone:
      return make_encrypt_then_mac(algorithms, layout, key, integrity_key);
    case PacketForm::ah_mac:
    case PacketForm::ah_gmac:
      return make_ah(algorithms, layout, integrity_key);
    default: {
      const EVP_CIPHER* cipher = evp_of(algorithms.encryption, layout.key);
      const std::size_t tag = layout.form == PacketForm::ccm ? layout.icv : 0;
      const Bytes octets = key.part(0, layout.key).reveal();
      Context sealing = keyed(cipher, Way::encrypt, layout.salt + layout.iv, tag, octets);
      Context opening = keyed(cipher, Way::decrypt, layout.salt + layout.iv, tag, octets);
      if (!sealing || !opening) return nullptr;
      return std::make_unique<Aead>(layout, std::move(sealing), std::move(opening), key.part(layout.key, layout.salt));
    }
  }
}

}  // namespace adit::crypto
