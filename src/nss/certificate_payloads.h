#pragma once
// The CERT payloads of a peer (RFC 7296 §3.6), read within bounds: every octet of them is the peer's.

#include <expected>
#include <span>
#include <vector>

#include "contract/certificate_service.h"
#include "nss/certificate.h"
#include "nss/revocation_list.h"

namespace adit::nss {

/// Payloads of one message that are read at most: a chain of eight with as many CRLs.
inline constexpr std::size_t most_certificate_payloads = 16;

struct PeerCertificates {
  Certificate signer;                   ///< of the first payload: what the AUTH payload is signed with
  std::vector<Certificate> supporting;  ///< in no order that could be relied on
  std::vector<RevocationList> revocation_lists;
  std::size_t unreadable = 0;  ///< payloads after the first that are passed over
};

/// The first payload must be a certificate that parses (RFC 7296 §3.6: it holds the key that signed). Others that do
/// not parse, or whose encoding is not known, are passed over (RFC 2408 §5.9): the path may not need them.
std::expected<PeerCertificates, contract::ServiceRefusal> read_payloads(
    std::span<const contract::CertificatePayload> payloads);

}  // namespace adit::nss
