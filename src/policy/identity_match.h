#pragma once
// Comparing identities: exact ones with each other, a peer's with a pattern (docs/policy.md, "Identities").

#include <string_view>

#include "policy/model.h"

namespace adit::policy {

/// Whether two identities name the same: host names without case, distinguished names by RFC 5280 §7.1.
bool same_identity(const Identity& a, const Identity& b);

/// Whether the text of an X500dn is a sound pattern: `*`, `*,OU=x,O=y`, or a name with a `TYPE=*` in it.
bool is_name_pattern(std::string_view text);

}  // namespace adit::policy
