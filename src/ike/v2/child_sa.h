#pragma once
// A Child SA (RFC 7296 §1.3) as the engine keeps it, and the wish for one that is not negotiated yet.

#include <memory>
#include <optional>
#include <string>

#include "contract/child_sa.h"
#include "ike/engine/views.h"
#include "ike/v2/nonce_rank.h"
#include "ike/v2/rule_choice.h"
#include "ike/v2/turn.h"
#include "policy/match.h"

namespace adit::ike::v2 {

/// A Child SA that this side wants to start. It waits until the IKE SA is up and its turn has come.
struct ChildWish {
  contract::ChildSaName name;
  std::optional<contract::ChildSaName> rekeys;  ///< the Child SA of the same IKE SA that it is to replace
  FilterPointer filter;                         ///< the anchor
  policy::Traffic traffic;                      ///< what to ask for
  std::optional<policy::SelectorPair> first;    ///< of the packet that asks (RFC 7296 §2.9); they lie in `traffic`
  std::string local_dyn_vpn_rule;               ///< or empty
  Activation activation{};
  std::optional<GroupId> group;  ///< for PFS, where the peer asked for another than InitiateWithPfs
  unsigned put_off = 0;          ///< times the peer answered TEMPORARY_FAILURE
};

struct ChildSa {
  contract::ChildSaName name;
  ChildState state{};
  Activation activation{};
  contract::EncapsulationMode mode{};
  bool installed = false;          ///< the stack has it
  bool delete_sent = false;        ///< with ChildState::half_closed
  bool retired = false;            ///< the stack sends no more by it
  bool superseded = false;         ///< the peer has rekeyed it, and is to delete it; IKEv1: another is current
  bool carried_over = false;       ///< the IKE SA that reauthenticates its IKE SA has been asked to carry its traffic
  bool rekey_put_off = false;      ///< once, for a reauthentication under way
  bool lifesize_reached = false;   ///< the soft one
  bool usage_asked = false;        ///< the stack is asked whether it is worth a rekey
  Ending ending = Ending::failed;  ///< of a half-closed one
  InboundSpi inbound_spi;
  OutboundSpi outbound_spi;
  std::optional<AhSpis> ah;  ///< IKEv1: AH around ESP
  contract::ChildTransforms transforms;
  GroupId group = GroupId::none;  ///< of PFS; the IKE SA's for the first
  policy::Traffic traffic;
  FilterPointer filter;
  std::shared_ptr<const policy::DataOffer> offer;  ///< inside the filter's snapshot
  std::string local_dyn_vpn_rule;
  std::uint64_t lifesize_kbytes = 0;  ///< agreed on (IKEv1), else the offer's; 0: none
  Seconds lifetime{0};                ///< likewise
  std::optional<contract::UdpEncapsulation> udp;
  Role creator{};                                 ///< initiator: our request made it
  NonceRank rank;                                 ///< of the exchange that made it
  NonceRank first_rank;                           ///< of the exchange that made the first of those it replaces in turn
  std::optional<contract::ChildSaName> replaces;  ///< by a rekey; it is there until its Delete is answered
  std::optional<contract::ChildSaName>
      replaced_by;                          ///< IKEv1: for sure by one of this end, it seems by one of the peer
  std::uint64_t sent_packets = 0;           ///< as the stack last told
  std::optional<Instant> refresh_at;        ///< the soft lifetime's end: it is rekeyed then
  std::optional<Instant> doubled_at;        ///< when a second SA for the same traffic is looked into
  Instant up_at;                            ///< IKEv1: when it became active
  Instant expires_at, vpn_life_expires_at;  ///< vpn_life: Instant::max() without end
};

}  // namespace adit::ike::v2
