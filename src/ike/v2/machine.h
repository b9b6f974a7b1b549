#pragma once
// Runs the table of states.h: an event comes, its action is done, the SA is in the next state.

#include "ike/v2/ike_sa.h"
#include "ike/v2/turn.h"

namespace adit::ike::v2 {

/// Lets an event happen to an SA. `message` comes with events that a message brings. An illegal event is dropped and
/// told.
void happen(Turn& turn, IkeSa& sa, SaEvent event, const Received* message = nullptr);

}  // namespace adit::ike::v2
