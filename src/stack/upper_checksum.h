#pragma once
// The checksum of TCP, UDP and ICMPv6 over a pseudo-header of the IP addresses (RFC 9293 §3.1, RFC 768, RFC 4443 §2.3).

#include "base/bytes.h"
#include "stack/ip_header.h"

namespace adit::stack {

/// Computes it anew, after a NAT has changed addresses that ESP in transport mode could not see (RFC 3948 §3.1.2): the
/// ICV has vouched for the payload. Other protocols, and a UDP checksum that was not used, stay.
void renew_upper_checksum(MutableBytes packet, const IpHeader& header);

}  // namespace adit::stack
