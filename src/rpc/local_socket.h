#pragma once
// A Unix socket that a daemon serves on, and who may connect to it.

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace adit::rpc {

struct LocalSocket {
  std::string path;
  /// Users whose processes may connect, root and the daemon's own user besides (SO_PEERCRED). Nothing: whoever the
  /// file's permissions let in; they are 0660.
  std::optional<std::vector<uid_t>> users;
};

}  // namespace adit::rpc
