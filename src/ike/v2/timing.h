#pragma once
// What time brings to an IKE SA: retransmissions, ends of waits and lifetimes (RFC 7296 §2.8), checks of silent peers
// (§2.4), NAT keep-alives (§2.23).

#include "ike/v2/ike_sa.h"
#include "ike/v2/turn.h"

namespace adit::ike::v2 {

/// When the SA has to be looked at next.
std::optional<Instant> next_deadline(const IkeSa& sa);
/// Does what is due.
void timer_due(Turn& turn, IkeSa& sa);

/// Both ends are proved: the lifetime begins, and what only the establishment needed goes.
void become_established(Turn& turn, IkeSa& sa);
/// The lifetimes and the checks of an SA that is up.
void begin_life(Turn& turn, IkeSa& sa);
/// When an SA of this lifetime is to be replaced: somewhat before its end, and at no fixed time, so that the two ends
/// seldom begin at once (RFC 7296 §2.8).
Instant refresh_time(Turn& turn, Duration lifetime);
/// After how many octets an SA of this lifesize is to be replaced: drawn like the time, and for the same reason.
std::uint64_t refresh_octets(Turn& turn, std::uint64_t lifesize);
/// Messages have been protected: the lifesize may be reached, softly or for good.
void look_at_lifesize(Turn& turn, IkeSa& sa);
/// TEMPORARY_FAILUREs to one request in a row, in two minutes or more: then the ends no longer agree on what they have,
/// and a new IKE SA takes this one's place (RFC 7296 §2.25).
inline constexpr unsigned most_put_off = 40;
/// The peer cannot do now what it was asked for: it is asked again in a while (RFC 7296 §2.25).
void be_patient(Turn& turn, IkeSa& sa);

/// Nothing runs under it and nobody wants that: it is let go at its end (EZD1791I).
bool is_unused(const IkeSa& sa);
/// Whether the other end has the IKE SA: a responder knows by the first message after IKE_AUTH; an initiator by the
/// IKE_AUTH response, unless it took long to verify that one: the peer may have done away with the SA meanwhile.
bool is_confirmed(const IkeSa& sa);
/// Asks the peer whether it is there, with an empty INFORMATIONAL (RFC 7296 §2.4).
void check_liveness(Turn& turn, IkeSa& sa);
/// What the stack says about traffic of a child: inbound traffic is as good a sign of life as an answer.
void counters_arrived(Turn& turn, IkeSa& sa, const contract::ChildSaCounters& counters);

}  // namespace adit::ike::v2
