#pragma once
// Where the parts of a PacketJob lie, for both back ends: nonce, additional data, the octets a MAC covers.

#include <array>
#include <cstring>
#include <optional>

#include "crypto/packet_cipher.h"

namespace adit::crypto {

/// How a packet is protected. Each back end has a class for each, or leaves it to the other.
enum class PacketForm : std::uint8_t {
  gcm,               // RFC 4106
  ccm,               // RFC 4309
  chacha,            // RFC 7634
  gmac,              // RFC 4543 §3: ESP without encryption
  encrypt_then_mac,  // RFC 4303 §3.3.2.1: cipher or none, then a MAC
  encrypt_alone,     // RFC 4303 §3.3.2.1 without its last step: within AH
  ah_mac,            // RFC 4302
  ah_gmac,           // RFC 4543 §4
};

/// Sizes in octets of what an SA's algorithms need and put into a packet.
struct PacketLayout {
  PacketForm form{};
  std::size_t key = 0;   ///< of the cipher, or of GMAC; without the salt
  std::size_t salt = 0;  ///< the last octets of the key material
  std::size_t iv = 0, icv = 0, block = 1;
  std::size_t integrity_key = 0;  ///< of a MAC

  /// Nothing when the algorithms do not make an ESP or AH SA: without integrity where none stands around it, or a
  /// combined mode with a MAC besides.
  static std::optional<PacketLayout> of(const PacketAlgorithms& algorithms);
};

inline std::uint32_t load32(const std::uint8_t* from) {
  return std::uint32_t{from[0]} << 24 | std::uint32_t{from[1]} << 16 | std::uint32_t{from[2]} << 8 | from[3];
}
inline void store32(std::uint8_t* to, std::uint32_t value) {
  for (unsigned i = 0; i < 4; ++i) to[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

inline std::uint8_t* iv_of(const PacketJob& job) { return job.header + esp_header_size; }

/// Writes the IV of a counter mode: the sequence number, which an SA uses once (RFC 4106 §3.1 asks no more). In whole,
/// where the packet has its low half alone, too: a manual SA goes on after 2^32 packets.
inline void write_counter_iv(const PacketJob& job, std::uint8_t* at, const std::uint8_t* sequence_low) {
  store32(at, job.sequence_high);
  std::memcpy(at + 4, sequence_low, 4);
}

/// Salt and explicit IV, as many octets as the AEAD's nonce has.
struct Nonce {
  std::array<std::uint8_t, 12> octets{};
  Nonce(Bytes salt, const std::uint8_t* iv) {
    std::memcpy(octets.data(), salt.data(), salt.size());
    std::memcpy(octets.data() + salt.size(), iv, 8);
  }
};

/// SPI and sequence number, the extended one in whole (RFC 4106 §5).
struct AdditionalOctets {
  std::array<std::uint8_t, 12> octets;
  std::size_t size;
  explicit AdditionalOctets(const PacketJob& job) : size{job.extended ? 12u : 8u} {
    std::memcpy(octets.data(), job.header, 4);
    if (job.extended) store32(octets.data() + 4, job.sequence_high);
    std::memcpy(octets.data() + size - 4, job.header + 4, 4);
  }
};

/// The one span a MAC covers, made so in place: the high half of an extended sequence number goes behind the text
/// (RFC 4303 §2.2.1), of AH behind the packet (RFC 4302 §3.3.3.2.2); the ICV of AH counts as zeros (§3.3.3.1), the IV
/// before that of GMAC as what it is (RFC 4543 §7). What lay there is kept, and put back at the end.
class MacInput {
 public:
  MacInput() = default;
  MacInput(const PacketJob& job, const PacketLayout& layout) : job_{&job}, layout_{&layout} {
    const bool is_ah = job.icv != nullptr;
    size_ = job.text_size + (is_ah ? 0 : esp_header_size + layout.iv);
    icv_ = is_ah ? job.icv + layout.iv : job.header + size_;
    std::memcpy(received_.data(), icv_, layout.icv);
    if (is_ah) {
      std::memset(icv_, 0, layout.icv);
      std::memcpy(behind_.data(), job.header + size_, behind_.size());
    }
    if (job.extended) {
      store32(job.header + size_, job.sequence_high);
      size_ += 4;
    }
  }
  Bytes octets() const { return {job_->header, size_}; }

  /// Ends seal(): the ICV goes into its place.
  void put(const std::uint8_t* icv) {
    std::memcpy(received_.data(), icv, layout_->icv);
    restore();
  }
  /// Ends open(): true when the ICV that was received is this one.
  bool fits(const std::uint8_t* icv) {
    restore();
    return equal_in_constant_time({received_.data(), layout_->icv}, {icv, layout_->icv});
  }

 private:
  void restore() {
    if (job_->icv != nullptr) {
      std::memcpy(job_->header + size_ - (job_->extended ? 4 : 0), behind_.data(), behind_.size());
    }
    std::memcpy(icv_, received_.data(), layout_->icv);
  }

  const PacketJob* job_ = nullptr;
  const PacketLayout* layout_ = nullptr;
  std::size_t size_ = 0;
  std::uint8_t* icv_ = nullptr;
  std::array<std::uint8_t, largest_icv_size> received_;
  std::array<std::uint8_t, 4> behind_;
};

/// Under which key the IVs of CBC are made: a keyed permutation of the sequence number, unpredictable to whoever lacks
/// the key (SP 800-38A appendix C). Drawn from the cipher's key by HMAC-SHA-256, so both back ends make the same.
/// `seed`: PacketAlgorithms::iv_seed.
Secret cbc_iv_key(SecretView key, Bytes seed);

}  // namespace adit::crypto
