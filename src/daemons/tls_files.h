#pragma once
// Reads the TLS files that a configuration names.

#include <optional>

#include "policy/parsed.h"
#include "rpc/tls_credentials.h"

namespace adit::daemons {

/// The three texts; nothing when one cannot be read or is not what it should be, or when others than its owner may read
/// the private key: which is logged.
std::optional<rpc::TlsCredentials> read_tls_files(const policy::TlsFiles& files);

}  // namespace adit::daemons
