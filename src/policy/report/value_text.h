#pragma once
// The value of an attribute as its file has it, without comment and without keys.

#include <string>

#include "policy/source_lines.h"
#include "policy/syntax.h"

namespace adit::policy::report {

/// Empty for a block. A key, or part of one, is `***`.
std::string value_text(const Entry& entry, const SourceLines& lines);

}  // namespace adit::policy::report
