#pragma once
// What a daemon gives up once it has what it needs: privileges it could be tricked into using, and core dumps that
// would hold its secrets.

#include <expected>
#include <string>

namespace adit::daemons {

/// No core dump, no ptrace by others of the same user (PR_SET_DUMPABLE 0); no privilege by exec (PR_SET_NO_NEW_PRIVS).
std::expected<void, std::string> keep_secrets_in();

/// Becomes the user, with its groups, when one is named; then gives up every capability.
std::expected<void, std::string> give_up_privileges(const std::string& user);

}  // namespace adit::daemons
