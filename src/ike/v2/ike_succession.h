#pragma once
// The IKE SA that a rekey makes out of an older one (RFC 7296 §2.8, §2.18).

#include "ike/v2/ike_sa.h"
#include "ike/v2/turn.h"

namespace adit::ike::v2 {

/// What both ends agreed on.
struct Succession {
  Role role{};  ///< of this end in the exchange: the new SA's original initiator sent the request
  IkeSpi initiator_spi, responder_spi;
  IkeAlgorithms algorithms;
  RulePointer rule;
};

/// An established SA with keys of its own and message IDs from 0, between the same peers; no children yet.
IkeSa& succeed(Turn& turn, const IkeSa& old, const Succession& agreed, SecretView shared, Bytes ni, Bytes nr);

/// The rule of the policy in force for an SA whose peers are known: a refresh must fit it (docs/policy.md). Null: none.
RulePointer rule_in_force(Turn& turn, const IkeSa& sa);

/// The children of a rekeyed SA go over to its successor, and the peer, who asked for it, is to delete the old one.
void hand_over(Turn& turn, IkeSa& old, IkeSa& successor);

}  // namespace adit::ike::v2
