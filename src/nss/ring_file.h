#pragma once
// What one file of a ring holds: PEM blocks of the expected kind, or one DER object.

#include <expected>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "nss/certificate.h"
#include "nss/revocation_list.h"

namespace adit::nss {

/// Every certificate of the file in order; an error when there is none or one cannot be read.
std::expected<std::vector<Certificate>, std::string> parse_certificates(Bytes octets);
std::expected<std::vector<RevocationList>, std::string> parse_revocation_lists(Bytes octets);

}  // namespace adit::nss
