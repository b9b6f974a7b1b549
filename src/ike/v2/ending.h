#pragma once
// How SAs end: by deletion in an exchange under the IKE SA itself (RFC 7296 §1.4, §1.4.1, §2.4), or at once when there
// is nobody to tell.

#include "ike/v2/ike_sa.h"
#include "ike/v2/turn.h"

namespace adit::ike::v2 {

/// A negotiation has come to nothing: one message, and the SA is gone.
void fail(Turn& turn, IkeSa& sa, const std::string& reason);
/// SaAction::give_up: nobody answers, or nobody is to be told.
void give_up(Turn& turn, IkeSa& sa);
/// Ends an SA and its children here, without a word to the peer.
void close(Turn& turn, IkeSa& sa, Ending ending);

/// Lets SaEvent::delete_wanted happen.
void want_delete(Turn& turn, IkeSa& sa, Ending ending);
/// SaAction::start_delete and SaAction::finish_delete.
void start_delete(Turn& turn, IkeSa& sa);
void finish_delete(Turn& turn, IkeSa& sa, const Received& response);
/// SaAction::await_delete: the peer has rekeyed the SA, so its Delete is the peer's. Ours comes when that does not.
void await_delete(Turn& turn, IkeSa& sa);
/// Tells the peer once, without waiting for it, and closes: for an end that cannot wait.
void leave(Turn& turn, IkeSa& sa, Ending ending);

/// Half-closes a child: its Delete goes out in turn, and with the answer it is removed.
void delete_child(Turn& turn, IkeSa& sa, ChildSa& child, Ending ending);
/// Nothing more is sent by a child where another carries its traffic.
void retire_in_stack(Turn& turn, IkeSa& sa, ChildSa& child);
/// The same for one whose traffic another SA carries: nothing more is sent by it meanwhile.
void retire_child(Turn& turn, IkeSa& sa, ChildSa& child);
/// Removes a child here.
void remove_child(Turn& turn, IkeSa& sa, ChildSa& child, Ending ending);
/// All that stands for a dynamic tunnel: its children, or the wish for one.
void delete_tunnel(Turn& turn, IkeSa& sa, DynamicTunnelId tunnel, Ending ending);

}  // namespace adit::ike::v2
