#pragma once
// The Informational exchange (RFC 2409 §5.7, RFC 2408 §3.14, §3.15, §4.1, §4.8, §5.14, §5.15): deletes, notifies, dead
// peer detection (RFC 3706).

#include "ike/v1/messages.h"

namespace adit::ike::v1 {

/// Of an SA, protected or in clear: nothing in clear changes anything.
void receive_informational(Turn& turn, Phase1Sa& sa, const Datagram& datagram, const wire::v1::Header& header);

/// Sends a notify under the SA's keys.
void send_notify(Turn& turn, Phase1Sa& sa, wire::v1::Notify notify);
/// Names phase 2 SAs that are gone; the second a pair, AH and ESP each in a Delete of its own (RFC 2408 §3.15); the
/// third the phase 1 SA itself. Sent a few times.
void send_delete(Turn& turn, Phase1Sa& sa, contract::SaProtocol protocol, const std::vector<InboundSpi>& spis);
void send_delete(Turn& turn, Phase1Sa& sa, const ChildSa& child);
void send_delete(Turn& turn, Phase1Sa& sa);
/// Says it once, in an exchange of its own each time: the peer drops what has a message ID that it knows, and may not
/// have had yet what was deleted when it came first.
void say(Turn& turn, Phase1Sa& sa, const Farewell& farewell);
/// That the SA itself is deleted, once more.
void say_deleted(Turn& turn, Phase1Sa& sa);
/// What an SA that goes still has to say of phase 2 SAs is said by another one.
void hand_on_farewells(Turn& turn, Phase1Sa& from, Phase1Sa& to);

/// Asks the peer whether it is there: R-U-THERE, repeated until it answers (RFC 3706 §5.4).
void check_liveness(Turn& turn, Phase1Sa& sa);
/// An exchange with the R-U-THERE that has no answer yet.
ByteString liveness_question(Turn& turn, Phase1Sa& sa);

}  // namespace adit::ike::v1
