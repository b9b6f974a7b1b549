#pragma once
// Protection of ESP and AH packets in batches, for one direction of one SA. Two back ends, intel-ipsec-mb and OpenSSL,
// that give the same octets. Nothing is allocated, locked or fetched for a packet.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/algorithms.h"
#include "base/secret.h"

namespace adit::crypto {

enum class PacketBackEnd : std::uint8_t { ipsec_mb, openssl };

struct PacketAlgorithms {
  EncryptionId encryption{};  ///< none for AH, null for ESP with integrity alone
  unsigned key_bits = 0;
  IntegrityId integrity = IntegrityId::none;
  /// Makes the IVs of CBC others than those of an SA before this one that had the same key: new random octets for a key
  /// that may come twice. Zeros for a key that is new itself.
  std::array<std::uint8_t, 16> iv_seed{};
  /// ESP that AH stands around: it may be of confidentiality alone, as integrity comes from elsewhere (RFC 4303 §1).
  bool is_within_ah = false;
  auto operator<=>(const PacketAlgorithms&) const = default;
};

/// One packet, in place: | header (authenticated only) | IV | text | ICV |, all in one buffer. For ESP the header is
/// SPI and sequence number. With extended sequence numbers the high half is given apart: an AEAD puts it between SPI
/// and the low half of its additional data (RFC 4106 §5), a MAC takes it after the text (RFC 4303 §2.2.1).
///
/// For AH the header is the IP header with its mutable fields zeroed by the caller (RFC 4302 §3.3.3.1), text_size
/// counts everything from there to the end of the packet, and `icv` points to the ICV field of the AH header in it:
/// iv_size() octets of IV (GMAC alone, RFC 4543 §4), then the ICV. largest_sequence_high octets after the packet must
/// be writable.
struct PacketJob {
  std::uint8_t* header = nullptr;  ///< 8 octets of ESP header, then iv_size() octets of IV, then the text
  std::uint8_t* icv = nullptr;     ///< AH alone; ESP has its ICV after the text
  std::uint32_t text_size = 0;     ///< octets encrypted: payload, padding, pad length and next header
  std::uint32_t sequence_high = 0;
  bool extended = false;
  bool authentic = false;  ///< out, of open(): the ICV fits; of ESP that has none, always
};

/// The part of an ESP header that every job begins with: SPI and sequence number (RFC 4303 §2).
inline constexpr std::size_t esp_header_size = 8;
/// Behind the packet there must be this much that may be written: a MAC takes the high half of an extended sequence
/// number from there.
inline constexpr std::size_t largest_sequence_high = 4;
/// No ICV and no IV of the table is longer: for buffers.
inline constexpr std::size_t largest_icv_size = 32;
inline constexpr std::size_t largest_iv_size = 16;
/// The lanes of ipsec-mb count octets in 16 bits: header, IV, text and the high half of the sequence number together
/// stay below 65 534. No IP packet holds more.
inline constexpr std::size_t largest_text_size = 65534 - esp_header_size - largest_iv_size - 4;

class PacketCipher {
 public:
  /// Nothing for algorithms or key sizes that the back end has not. `key` with its salt at the end (RFC 4106 §8.1).
  static std::unique_ptr<PacketCipher> make(const PacketAlgorithms& algorithms, SecretView key,
                                            SecretView integrity_key, PacketBackEnd back_end);
  /// ipsec_mb where the CPU has the instructions and the library the algorithm, OpenSSL elsewhere.
  static std::unique_ptr<PacketCipher> make(const PacketAlgorithms& algorithms, SecretView key,
                                            SecretView integrity_key);

  PacketCipher() = default;
  PacketCipher(const PacketCipher&) = delete;
  PacketCipher& operator=(const PacketCipher&) = delete;
  virtual ~PacketCipher() = default;

  virtual std::size_t iv_size() const = 0;
  virtual std::size_t icv_size() const = 0;
  /// text_size must be a multiple of it; at least 4 for ESP (RFC 4303 §2.4).
  virtual std::size_t block_size() const = 0;

  /// Encrypts each text in place, writes the IV before it and the ICV after it. The IV of a counter mode is the
  /// sequence number (never repeated under a key); of CBC, unpredictable: drawn here from a keyed generator.
  virtual void seal(std::span<PacketJob> jobs) = 0;
  /// Checks each ICV (in constant time) and, where it fits, decrypts the text in place. Where it does not, the text is
  /// worthless.
  virtual void open(std::span<PacketJob> jobs) = 0;
};

}  // namespace adit::crypto
