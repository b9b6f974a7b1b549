#pragma once
// The second half of a negotiation: which traffic, in which mode, protected how, and whether it can be rekeyed.

#include <vector>

#include "policy/agreement/key_exchange.h"

namespace adit::policy::agreement {

enum class IkeVersion : std::uint8_t { v1, v2 };

/// What the initiator asks for: under which of its filters, and for which traffic.
struct Wish {
  const Filter* filter = nullptr;
  SelectorPair selectors;
};

/// Plays the Child SA of IKE_AUTH (RFC 7296 §1.2, §2.9) or quick mode (RFC 2409 §5.5); adds a step for each thing
/// agreed, and stops at the first that is not.
void play_child(IkeVersion version, const Wish& wish, const Side& responder, const MetRules& rules, const Ends& ends,
                std::vector<Step>& steps);

}  // namespace adit::policy::agreement
