#pragma once
// CERTREQ payloads (RFC 2408 §3.10, as RFC 4945 §3.2 profiles them): one for each authority, which its subject's
// distinguished name names; an empty one for any. nssd knows the names.

#include "ike/v1/messages.h"
#include "ike/v2/turn.h"

namespace adit::ike::v1 {

/// Goes on with Phase1Event::authorities_listed: at once where nothing is to be asked for or the names are known, else
/// when nssd has told them, or is given up.
void list_authorities(Turn& turn, Phase1Sa& sa);
/// What nssd answered; for an SA that waits for it no more nothing.
void authorities_answered(Turn& turn, Phase1Sa& sa, const v2::KnownAuthorities& known);
/// nssd has not answered in time: any authority is asked for.
void authorities_kept_silent(Turn& turn, Phase1Sa& sa);

/// Our requests; none where no signature can come.
void add_certificate_requests(wire::v1::Payloads& payloads, const Phase1Sa& sa);
/// Keeps whom the peer names, in whichever of its messages (RFC 2408 §5.10); within bounds, for it has not proved who
/// it is.
void heed_certificate_requests(Phase1Sa& sa, const wire::v1::Payloads& payloads);

}  // namespace adit::ike::v1
