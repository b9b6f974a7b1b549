#pragma once
// Which certificate of the ring signs for a client (reference §5.2): it carries the local identity, fits the
// authentication method, is valid now, may sign, and chains to an authority that the peer named (RFC 7296 §3.7). In
// order of labels; and where none will do, for each one why not.

#include <expected>
#include <span>
#include <string>

#include "base/time.h"
#include "contract/certificate_service.h"
#include "nss/key_ring.h"

namespace adit::nss {

struct CertificateChoice {
  const RingCertificate* certificate = nullptr;
  AuthMethod method{};
};

/// The authentication method that a key of this kind can serve, or why none: method 14 where the choice is open and the
/// peer announced a hash that fits (RFC 7427 §4, RFC 8420), else the key's own of RFC 7296 and RFC 4754.
std::expected<AuthMethod, std::string> method_for(contract::SignatureChoice choice, crypto::KeyKind kind,
                                                  std::span<const crypto::HashId> peer_hashes);

/// @param candidates  certificates that the client may sign with, in order of preference
std::expected<CertificateChoice, contract::ServiceRefusal> choose_certificate(
    std::span<const RingCertificate* const> candidates, const contract::Sign& request, WallTime now);

/// What the policy calls a choice: `RsaSignature`, `DigitalSignature`.
std::string_view name_of(contract::SignatureChoice choice);

}  // namespace adit::nss
