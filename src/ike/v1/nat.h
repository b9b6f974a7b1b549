#pragma once
// NAT detection in phase 1 and what follows of it (RFC 3947 §3.2, §4).

#include "ike/v1/messages.h"

namespace adit::ike::v1 {

inline constexpr std::uint16_t nat_traversal_port = 4500;

/// NAT-D payloads for a message on the SA's path: first of where it goes, then of where it comes from.
void add_nat_detection(wire::v1::Payloads& payloads, const Phase1Sa& sa);
/// Keeps what the peer's NAT-D payloads tell about the way.
void heed_nat_detection(Phase1Sa& sa, const Received& message);
/// The initiator goes on from port 4500 once it knows of a NAT (RFC 3947 §4).
void float_port(Phase1Sa& sa);

}  // namespace adit::ike::v1
