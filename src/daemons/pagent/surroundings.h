#pragma once
// What policies name outside their text, on this host: key files, and hosts by name.

#include <string>
#include <vector>

#include "policy/surroundings.h"

namespace adit::daemons::pagent {

/// Key files alone: whether a file is sound does not depend on a name server.
policy::Surroundings key_files();

/// For a policy that is to run: hosts are looked up, too, when it is read. Key files are added to `files`, as they are
/// opened.
policy::Surroundings this_host(std::vector<std::string>& files);

/// For a policy that a policy server gave: its paths have no folder to start at, and are absolute.
policy::Surroundings this_host_for_central_policy();

}  // namespace adit::daemons::pagent
