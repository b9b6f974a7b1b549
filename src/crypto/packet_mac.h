#pragma once
// A keyed MAC by OpenSSL for packets: set up once, reset for each packet without an allocation of ours.

#include <memory>

#include "base/algorithms.h"
#include "base/secret.h"

namespace adit::crypto {

class PacketMac {
 public:
  /// Nothing for a transform that OpenSSL has not, and for GMAC, which needs a nonce.
  static std::unique_ptr<PacketMac> make(IntegrityId id, SecretView key);

  PacketMac() = default;
  PacketMac(const PacketMac&) = delete;
  PacketMac& operator=(const PacketMac&) = delete;
  virtual ~PacketMac() = default;
  /// Writes the MAC, not truncated: at most 64 octets. False on a failure inside of OpenSSL.
  virtual bool compute(Bytes octets, std::uint8_t* mac) = 0;
};

}  // namespace adit::crypto
