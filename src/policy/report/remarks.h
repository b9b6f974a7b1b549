#pragma once
// `pagent --lint`: what the linter found, for people and for programs.

#include <span>
#include <string>

#include "policy/lint/remark.h"

namespace adit::policy::report {

/// Each finding with its line and caret, its id in brackets, the other place, and what to do; then how many of each
/// severity.
std::string remarks_text(std::span<const lint::Remark> remarks, std::span<const SourceFile> sources);

/// {"file":…,"warnings":n,"notes":n,"findings":[{"id","severity","at","other","problem","advice"},…]}
std::string remarks_json(const std::string& file, std::span<const lint::Remark> remarks);

/// The kinds of finding as a table of docs/policy.md.
std::string kinds_table();

}  // namespace adit::policy::report
