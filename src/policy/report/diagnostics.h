#pragma once
// `pagent --check --json`: the mistakes of a file for editors and build systems.

#include <span>
#include <string>

#include "policy/diagnostic.h"

namespace adit::policy::report {

/// {"file":…,"errors":n,"warnings":n,"diagnostics":[{"severity","at","problem","found","expected","nearest"},…]}. Keys
/// are never in it: diagnostics hold none.
std::string diagnostics_json(const std::string& file, std::span<const Diagnostic> diagnostics);

}  // namespace adit::policy::report
