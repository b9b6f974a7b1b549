#pragma once
// How often an attribute may stand in a statement: once or again, alone or beside another that means the same.

#include "policy/findings.h"
#include "policy/syntax.h"

namespace adit::policy {

/// Reports what is missing, given twice, or excluded by another attribute of the statement.
void check_occurrences(const Statement& statement, Findings& findings);

}  // namespace adit::policy
