#pragma once
// Main mode and aggressive mode, both sides (RFC 2409 §5.1, §5.4). The functions are the actions of states.h; those of
// messages check all before they change anything.

#include "ike/v1/messages.h"

namespace adit::ike::v1 {

/// Larger first messages are not looked at: nobody has proved anything yet.
inline constexpr std::size_t largest_first_message = 8192;

enum class Taken : std::uint8_t { no, yes };

/// Begins as initiator in the mode of the rule's HowToInitiate.
void initiate(Turn& turn, Phase1Sa& sa);
/// Begins as responder: the answer to message 1. Null, and one message, when there is none; `refusal` then says what
/// the peer is to be told.
std::unique_ptr<Phase1Sa> answer_first(Turn& turn, const Datagram& datagram, const wire::v1::Header& header,
                                       const wire::v1::Chain& chain, IkeSpi cookie,
                                       std::optional<wire::v1::NotifyType>& refusal);

// Main mode.
Taken take_sa_answer(Turn& turn, Phase1Sa& sa, const Received& message);
Taken take_key_exchange(Turn& turn, Phase1Sa& sa, const Received& message);
void send_identity(Turn& turn, Phase1Sa& sa);
Taken answer_key_exchange(Turn& turn, Phase1Sa& sa, const Received& message);
void send_key_exchange_answer(Turn& turn, Phase1Sa& sa);
Taken verify_identity(Turn& turn, Phase1Sa& sa, const Received& message);
void answer_identity(Turn& turn, Phase1Sa& sa);

// Aggressive mode.
void send_offer(Turn& turn, Phase1Sa& sa);
Taken take_aggressive_answer(Turn& turn, Phase1Sa& sa, const Received& message);
void send_proof(Turn& turn, Phase1Sa& sa);
void send_aggressive_answer(Turn& turn, Phase1Sa& sa);
Taken verify_proof(Turn& turn, Phase1Sa& sa, const Received& message);

// Both.
/// Our HASH: at once by a shared key, or nssd is asked to sign it.
void make_proof(Turn& turn, Phase1Sa& sa);
/// The peer's HASH or SIG for the identity it claims: at once by a shared key, or nssd is asked.
void check_proof(Turn& turn, Phase1Sa& sa);
/// What nssd answered, and what becomes of its silence.
void service_answered(Turn& turn, Phase1Sa& sa, const CertificateAnswer& answer);
void service_kept_silent(Turn& turn, Phase1Sa& sa);
void establish(Turn& turn, Phase1Sa& sa);
/// The peer is told, in clear, and the SA goes.
void refuse_peer(Turn& turn, Phase1Sa& sa);

/// A notify in clear to somebody who has no SA here.
void notify_stranger(Turn& turn, const Datagram& to, const wire::v1::Header& header, wire::v1::NotifyType type);

}  // namespace adit::ike::v1
