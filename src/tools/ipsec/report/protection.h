#pragma once
// The fields of an entry that say how a pair of SAs protects: dynamic and manual tunnels have the same.

#include "contract/child_sa.h"
#include "tools/ipsec/report/entry.h"

namespace adit::tools::ipsec {

/// HowToAuth and HowToEncrypt with their algorithms and SPIs.
void add_protection(Entry& entry, const contract::ChildTransforms& transforms, InboundSpi inbound,
                    OutboundSpi outbound);

}  // namespace adit::tools::ipsec
