#pragma once
// What policies name outside their text, on this host: key files, and hosts by name.

#include <string>
#include <vector>

#include "base/time.h"
#include "policy/surroundings.h"

namespace adit::daemons::pagent {

/// Key files alone: whether a file is sound does not depend on a name server.
policy::Surroundings key_files();

/// What a policy that was read has named.
struct Named {
  std::vector<std::string> files;  ///< key files, as they are opened
  WallTime begun{};                ///< when the reading of them began
  bool is_missing = false;         ///< a file could not be read, or a host not be found: another time it may
};

/// For a policy that is to run: hosts are looked up, too, when it is read.
policy::Surroundings this_host(Named& named);

/// For a policy that a policy server gave: its paths have no folder to start at, and are absolute.
policy::Surroundings this_host_for_central_policy(Named& named);

}  // namespace adit::daemons::pagent
