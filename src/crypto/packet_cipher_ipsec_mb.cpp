#include "crypto/packet_cipher_ipsec_mb.h"

#include "crypto/ipsec_mb_jobs.h"
#include "crypto/multi_buffer.h"

namespace adit::crypto {
namespace {

/// The library's functions for one key size of AES.
struct GcmFunctions {
  aes_gcm_pre_t expand;
  aes_gcm_enc_dec_t seal, open;
  aes_gmac_init_t begin;
  aes_gmac_update_t update;
  aes_gmac_finalize_t end;
};

GcmFunctions gcm_functions(const IMB_MGR& mb, std::size_t key) {
  if (key == 16) {
    return {mb.gcm128_pre, mb.gcm128_enc, mb.gcm128_dec, mb.gmac128_init, mb.gmac128_update, mb.gmac128_finalize};
  }
  if (key == 24) {
    return {mb.gcm192_pre, mb.gcm192_enc, mb.gcm192_dec, mb.gmac192_init, mb.gmac192_update, mb.gmac192_finalize};
  }
  return {mb.gcm256_pre, mb.gcm256_enc, mb.gcm256_dec, mb.gmac256_init, mb.gmac256_update, mb.gmac256_finalize};
}

/// GCM and GMAC need no manager: one packet fills the vector registers by its own blocks.
class GcmFamily : public PacketCipher {
 public:
  GcmFamily(const PacketLayout& layout, const GcmFunctions& functions, SecretView key, SecretView salt)
      : layout_{layout}, gcm_{functions}, salt_{salt.reveal()} {
    gcm_.expand(key.reveal().data(), &key_);
  }
  ~GcmFamily() override { explicit_bzero(&key_, sizeof key_); }
  std::size_t iv_size() const override { return layout_.iv; }
  std::size_t icv_size() const override { return layout_.icv; }
  std::size_t block_size() const override { return layout_.block; }

 protected:
  alignas(64) gcm_key_data key_;  // its declaration says so under a macro of the library's own build alone
  const PacketLayout layout_;
  const GcmFunctions gcm_;
  const Secret salt_;
};

class Gcm final : public GcmFamily {
 public:
  using GcmFamily::GcmFamily;

  void seal(std::span<PacketJob> jobs) override {
    gcm_context_data state;
    for (PacketJob& job : jobs) {
      write_counter_iv(job, iv_of(job), job.header + 4);
      const Nonce nonce{salt_.reveal(), iv_of(job)};
      const AdditionalOctets additional{job};
      std::uint8_t* text = iv_of(job) + layout_.iv;
      gcm_.seal(&key_, &state, text, text, job.text_size, nonce.octets.data(), additional.octets.data(),
                additional.size, text + job.text_size, layout_.icv);
    }
  }
  void open(std::span<PacketJob> jobs) override {
    gcm_context_data state;
    for (PacketJob& job : jobs) {
      const Nonce nonce{salt_.reveal(), iv_of(job)};
      const AdditionalOctets additional{job};
      std::uint8_t* text = iv_of(job) + layout_.iv;
      std::array<std::uint8_t, 16> icv;
      gcm_.open(&key_, &state, text, text, job.text_size, nonce.octets.data(), additional.octets.data(),
                additional.size, icv.data(), layout_.icv);
      job.authentic = equal_in_constant_time({text + job.text_size, layout_.icv}, {icv.data(), layout_.icv});
    }
  }
};

class Gmac final : public GcmFamily {
 public:
  using GcmFamily::GcmFamily;

  void seal(std::span<PacketJob> jobs) override {
    for (PacketJob& job : jobs) {
      write_counter_iv(job, iv_of(job), job.header + 4);
      compute(job, icv_at(job));
    }
  }
  void open(std::span<PacketJob> jobs) override {
    for (PacketJob& job : jobs) {
      std::array<std::uint8_t, 16> icv;
      compute(job, icv.data());
      job.authentic = equal_in_constant_time({icv_at(job), layout_.icv}, {icv.data(), layout_.icv});
    }
  }

 private:
  std::uint8_t* icv_at(const PacketJob& job) const { return iv_of(job) + layout_.iv + job.text_size; }
  void compute(const PacketJob& job, std::uint8_t* icv) const {
    const Nonce nonce{salt_.reveal(), iv_of(job)};
    const AdditionalOctets additional{job};
    gcm_context_data state;
    gcm_.begin(&key_, &state, nonce.octets.data(), nonce.octets.size());
    gcm_.update(&key_, &state, additional.octets.data(), additional.size);
    gcm_.update(&key_, &state, iv_of(job), layout_.iv + job.text_size);
    gcm_.end(&key_, &state, icv, layout_.icv);
  }
};

class AhGmac final : public GcmFamily {
 public:
  using GcmFamily::GcmFamily;

  void seal(std::span<PacketJob> jobs) override {
    for (PacketJob& job : jobs) {
      std::array<std::uint8_t, 16> icv;
      write_counter_iv(job, job.icv, job.icv - 4);  // the sequence number stands before the ICV (RFC 4302 §2)
      MacInput input{job, layout_};
      compute(job, input, icv.data());
      input.put(icv.data());
    }
  }
  void open(std::span<PacketJob> jobs) override {
    for (PacketJob& job : jobs) {
      std::array<std::uint8_t, 16> icv;
      MacInput input{job, layout_};
      compute(job, input, icv.data());
      job.authentic = input.fits(icv.data());
    }
  }

 private:
  void compute(const PacketJob& job, const MacInput& input, std::uint8_t* icv) const {
    const Nonce nonce{salt_.reveal(), job.icv};
    gcm_context_data state;
    gcm_.begin(&key_, &state, nonce.octets.data(), nonce.octets.size());
    gcm_.update(&key_, &state, input.octets().data(), input.octets().size());
    gcm_.end(&key_, &state, icv, layout_.icv);
  }
};

}  // namespace

std::unique_ptr<PacketCipher> make_ipsec_mb_cipher(const PacketAlgorithms& algorithms, const PacketLayout& layout,
                                                   SecretView key, SecretView integrity_key) {
  const IMB_MGR* mb = multi_buffer();
  if (mb == nullptr) return nullptr;
  switch (layout.form) {
    case PacketForm::gcm:
      return std::make_unique<Gcm>(layout, gcm_functions(*mb, layout.key), key, key.part(layout.key, layout.salt));
    case PacketForm::gmac:
      return std::make_unique<Gmac>(layout, gcm_functions(*mb, layout.key), key, key.part(layout.key, layout.salt));
    case PacketForm::ah_gmac: {
      const std::size_t size = integrity_key.size() - 4;
      return std::make_unique<AhGmac>(layout, gcm_functions(*mb, size), integrity_key, integrity_key.part(size, 4));
    }
    default:
      return make_ipsec_mb_jobs(algorithms, layout, key, integrity_key);
  }
}

}  // namespace adit::crypto
