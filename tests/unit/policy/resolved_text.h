#pragma once
// A resolved policy as lines of text, one an object: what a statement's table of tests compares.

#include <map>
#include <string>
#include <vector>

#include "policy/model.h"

namespace adit::policy {

/// The fields of one object, in the order of the model.
using Fields = std::vector<std::pair<std::string, std::string>>;

/// Each object of the policy by its name: `r.1` the first filter of rule r, `vpn v offer 2`, `ike rule k`.
std::map<std::string, Fields> resolved(const PolicySnapshot& policy);

/// What is said now and was not before, one object a line: `r.1 source=10.0.0.1 protocol=6`; `no r.2` for what is gone.
std::vector<std::string> difference(const std::map<std::string, Fields>& before,
                                    const std::map<std::string, Fields>& now);

}  // namespace adit::policy
