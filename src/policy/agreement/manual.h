#pragma once
// Manual tunnels: nothing is negotiated, so all that an IpManVpnAction here says must be said crossed by one there.

#include <memory>
#include <vector>

#include "policy/agreement/outcome.h"
#include "policy/model.h"

namespace adit::policy::agreement {

/// The manual tunnels that are installed, each once, in the order of the rules that lead to them.
std::vector<std::shared_ptr<const ManVpnAction>> manual_tunnels(const FilterPolicy& policy);

/// What this side sends by a tunnel, held against what the other takes: the ends, the SPIs, protocol, algorithms and
/// mode, the keys, and each outbound filter that leads to the tunnel. Keys are compared in constant time, and not
/// shown.
Outcome play_manual(const PolicySnapshot& sender, const ManVpnAction& tunnel, const PolicySnapshot& receiver);

}  // namespace adit::policy::agreement
