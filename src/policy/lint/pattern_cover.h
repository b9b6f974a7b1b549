#pragma once
// Whether each peer that one identity pattern fits, another fits, too.

#include "policy/model.h"

namespace adit::policy::lint {

/// Never true where it is not so; false also where it is hard to tell (distinguished names with wildcards that differ).
bool covers(const IdentityPattern& wide, const IdentityPattern& narrow);

}  // namespace adit::policy::lint
