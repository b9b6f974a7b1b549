#pragma once
// How work from gRPC's threads gets onto the one thread of a daemon: the daemon says how.

#include <functional>

namespace adit::rpc {

using Task = std::move_only_function<void()>;
/// Called from any thread; runs the task later on the daemon's own, tasks in order.
using Post = std::function<void(Task)>;

}  // namespace adit::rpc
