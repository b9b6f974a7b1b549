#pragma once
// Negotiating a Child SA, in IKE_AUTH and in CREATE_CHILD_SA alike (RFC 7296 §1.2, §1.3.1, §2.9, §2.17).

#include "ike/v2/ike_sa.h"
#include "ike/v2/turn.h"

namespace adit::ike::v2 {

// ---- initiator

/// Adds what asks for a Child SA to a request: in CREATE_CHILD_SA with a nonce, and with KE for PFS.
void ask_for_child(Turn& turn, IkeSa& sa, ChildWish wish, wire::ExchangeType exchange, wire::Payloads& request);
/// Ends the first wish where the peer, once it has said who it is, may not have what its rule protects (reference
/// §3.3), or nothing of what its action offers can be proposed: AH around ESP, for which IKEv2 has no word (RFC 7296
/// §3.3), or AH with a NAT on the way, which covers the addresses that a NAT changes (§2.23). True when there was one
/// to end.
bool refuse_wish(Turn& turn, IkeSa& sa);
/// What RemoteIdentity of a filter is compared with: nothing without FilterByIdentity, or before the peer has said it.
std::optional<Identity> identity_for_filtering(const IkeSa& sa);
/// Looks at the answer and has the stack install what was agreed. What fails concerns the child alone (RFC 7296 §1.2).
void take_child_answer(Turn& turn, IkeSa& sa, const wire::Payloads& answer, Bytes ni, Bytes nr);

// ---- responder

/// Decides on a request, adds to `answer`, and has the stack install the child; the answer goes out when the stack has
/// it, so that no packet of the peer finds nothing. Without a child it goes out at once.
void answer_child_request(Turn& turn, IkeSa& sa, const Received& request, wire::Payloads answer);
/// Sends the answer to a request that waited, with the child or without it.
void finish_waiting_answer(Turn& turn, IkeSa& sa, MessageId id);
/// The peer has deleted a child whose answer still waited.
void answer_without(Turn& turn, IkeSa& sa, const contract::ChildSaName& child);
/// The IKE SA is refused: its child goes too.
void drop_waiting_child(Turn& turn, IkeSa& sa);

// ---- both

/// The stack has installed a child, or says why not.
void install_answered(Turn& turn, IkeSa& sa, const contract::InstallResult& result);

}  // namespace adit::ike::v2
