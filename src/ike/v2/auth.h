#pragma once
// IKE_AUTH, both sides (RFC 7296 §1.2, §2.15): who is there, proved by a shared key here or by signature through nssd,
// and the first Child SA in the same exchange, which ends the four messages that §4 asks of everybody. Payloads come in
// the RFC's order (§2.5), certificates among them where there are any (§3.6). The functions are the actions of
// states.h.

#include "ike/v2/ike_sa.h"
#include "ike/v2/turn.h"

namespace adit::ike::v2 {

/// The request with both sides' proof comes right behind IKE_SA_INIT (RFC 7296 §2.2).
inline constexpr MessageId auth_request_id{1};

/// <SignedOctets> of RFC 7296 §2.15: the signer's first message, the other's nonce, the MACed identity.
ByteString signed_octets(const IkeSa& sa, Role signer, Bytes id_body);

/// Initiator: waits for the authorities of its CERTREQ, when there is one to send, then goes on to the signature.
void prepare_auth(Turn& turn, IkeSa& sa);
/// Our AUTH: at once by a shared key, or nssd is asked.
void ask_signature(Turn& turn, IkeSa& sa);
/// What nssd answered to a Sign or a Verify of this SA.
void service_answered(Turn& turn, IkeSa& sa, const CertificateAnswer& answer);
/// nssd has not answered within EngineOptions::certificate_wait.
void service_kept_silent(Turn& turn, IkeSa& sa);

void send_auth(Turn& turn, IkeSa& sa);
void verify_response(Turn& turn, IkeSa& sa, const Received& response);
void establish_as_initiator(Turn& turn, IkeSa& sa);
/// The responder's proof is wrong: it is told in an exchange of its own (RFC 7296 §2.21.2).
void reject_responder(Turn& turn, IkeSa& sa);

void verify_request(Turn& turn, IkeSa& sa, const Received& request);
void settle_first_child(Turn& turn, IkeSa& sa);
void answer_auth(Turn& turn, IkeSa& sa);
void refuse_initiator(Turn& turn, IkeSa& sa);
/// The initiator's request does not parse: it is told so, and nothing in it is believed (RFC 7296 §2.21.2).
void refuse_malformed(Turn& turn, IkeSa& sa, const Received& request);

}  // namespace adit::ike::v2
