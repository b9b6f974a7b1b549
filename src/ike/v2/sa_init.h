#pragma once
// IKE_SA_INIT, both sides (RFC 7296 §1.2, the first half of what §4 asks of everybody): algorithms, Diffie-Hellman,
// nonces, and what the first messages announce, in the RFC's order (§2.5).

#include <expected>
#include <memory>
#include <optional>

#include "ike/v2/ike_sa.h"
#include "ike/v2/turn.h"

namespace adit::ike::v2 {

/// Larger IKE_SA_INIT requests are dropped: what half-open SAs keep of strangers must be small.
inline constexpr std::size_t largest_init_request = 4096;  // octets

/// Sends the first request of an SA that has its SPI, path, rule and wishes.
void initiate(Turn& turn, IkeSa& sa);
/// Looks at a response to it: a retry (COOKIE, INVALID_KE_PAYLOAD), an error that anybody may have sent, or the answer,
/// which becomes SaEvent::init_answered.
void receive_init_response(Turn& turn, IkeSa& sa, const Datagram& datagram, const wire::Header& header,
                           const wire::Chain& chain);
/// SaAction::derive_keys.
void take_init_answer(Turn& turn, IkeSa& sa, const Received& answer);

/// Whether a request has SA, KE and Ni, without which there is nothing to answer.
bool is_whole(const wire::Payloads& request);
/// Answers a whole request whose sender may go on: a half-open SA. Else what the peer is to be told, if anything.
std::expected<std::unique_ptr<IkeSa>, std::optional<wire::Notify>> answer_init(Turn& turn, const Datagram& datagram,
                                                                               const wire::Header& header,
                                                                               const wire::Chain& chain,
                                                                               IkeSpi our_spi);
/// Derives the responder's keys, at its first protected message: not before the peer has shown that it is there.
/// False when the peer's public value is bad.
bool derive_responder_keys(Turn& turn, IkeSa& sa);

/// An unprotected answer with one notify (RFC 7296 §2.21.1).
void answer_unprotected(Turn& turn, const Datagram& datagram, const wire::Header& header, wire::Notify notify);

}  // namespace adit::ike::v2
