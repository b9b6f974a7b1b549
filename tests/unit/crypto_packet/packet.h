#pragma once
// A packet of a test in memory, as a PacketJob wants it, and the algorithms there are.

#include <memory>
#include <random>
#include <vector>

#include "crypto/packet_cipher.h"

namespace adit::crypto {

struct AlgorithmCase {
  PacketAlgorithms algorithms;
  std::size_t key = 0, integrity_key = 0;  ///< octets, salt counted in
  bool has_ipsec_mb = true;
  bool has_integrity() const {
    return algorithms.integrity != IntegrityId::none || find(algorithms.encryption)->is_aead();
  }
  std::string name() const {
    return to_string(algorithms.encryption, algorithms.key_bits) + " " + to_string(algorithms.integrity);
  }
};

/// Every pair that makes an ESP SA, with those within AH, then AH's.
inline std::vector<AlgorithmCase> all_algorithms() {
  std::vector<AlgorithmCase> cases;
  const auto is_for_ah_alone = [](IntegrityId id) {
    return id >= IntegrityId::aes_128_gmac && id <= IntegrityId::aes_256_gmac;
  };
  for (const EncryptionFacts& encryption : encryption_table()) {
    const std::vector<unsigned> sizes = encryption.has_key_length ? std::vector<unsigned>{128, 192, 256}
                                                                  : std::vector<unsigned>{encryption.fixed_key_bits};
    for (const unsigned bits : sizes) {
      const std::size_t key = bits / 8 + encryption.salt;
      if (encryption.is_aead()) {
        cases.push_back({.algorithms = {encryption.id, bits, IntegrityId::none}, .key = key});
        const bool is_ccm = encryption.id >= EncryptionId::aes_ccm_8 && encryption.id <= EncryptionId::aes_ccm_16;
        cases.back().has_ipsec_mb = !(is_ccm && bits == 192);
        continue;
      }
      for (const IntegrityFacts& integrity : integrity_table()) {
        if (is_for_ah_alone(integrity.id)) continue;
        cases.push_back(
            {.algorithms = {encryption.id, bits, integrity.id}, .key = key, .integrity_key = integrity.key});
        cases.back().has_ipsec_mb = encryption.id != EncryptionId::des && encryption.id != EncryptionId::triple_des;
      }
      if (encryption.id == EncryptionId::null) continue;
      cases.push_back({.algorithms = {encryption.id, bits, IntegrityId::none}, .key = key});
      cases.back().algorithms.is_within_ah = true;
      cases.back().has_ipsec_mb = encryption.id != EncryptionId::des && encryption.id != EncryptionId::triple_des;
    }
  }
  for (const IntegrityFacts& integrity : integrity_table()) {
    cases.push_back({.algorithms = {EncryptionId::none, 0, integrity.id}, .integrity_key = integrity.key});
  }
  return cases;
}

using Seeded = std::mt19937_64;

inline ByteString random_octets(Seeded& random, std::size_t size) {
  ByteString octets(size);
  for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(random());
  return octets;
}

}  // namespace adit::crypto
