#pragma once
// The first half of a negotiation: which KeyExchangeRules meet, the IKE proposal, who each end is and how it proves it.

#include <vector>

#include "policy/agreement/outcome.h"
#include "policy/agreement/side.h"
#include "policy/match.h"

namespace adit::policy::agreement {

/// The rules that both ends have come to.
struct MetRules {
  const KeyExchangeRule* initiator = nullptr;
  const KeyExchangeRule* responder = nullptr;
};

/// Plays IKE_SA_INIT and IKE_AUTH (RFC 7296 §1.2) as the engine does; adds a step for each thing agreed, and stops at
/// the first that is not: the rule of the responder is then null.
MetRules play_v2(const KeyExchangeRule& rule, const Side& responder, const Ends& ends, std::vector<Step>& steps);

/// The same of phase 1 (RFC 2409 §5): Main or Aggressive, as the initiator's HowToInitiate says.
MetRules play_v1(const Side& initiator, const KeyExchangeRule& rule, const Side& responder, const Ends& ends,
                 std::vector<Step>& steps);

// Shared by both versions.
/// The responder's rule by addresses, and by identities where they are known; a step that says so when there is none.
const KeyExchangeRule* find_responder_rule(const Side& responder, const KeyExchangeSearch& known, const char* what,
                                           const KeyExchangeRule& initiator_rule, std::vector<Step>& steps);
/// Whether the responder takes the initiator's identity to be from its address; a step that says so when not.
bool accept_initiator_address(const KeyExchangeRule& initiator_rule, const KeyExchangeRule& responder_rule,
                              const Ends& ends, std::vector<Step>& steps);
/// Whether the initiator takes the responder for the peer it meant.
bool accept_responder(const KeyExchangeRule& initiator_rule, const KeyExchangeRule& responder_rule, const Ends& ends,
                      std::vector<Step>& steps);
/// Whether both have the same pre-shared key; it is never shown.
Step compare_keys(const KeyExchangeRule& initiator_rule, const KeyExchangeRule& responder_rule, std::string what);

}  // namespace adit::policy::agreement
