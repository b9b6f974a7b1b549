#include "crypto/ipsec_mb_jobs.h"

#include <algorithm>
#include <cassert>

#include "crypto/ipsec_mb_mac.h"
#include "crypto/multi_buffer.h"

namespace adit::crypto {
namespace {

/// Packets given to the library at once: enough to fill the 16 lanes several times over.
constexpr std::size_t largest_burst = 64;
static_assert(largest_burst <= IMB_MAX_BURST_SIZE);

struct alignas(64) AesSchedule {
  std::array<std::uint8_t, std::size_t{16} * 15> encrypt, decrypt;
  ~AesSchedule() {
    explicit_bzero(encrypt.data(), encrypt.size());
    explicit_bzero(decrypt.data(), decrypt.size());
  }
};

/// What a job in flight points to. One set a thread: a burst ends in the call that began it.
struct Scratch {
  std::array<std::uint8_t, 16> iv;
  std::array<std::uint8_t, 12> additional;
  alignas(16) std::array<std::uint8_t, 64> icv;
  MacInput input;
};
thread_local std::array<Scratch, largest_burst> scratches;

void expand(const IMB_MGR& mb, Bytes key, AesSchedule& schedule) {
  const keyexp_t function = key.size() == 16 ? mb.keyexp_128 : key.size() == 24 ? mb.keyexp_192 : mb.keyexp_256;
  function(key.data(), schedule.encrypt.data(), schedule.decrypt.data());
}

class Jobs final : public PacketCipher {
 public:
  Jobs(const PacketLayout& layout, IMB_CIPHER_MODE mode, SecretView key, Bytes iv_seed, std::unique_ptr<IpsecMbMac> mac)
      : layout_{layout}, mode_{mode}, key_{key.part(0, layout.key).reveal()}, mac_{std::move(mac)} {
    salt_ = Secret{key.part(layout.key, layout.salt).reveal()};
    const IMB_MGR& mb = *multi_buffer();
    if (mode == IMB_CIPHER_CBC || mode == IMB_CIPHER_CNTR || mode == IMB_CIPHER_CCM) expand(mb, key_.reveal(), aes_);
    if (mode == IMB_CIPHER_CBC) expand(mb, cbc_iv_key(key, iv_seed).reveal(), iv_aes_);
  }

  std::size_t iv_size() const override { return layout_.iv; }
  std::size_t icv_size() const override { return layout_.icv; }
  std::size_t block_size() const override { return layout_.block; }

  void seal(std::span<PacketJob> jobs) override {
    for (; !jobs.empty(); jobs = jobs.subspan(std::min(jobs.size(), largest_burst))) {
      const auto burst = jobs.first(std::min(jobs.size(), largest_burst));
      for (const PacketJob& job : burst) write_iv(job);
      run(burst, IMB_DIR_ENCRYPT);
      if (is_without_integrity()) continue;
      for (std::size_t i = 0; i < burst.size(); ++i) {
        if (is_aead()) {
          std::memcpy(text(burst[i]) + burst[i].text_size, scratches[i].icv.data(), layout_.icv);
        } else {
          scratches[i].input.put(scratches[i].icv.data());
        }
      }
    }
  }

  void open(std::span<PacketJob> jobs) override {
    for (; !jobs.empty(); jobs = jobs.subspan(std::min(jobs.size(), largest_burst))) {
      const auto burst = jobs.first(std::min(jobs.size(), largest_burst));
      run(burst, IMB_DIR_DECRYPT);
      for (std::size_t i = 0; i < burst.size(); ++i) {
        PacketJob& job = burst[i];
        if (is_without_integrity()) {
          job.authentic = true;
          continue;
        }
        job.authentic = is_aead() ? equal_in_constant_time({text(job) + job.text_size, layout_.icv},
                                                           {scratches[i].icv.data(), layout_.icv})
                                  : scratches[i].input.fits(scratches[i].icv.data());
      }
    }
  }

 private:
  bool is_aead() const { return mode_ == IMB_CIPHER_CCM || mode_ == IMB_CIPHER_CHACHA20_POLY1305; }
  bool is_ah() const { return layout_.form == PacketForm::ah_mac; }
  bool is_without_integrity() const { return layout_.form == PacketForm::encrypt_alone; }
  std::uint8_t* text(const PacketJob& job) const { return iv_of(job) + layout_.iv; }

  void write_iv(const PacketJob& job) const {
    if (layout_.iv == 0) return;
    if (mode_ != IMB_CIPHER_CBC) {
      write_counter_iv(job, iv_of(job), job.header + 4);
      return;
    }
    // CFB of one block of zeros is the encryption of its IV: the library's only call for a single block.
    std::array<std::uint8_t, 16> counter{}, zeros{};
    write_counter_iv(job, counter.data() + 8, job.header + 4);
    multi_buffer()->aes128_cfb_one(iv_of(job), zeros.data(), counter.data(), iv_aes_.encrypt.data(), layout_.iv);
  }

  void run(std::span<PacketJob> burst, IMB_CIPHER_DIRECTION direction) {
    IMB_MGR* mb = multi_buffer();
    IMB_JOB* slots[largest_burst];
    const auto count = static_cast<std::uint32_t>(burst.size());
    [[maybe_unused]] const std::uint32_t given = mb->get_next_burst(mb, count, slots);
    assert(given == count);  // the queue was emptied by the run before
    for (std::size_t i = 0; i < count; ++i) fill(*slots[i], burst[i], scratches[i], direction);
    std::uint32_t done = mb->submit_burst_nocheck(mb, count, slots);
    while (done < count) done += mb->flush_burst(mb, count - done, slots);
  }

  void fill(IMB_JOB& slot, const PacketJob& job, Scratch& scratch, IMB_CIPHER_DIRECTION direction) {
    assert(job.text_size <= largest_text_size);
    const bool sealing = direction == IMB_DIR_ENCRYPT;
    slot.cipher_mode = job.text_size == 0 && !is_aead() ? IMB_CIPHER_NULL : mode_;
    slot.cipher_direction = direction;
    slot.src = job.header;
    slot.enc_keys = mode_ == IMB_CIPHER_CHACHA20_POLY1305 ? key_.reveal().data() : aes_.encrypt.data();
    slot.dec_keys = mode_ == IMB_CIPHER_CHACHA20_POLY1305 ? key_.reveal().data() : aes_.decrypt.data();
    slot.key_len_in_bytes = layout_.key;
    const std::size_t offset = is_ah() ? 0 : esp_header_size + layout_.iv;
    slot.dst = job.header + offset;
    slot.cipher_start_src_offset_in_bytes = offset;
    slot.msg_len_to_cipher_in_bytes = job.text_size;
    slot.auth_tag_output = scratch.icv.data();
    slot.auth_tag_output_len_in_bytes = layout_.icv;
    if (is_aead()) {
      fill_aead(slot, job, scratch);
      slot.chain_order = (mode_ == IMB_CIPHER_CCM) == sealing ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
      return;
    }
    fill_iv(slot, job, scratch);
    slot.chain_order = sealing ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
    if (is_without_integrity()) {
      slot.hash_alg = IMB_AUTH_NULL;
      return;
    }
    scratch.input = MacInput{job, layout_};
    slot.hash_start_src_offset_in_bytes = 0;
    slot.msg_len_to_hash_in_bytes = scratch.input.octets().size();
    mac_->fill(slot);
  }

  void fill_aead(IMB_JOB& slot, const PacketJob& job, Scratch& scratch) const {
    const AdditionalOctets additional{job};
    scratch.additional = additional.octets;
    std::ranges::copy(Nonce{salt_.reveal(), iv_of(job)}.octets, scratch.iv.begin());
    slot.iv = scratch.iv.data();
    slot.iv_len_in_bytes = layout_.salt + layout_.iv;
    slot.hash_start_src_offset_in_bytes = slot.cipher_start_src_offset_in_bytes;
    slot.msg_len_to_hash_in_bytes = job.text_size;
    if (mode_ == IMB_CIPHER_CCM) {
      slot.hash_alg = IMB_AUTH_AES_CCM;
      slot.u.CCM.aad = scratch.additional.data();
      slot.u.CCM.aad_len_in_bytes = additional.size;
    } else {
      slot.hash_alg = IMB_AUTH_CHACHA20_POLY1305;
      slot.u.CHACHA20_POLY1305.aad = scratch.additional.data();
      slot.u.CHACHA20_POLY1305.aad_len_in_bytes = additional.size;
      slot.u.CHACHA20_POLY1305.ctx = nullptr;
    }
  }

  void fill_iv(IMB_JOB& slot, const PacketJob& job, Scratch& scratch) const {
    slot.iv = scratch.iv.data();
    slot.iv_len_in_bytes = 16;
    if (mode_ == IMB_CIPHER_CBC) {
      std::memcpy(scratch.iv.data(), iv_of(job), 16);
    } else if (mode_ == IMB_CIPHER_CNTR) {  // RFC 3686 §4: nonce, IV, and a counter of blocks from 1
      std::ranges::copy(Nonce{salt_.reveal(), iv_of(job)}.octets, scratch.iv.begin());
      store32(scratch.iv.data() + 12, 1);
    }
  }

  AesSchedule aes_{}, iv_aes_{};
  const PacketLayout layout_;
  const IMB_CIPHER_MODE mode_;
  const Secret key_;
  Secret salt_;
  std::unique_ptr<IpsecMbMac> mac_;  // none of an AEAD, or of encrypt_alone
};

std::optional<IMB_CIPHER_MODE> mode_of(const PacketAlgorithms& algorithms, const PacketLayout& layout) {
  if (layout.form == PacketForm::chacha) return IMB_CIPHER_CHACHA20_POLY1305;
  if (layout.form == PacketForm::ccm) {
    return layout.key == 24 ? std::nullopt : std::optional{IMB_CIPHER_CCM};  // the library has no CCM of 192 bits
  }
  switch (algorithms.encryption) {
    case EncryptionId::none:
    case EncryptionId::null:
      return IMB_CIPHER_NULL;
    case EncryptionId::aes_cbc:
      return IMB_CIPHER_CBC;
    case EncryptionId::aes_ctr:
      return IMB_CIPHER_CNTR;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::unique_ptr<PacketCipher> make_ipsec_mb_jobs(const PacketAlgorithms& algorithms, const PacketLayout& layout,
                                                 SecretView key, SecretView integrity_key) {
  const auto mode = mode_of(algorithms, layout);
  if (!mode) return nullptr;
  std::unique_ptr<IpsecMbMac> mac;
  if (layout.integrity_key != 0) {
    mac = IpsecMbMac::make(algorithms.integrity, integrity_key);
    if (!mac) return nullptr;
  }
  return std::make_unique<Jobs>(layout, *mode, key, algorithms.iv_seed, std::move(mac));
}

}  // namespace adit::crypto
