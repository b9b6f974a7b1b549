#pragma once
// Plain hashes that protocols name by algorithm: SHA-1 of NAT detection (RFC 7296 §2.23) and of CERTREQ (§3.7).

#include <array>
#include <initializer_list>

#include "base/bytes.h"

namespace adit::crypto {

using Sha1Digest = std::array<std::uint8_t, 20>;

/// SHA-1 over part | part | …
Sha1Digest sha1(std::initializer_list<Bytes> parts);

}  // namespace adit::crypto
