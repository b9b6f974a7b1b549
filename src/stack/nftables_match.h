#pragma once
// The conditions of one filter as an nftables expression.

#include <optional>
#include <string>

#include "policy/model.h"
#include "stack/nftables_ruleset.h"

namespace adit::stack {

/// With a blank at its end. Nothing for a filter that can match no packet: a security class that no interface has.
std::optional<std::string> match_expression(const policy::Filter& filter, const RulesetOptions& options);

}  // namespace adit::stack
