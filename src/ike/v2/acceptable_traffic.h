#pragma once
// What the operator reads beside traffic selectors that no rule covers.

#include <string>

#include "policy/model.h"

namespace adit::ike::v2 {

/// The selectors of the rules with an IpDynVpnAction, the first few in order of search: "10.1.0.0/24 here, 10.2.0.0/24
/// there (IpFilterRule nets)".
std::string acceptable_traffic(const policy::PolicyPointer& policy);

}  // namespace adit::ike::v2
