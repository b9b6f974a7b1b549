#pragma once
// How long a Child SA lives: its soft limits, at which it is rekeyed (RFC 7296 §2.8), its end, and what is done about
// two SAs for the same traffic.

#include "ike/v2/ike_sa.h"
#include "ike/v2/turn.h"

namespace adit::ike::v2 {

/// When a child has to be looked at next.
std::optional<Instant> next_deadline(const ChildSa& child);
/// Does what is due for the children of an SA.
void look_at_children(Turn& turn, IkeSa& sa);

/// A soft limit is reached, or an operator wants it: a new SA is to replace the child. False while one is on its way.
bool want_rekey(Turn& turn, IkeSa& sa, ChildSa& child);
/// The stack says how much has flowed: for the decision whether an SA is worth a rekey, and for liveness.
void note_usage(Turn& turn, IkeSa& sa, ChildSa& child, const contract::ChildSaCounters& counters);

/// A rekey of ours came to nothing: the child is there still.
void rekey_failed(Turn& turn, IkeSa& sa, const contract::ChildSaName& child);
/// Our rekey was not answered with an SA, and the peer's own rekey of the child stands: it is the peer's to delete now.
bool peer_was_first(IkeSa& sa, const contract::ChildSaName& child);
/// The peer has rekeyed the same child, and its SA is the one to stay (RFC 7296 §2.8.1).
bool loses_to_rival(IkeSa& sa, const contract::ChildSaName& replaced, NonceRank ours);
/// A child that our rekey made is installed: which of the SAs goes (RFC 7296 §2.8.1).
void settle_rekey(Turn& turn, IkeSa& sa, ChildSa& made);

}  // namespace adit::ike::v2
