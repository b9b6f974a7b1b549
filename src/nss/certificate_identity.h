#pragma once
// Whether an identity of IKE stands in a certificate (RFC 7296 §3.5, §4, RFC 4945 §3.1): for ours when one is chosen,
// and for a peer's when its signature is judged.

#include <expected>
#include <string>

#include "base/identity.h"
#include "nss/certificate.h"

namespace adit::nss {

/// An IP address, FQDN or user@FQDN must be a subjectAltName entry of its type, an X.500 name the subject (or, where
/// that is empty, a directoryName entry), a GeneralName any entry. Names are compared whole: no wildcards, and the
/// subject's CN is no host name. A key ID is in no certificate. The error says why not.
std::expected<void, std::string> carries(const Certificate& certificate, const Identity& identity);

/// `CN=a,O=b; DNS:gw.example.com; IP:192.0.2.1`: what the certificate may stand for.
std::string identities_of(const Certificate& certificate);

}  // namespace adit::nss
