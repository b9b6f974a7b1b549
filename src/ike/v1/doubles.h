#pragma once
// Of several phase 2 SAs for one traffic one is current: it is refreshed, and the others go. There are several while
// one replaces another, and after both ends have made one at about the same time. IKEv1 does not say what a quick mode
// replaces (RFC 2409 §5.5): each end knows that of its own ones, and guesses it of the peer's.

#include "ike/v1/turn.h"

namespace adit::ike::v1 {

/// One has come up: what it replaces for sure, or by all appearances.
void note_what_it_replaces(Turn& turn, const Phase1Sa& sa, const ChildSa& child);
/// After one came up or went: which is the current one, and when this end deletes others. Both ends come to the same
/// one as soon as they have the same SAs, and neither deletes its own for one that the other is about to delete.
void choose_current(Turn& turn, const Phase1Sa& sa, const policy::Traffic& traffic);
/// The current one for some traffic with the peer, under whichever phase 1 SA; null when there is none.
ChildSa* current_of(Turn& turn, const Phase1Sa& sa, const policy::Traffic& traffic);

}  // namespace adit::ike::v1
