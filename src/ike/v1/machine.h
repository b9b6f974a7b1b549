#pragma once
// Runs the table of states.h: an event comes, its action is done, the SA is in the next state.

#include "ike/v1/messages.h"

namespace adit::ike::v1 {

/// Lets an event happen to an SA. `message` comes with Phase1Event::message_arrived. An illegal event is dropped and
/// told; so is a message that its action does not take, and the SA waits on.
void happen(Turn& turn, Phase1Sa& sa, Phase1Event event, const Received* message = nullptr);

}  // namespace adit::ike::v1
