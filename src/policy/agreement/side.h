#pragma once
// One of the two ends: its policy, and the statements behind it (for what the policy does not carry: the values of
// IKEv1).

#include "policy/document.h"

namespace adit::policy::agreement {

struct Side {
  const PolicySnapshot& policy;
  const Origins& origins;
};

/// What an initiator and a responder know of each other while a negotiation is played.
struct Ends {
  IpAddress initiator, responder;
};

}  // namespace adit::policy::agreement
