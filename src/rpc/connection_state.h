#pragma once
// What a client tells its daemon of its connection, for the log and for those who depend on it.

#include <functional>
#include <string>

namespace adit::rpc {

struct ConnectionCallbacks {
  std::function<void()> up;
  std::function<void(const std::string& reason)> down;  ///< it was up; the client tries again by itself
};

}  // namespace adit::rpc
