#pragma once
// Whether the peer is who it says it is: identity, method and AUTH against the rule (RFC 7296 §1.2, §2.15, §4).

#include "ike/v2/ike_sa.h"
#include "ike/v2/turn.h"

namespace adit::ike::v2 {

/// Checks the peer's AUTH payload for the identity it claims. Ends in SaEvent::peer_proved or service_refused, at once
/// for a shared key, else when nssd answers.
void check_proof(Turn& turn, IkeSa& sa, const Identity& claimed);

/// The peer is refused for a reason that the operator reads: one message, then SaEvent::service_refused.
void refuse_peer(Turn& turn, IkeSa& sa, std::string reason, std::string offered, std::string acceptable);

}  // namespace adit::ike::v2
