#pragma once
// What leaves an IKE SA: requests that are repeated until answered, responses that are kept for repetitions (RFC 7296
// §2.1).

#include "ike/v2/ike_sa.h"
#include "ike/v2/turn.h"

namespace adit::ike::v2 {

/// Sends a request under the SA's keys as the outstanding one. There must be none.
void send_request(Turn& turn, IkeSa& sa, wire::ExchangeType exchange, const wire::Payloads& payloads);
/// Answers a request in work to where it came from (RFC 7296 §2.11), and keeps the answer.
void send_response(Turn& turn, IkeSa& sa, wire::ExchangeType exchange, MessageId id, const wire::Payloads& payloads);
/// Sends the stored response again, byte for byte, to where the repetition of its request came from.
void replay_response(Turn& turn, IkeSa& sa, MessageId id, const Datagram& repetition);
/// A request is in work from now on: its place in the window is taken, and older responses than it holds are forgotten.
void take_up(Turn& turn, IkeSa& sa, MessageId id, const Datagram& request);
/// The responses that no peer asks for any more are forgotten.
void forget_responses(IkeSa& sa, Instant now);
/// SET_WINDOW_SIZE (RFC 7296 §2.3): the number of requests that the peer may have open, in four octets. Adit itself has
/// one open at a time, which every window holds.
wire::Notify window_size();
/// Sends the outstanding request again, byte for byte.
void retransmit(Turn& turn, IkeSa& sa);

/// One datagram on the SA's path.
void send(Turn& turn, const IkeSa& sa, ByteString octets);
/// Back to where a datagram came from, without an SA.
void send_back(Turn& turn, const Datagram& to, ByteString octets);

}  // namespace adit::ike::v2
