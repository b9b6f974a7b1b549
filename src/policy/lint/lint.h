#pragma once
// The linter: all that can be said of a policy that loads (docs/policy.md, "Findings of the linter").

#include <vector>

#include "policy/document.h"
#include "policy/lint/remark.h"

namespace adit::policy::lint {

/// All findings, in order of place; none when the policy does not load: its diagnostics come first. A policy of 10 000
/// plain rules takes less than a second; the work is bounded whatever the rules are (region_index.h).
std::vector<Remark> lint(const Document& document);

}  // namespace adit::policy::lint
