#pragma once
// `pagent --lint FILE --against PEERFILE`: would these two policies ever agree, and on what? Each tunnel that one side
// may start is played through against the other's policy, by the same functions that decide in the daemons
// (policy/match.h).

#include <vector>

#include "policy/agreement/outcome.h"
#include "policy/agreement/side.h"

namespace adit::policy::agreement {

/// Tunnels that are played; beyond, they are not.
inline constexpr std::size_t most_tunnels = 2000;

/// One outcome for each dynamic IpFilterRule, and each LocalDynVpnRule, that the initiator may start; in order of the
/// policy; then one for each manual tunnel that it has. Where packets would say who talks to whom, the first address
/// that both the rule and a KeyExchangeRule allow stands for them. No NAT between the two is assumed, and certificates
/// are not looked at.
std::vector<Outcome> play(const Side& initiator, const Side& responder);

}  // namespace adit::policy::agreement
