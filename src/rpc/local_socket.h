#pragma once
// A Unix socket that a daemon serves on, and who may connect to it.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace adit::rpc {

struct LocalSocket {
  std::string path;
  /// Users whose processes may connect, root besides, and the daemon's own user where it is admitted (SO_PEERCRED).
  /// Nothing: whoever the file's permissions let in; they are 0660.
  std::optional<std::vector<uid_t>> users;
  enum class OwnUser : std::uint8_t { admitted, as_others } own_user = OwnUser::admitted;
};

}  // namespace adit::rpc
