#pragma once
// What time brings to a phase 1 SA: repetitions (RFC 2408 §5.1), ends of waits and lifetimes, checks of silent peers
// (RFC 3706), NAT keep-alives (RFC 3948 §4).

#include "ike/v1/turn.h"

namespace adit::ike::v1 {

/// How long a pair stays whose successor is up (RFC 2408 §4.3): the third message of quick mode may be under way, or
/// lost and repeated.
inline constexpr Seconds hand_over{5};

std::optional<Instant> next_deadline(const Phase1Sa& sa);
void timer_due(Turn& turn, Phase1Sa& sa);
/// Both ends are proved: the lifetime begins, and what only the establishment needed goes.
void become_established(Turn& turn, Phase1Sa& sa);
/// Somewhat before the end of a lifetime and at no fixed time, so that the two ends seldom begin at once.
Instant refresh_time(Turn& turn, Duration lifetime);
/// After how many octets an SA of this lifesize is to be replaced: drawn like the time, and for the same reason.
std::uint64_t refresh_octets(Turn& turn, std::uint64_t lifesize);
/// What the stack says about traffic of a child: inbound traffic is as good a sign of life as an answer.
void counters_arrived(Turn& turn, Phase1Sa& sa, const contract::ChildSaCounters& counters);

}  // namespace adit::ike::v1
