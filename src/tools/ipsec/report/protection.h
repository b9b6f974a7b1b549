#pragma once
// The fields of an entry that say how a pair of SAs protects: dynamic and manual tunnels have the same.

#include "contract/child_sa.h"
#include "ike/engine/views.h"
#include "tools/ipsec/report/entry.h"

namespace adit::tools::ipsec {

/// HowToAuth and HowToEncrypt with their algorithms and SPIs. `ah`: of AH around ESP, which has SPIs of its own.
void add_protection(Entry& entry, const contract::ChildTransforms& transforms, InboundSpi inbound, OutboundSpi outbound,
                    const std::optional<ike::AhSpis>& ah = {});

}  // namespace adit::tools::ipsec
