#pragma once
// AH around ESP, | IP | AH | ESP |: what joins the two SAs of a bundle (RFC 2401 §4.3, transport adjacency), with one
// IP header outside whatever the mode of the ESP. Outbound, a sealed ESP packet is given AH; inbound, AH that has been
// proved is taken off its ESP. Each of the two is numbered, protected and checked as if it were alone.

#include "stack/decapsulator.h"
#include "stack/encapsulator.h"

namespace adit::stack {

/// Before ESP is made of a packet: whether AH will have room about it, so that no SA spends a number on what cannot
/// leave. Drop::too_long.
Drop objection_to_ah_around(const OutboundPacket& out);
/// Puts AH, and before it the IP header, before a sealed ESP packet.
/// @return all of it, for AH's cipher; the mutable fields are still to be zeroed
crypto::PacketJob put_ah_around(OutboundPacket& out);

/// Leaves of a proved AH packet the ESP packet within; `in.sa` becomes ESP's. Drop::not_around_esp when it holds
/// something else than ESP of the same pair.
Drop take_ah_from_around(InboundPacket& in);

}  // namespace adit::stack
