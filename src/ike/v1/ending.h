#pragma once
// How SAs of IKEv1 end. A Delete has no answer (RFC 2408 §3.15, §5.15), so it is sent a few times, and what it names is
// gone here at once.

#include "ike/v1/turn.h"

namespace adit::ike::v1 {

/// A negotiation has come to nothing: one message, and the SA is gone.
void fail(Turn& turn, Phase1Sa& sa, const std::string& reason);
/// Phase1Action::give_up: nobody answers, or nobody is to be told.
void give_up(Turn& turn, Phase1Sa& sa);
/// Ends an SA here without a word. Its phase 2 SAs go over to another phase 1 SA with the same peer, where the end is
/// not one that takes them along and there is one.
void close(Turn& turn, Phase1Sa& sa, Ending ending);

/// Lets Phase1Event::delete_wanted happen.
void want_delete(Turn& turn, Phase1Sa& sa, Ending ending);
/// Phase1Action::start_delete.
void start_delete(Turn& turn, Phase1Sa& sa);
/// The peer has deleted it. Its keys stay for a while: the Deletes of phase 2 SAs may come after its own.
void end_by_peer(Turn& turn, Phase1Sa& sa);
/// Lingers on with the phase 2 SAs that wait for its heir.
void await_heir(Turn& turn, Phase1Sa& sa);
/// Tells the peer once and closes: for an end that cannot wait.
void leave(Turn& turn, Phase1Sa& sa, Ending ending);

/// Tells the peer and removes a phase 2 SA.
void delete_child(Turn& turn, Phase1Sa& sa, contract::ChildSaName name, Ending ending);
/// Removes a phase 2 SA here.
void remove_child(Turn& turn, Phase1Sa& sa, contract::ChildSaName name, Ending ending);
/// All that stands for a dynamic tunnel: its children, and the wish for one.
void delete_tunnel(Turn& turn, Phase1Sa& sa, DynamicTunnelId tunnel, Ending ending);

}  // namespace adit::ike::v1
