#pragma once
// Certification path validation (RFC 5280 §6): from a peer's certificate to a trusted authority of the ring, through
// certificates that the peer sent or the ring has, with revocation by CRLs. Which keys are strong enough is OpenSSL's
// to say; those of RFC 7296 §4 of 2048 bits are.

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "contract/certificate_service.h"
#include "nss/certificate_payloads.h"
#include "nss/key_ring.h"

struct x509_store_st;

namespace adit::nss {

/// What the validation of one path goes by.
struct PathInputs {
  WallTime at;
  contract::RevocationChecking revocation = contract::RevocationChecking::loose;
  std::vector<const RingAuthority*> anchors;  ///< of the validator's ring; a path ends in one of them

  /// Certificate policies, RFC 5280 §6.1.1 (c) to (g); as they are here, any policy will do.
  std::vector<std::string> initial_policies;  ///< object identifiers in dots; none: any-policy
  bool requires_explicit_policy = false;
  bool inhibits_policy_mapping = false;
  bool inhibits_any_policy = false;
};

/// Made once for a ring, used by any number of threads.
class PathValidator {
 public:
  /// Signatures and keys below 112 bits of security are refused all along a path: SHA-1, RSA below 2048 (SP 800-131A).
  static constexpr int security_level = 2;

  explicit PathValidator(std::shared_ptr<const KeyRing> ring);

  /// Nothing when there is a valid path; else a refusal of kind bad_chain that names what differed.
  std::expected<void, contract::ServiceRefusal> validate(const PeerCertificates& peer, const PathInputs& inputs) const;

 private:
  enum class CrlSources : std::uint8_t { ring, ring_and_peer };
  std::expected<void, contract::ServiceRefusal> validate_with(CrlSources sources, const PeerCertificates& peer,
                                                              const PathInputs& inputs) const;

  std::shared_ptr<const KeyRing> ring_;
  std::shared_ptr<x509_store_st> store_;
};

}  // namespace adit::nss
