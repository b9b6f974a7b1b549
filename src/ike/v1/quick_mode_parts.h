#pragma once
// What both sides of quick mode share.

#include "ike/v1/quick_mode.h"

namespace adit::ike::v1 {

/// IKEv1 names one selector of each side (RFC 2409 §5.5): its wishes and SAs have no more.
policy::SelectorPair selectors_of(const policy::Traffic& traffic);
/// What RemoteIdentity of a filter is compared with: nothing without FilterByIdentity.
std::optional<Identity> identity_for_filtering(const Phase1Sa& sa);
Phase2Terms terms_of(const Phase1Sa& sa, const policy::SelectorPair& selectors, GroupId group);
/// Sends a message of the quick mode, to be repeated until the peer answers.
void send_and_repeat(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode, ByteString octets);
/// In UDP and transport mode the peer is told both addresses as they are here, the initiator's of the quick mode first
/// (RFC 3947 §5.2). `role`: ours in it.
void add_original_addresses(wire::v1::Payloads& payloads, const Phase1Sa& sa, Role role);
/// Computes g(qm)^xy; false when the peer's value is not good, or missing.
bool derive_shared(QuickMode& quick_mode, const wire::v1::Payloads& payloads);
/// Draws what this end is to receive by (RFC 2408 §2.4): two SPIs where it may come to AH around ESP.
void draw_spis(Turn& turn, QuickMode& quick_mode, const policy::DynVpnAction& action, const Phase2Terms& terms);
/// Gives back AH's, where what was chosen is one protocol alone.
void keep_chosen_spis(Turn& turn, QuickMode& quick_mode);
/// Gives back what nothing has come of.
void release_spis(Turn& turn, QuickMode& quick_mode);
/// All messages are there: the stack is asked, but for a peer that has set the commit bit only after its CONNECTED.
void conclude(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode);
/// Adds the phase 2 SA and asks the stack to install it.
void install(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode);
/// The stack has it and the peer knows of it.
void become_active(Turn& turn, Phase1Sa& sa, ChildSa& child);
/// HASH(3) of RFC 2409 §5.5: prf(SKEYID_a, 0 | M-ID | Ni_b | Nr_b)
ByteString third_hash(const Phase1Sa& sa, const QuickMode& quick_mode);

void answer_quick_mode(Turn& turn, Phase1Sa& sa, const Received& message);
void take_quick_mode_answer(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode, const Received& message);
void take_quick_mode_confirmation(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode, const Received& message);
void send_confirmation(Turn& turn, Phase1Sa& sa, QuickMode& quick_mode);
void finish(Turn& turn, QuickMode& quick_mode);

}  // namespace adit::ike::v1
