#pragma once
// What this side asks next: one request at a time, which the window of every peer holds (RFC 7296 §2.3). What ends here
// ends there by a Delete (§2.4), under the IKE SA it belongs to (§1.4).

#include "ike/v2/ike_sa.h"
#include "ike/v2/turn.h"

namespace adit::ike::v2 {

/// Sends the next request that waits, when none is outstanding: first the IKE SA's Delete, then those of its children,
/// then new children, then a check that the peer is alive.
void go_on(Turn& turn, IkeSa& sa);

}  // namespace adit::ike::v2
