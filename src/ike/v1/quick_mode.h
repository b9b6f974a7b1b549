#pragma once
// Quick mode, both sides (RFC 2409 §5.5): a phase 2 SA, with PFS or without, in three messages. Each repeats its
// message until the next one comes; the third is repeated when the second comes again.

#include "ike/v1/messages.h"

namespace adit::ike::v1 {

inline constexpr std::size_t most_quick_modes =
    32;  // of the peer's under one SA, with those that are done and may be repeated

/// Starts what is wished for under an SA that is up.
void go_on(Turn& turn, Phase1Sa& sa);
/// Wishes for the successor of a phase 2 SA. False while one is on its way.
bool want_rekey(Turn& turn, Phase1Sa& sa, ChildSa& child);

void receive_quick_mode(Turn& turn, Phase1Sa& sa, const Datagram& datagram, const wire::v1::Header& header);
void install_answered(Turn& turn, Phase1Sa& sa, const contract::InstallResult& result);
/// The peer has said no to what it was asked for.
void quick_mode_refused(Turn& turn, Phase1Sa& sa, const wire::v1::Notify& notify);
/// The peer says CONNECTED, or has been given time enough to.
void peer_is_connected(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode);
/// Nobody answers.
void quick_mode_timed_out(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode);
/// Nothing comes of a quick mode: gives back what it holds.
void abandon(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode, Ending ending);
/// Responder: the pair goes before message 3 has come. Repetitions of message 1 are dropped, and message 3 is answered
/// with the Delete, which may have overtaken message 2.
void refuse_last_message(Turn& turn, QuickMode& quick_mode);
/// Responder: the stack does not take the pair, or does not answer, before message 2 is out. The peer hears that it
/// gets none.
void refuse_prepared(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode);
bool is_busy(const Phase1Sa& sa);
/// The peer has begun a pair and is silent since: nobody should wait for that.
bool is_stalled(Phase1Sa& sa, contract::ChildSaName name);
/// When the peer has the last message of each quick mode that is done; nothing when it has: a Delete of the SA that
/// overtakes one would leave the peer without a pair that is here.
std::optional<Instant> last_message_arrives(const Phase1Sa& sa, Instant now);

}  // namespace adit::ike::v1
