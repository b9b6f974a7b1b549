#pragma once
// What both ends announce in IKE_SA_INIT: hashes for signatures (RFC 7427 §4), fragmentation (RFC 7383 §2.3), NAT
// detection, accepted authorities; and the responder that there need be no Child SA (RFC 6023 §3).

#include "ike/v2/ike_sa.h"
#include "ike/v2/turn.h"

namespace adit::ike::v2 {

void announce(wire::Payloads& payloads, const IkeSa& sa);
/// Keeps what the peer announced; `local` and `remote` are those of its message.
void heed_announcements(IkeSa& sa, const wire::Payloads& payloads, const Endpoint& local, const Endpoint& remote);

/// A CERTREQ with the hashes of the authorities (RFC 7296 §3.7).
wire::CertificateRequest certificate_request(const std::vector<ByteString>& key_hashes);
/// Keeps the hashes of all of the peer's CERTREQs.
void heed_certificate_requests(Establishing& establishing, const wire::Payloads& payloads);

}  // namespace adit::ike::v2
