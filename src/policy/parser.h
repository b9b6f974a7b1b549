#pragma once
// Statements, braces and attributes of one file, by the table of keywords (docs/policy.md, "How a file is written").
// All mistakes of a file are told at once: after each, reading goes on with the next line or statement.

#include <optional>

#include "policy/findings.h"
#include "policy/syntax.h"

namespace adit::policy {

/// Reads a file whose top is described by `root` (policy_file, pagent_file, …). The result borrows the file's name.
Statement parse_file(StatementId root, const SourceFile& file, Compat compat, Findings& findings);

/// What a policy file says of Compat, which stands before its statements. Nothing: not a word. Mistakes are left to
/// parse_file().
std::optional<Compat> compat_of(const SourceFile& file);

}  // namespace adit::policy
