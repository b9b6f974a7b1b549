#pragma once
// The built-in default filter, as a policy: what is in force while no policy has come, and what `ipsec -f default`
// returns to (reference: the rules of the TCP/IP profile).

#include "policy/model.h"
#include "stack/nftables_ruleset.h"

namespace adit::stack {

/// Its rules are SYSDEFAULTRULE 1, 2, …; the implicit denies follow as in any policy.
policy::FilterPolicy default_filter(UntilPolicy choice);

}  // namespace adit::stack
