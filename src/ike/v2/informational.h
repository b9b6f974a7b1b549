#pragma once
// Requests and responses of an established SA: INFORMATIONAL (RFC 7296 §1.4), whose every request is answered, if only
// by nothing, and the way into CREATE_CHILD_SA (§1.3). CP payloads are passed over (§2.20, §3.15.1), and so are
// notifies of trouble elsewhere (§2.21.4). The functions are the actions of states.h.

#include "ike/v2/ike_sa.h"
#include "ike/v2/turn.h"

namespace adit::ike::v2 {

void answer_request(Turn& turn, IkeSa& sa, const Received& request);
/// Our Delete is out: only the peer's own Delete still means something (RFC 7296 §2.25.2).
void answer_half_closed(Turn& turn, IkeSa& sa, const Received& request);
/// The peer has rekeyed the IKE SA: it may delete it and ask whether it is alive, no more.
void answer_superseded(Turn& turn, IkeSa& sa, const Received& request);
/// A request does not parse: INVALID_SYNTAX, which ends the IKE SA at both ends without a Delete (RFC 7296 §2.21.3).
void end_malformed(Turn& turn, IkeSa& sa, const Received& request);
void take_response(Turn& turn, IkeSa& sa, const Received& response);

/// Answers a peer's Delete of Child SAs with ours of the other halves.
void answer_delete(Turn& turn, IkeSa& sa, const wire::Delete& request, wire::Payloads& answer);

}  // namespace adit::ike::v2
