#pragma once
// The keys of a MAC in the form in which intel-ipsec-mb wants them, expanded once for an SA.

#include <intel-ipsec-mb.h>

#include <array>
#include <memory>

#include "base/algorithms.h"
#include "base/secret.h"

namespace adit::crypto {

class IpsecMbMac {
 public:
  /// Nothing for a transform that the library has not as a job.
  static std::unique_ptr<IpsecMbMac> make(IntegrityId id, SecretView key);

  explicit IpsecMbMac(IMB_HASH_ALG algorithm) : algorithm_{algorithm} {}
  IpsecMbMac(const IpsecMbMac&) = delete;
  IpsecMbMac& operator=(const IpsecMbMac&) = delete;
  ~IpsecMbMac() { explicit_bzero(keys_.data(), sizeof keys_); }

  /// Names algorithm and keys in a job.
  void fill(IMB_JOB& job) const;

 private:
  using Part = std::array<std::uint8_t, 16 * 15>;
  void expand_hmac(Bytes key);

  IMB_HASH_ALG algorithm_;
  /// HMAC: hashes of the inner and the outer pad; XCBC and CMAC: K1 expanded, K2, K3 (RFC 3566 §4, RFC 4493 §2.3).
  alignas(64) std::array<Part, 3> keys_{};
};

}  // namespace adit::crypto
