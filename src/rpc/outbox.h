#pragma once
// What waits to be written to a stream. While a message is on its way, what comes waits here, and then goes into one
// message together: a message costs its system calls once, whatever it holds.

#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

namespace adit::rpc {

/// Batch is a message with a repeated field `items`. Any thread may call.
template <class Batch>
class Outbox {
 public:
  using Item = typename std::decay_t<decltype(std::declval<Batch>().items())>::value_type;
  static constexpr std::size_t largest_batch = 256;        ///< items in one message
  static constexpr std::size_t most_waiting = 256 * 1024;  ///< items; a peer that reads slower than this is cut off

  /// False when too many wait already.
  bool push(Item item) {
    const std::lock_guard lock{mutex_};
    if (waiting_.size() >= most_waiting) return false;
    waiting_.push_back(std::move(item));
    return true;
  }
  /// Moves what waits, or the first of it, into an empty message; false when nothing does.
  bool fill(Batch& batch) {
    const std::lock_guard lock{mutex_};
    if (waiting_.empty()) return false;
    for (std::size_t count = 0; count < largest_batch && !waiting_.empty(); ++count) {
      *batch.add_items() = std::move(waiting_.front());
      waiting_.pop_front();
    }
    return true;
  }
  void clear() {
    const std::lock_guard lock{mutex_};
    waiting_.clear();
  }

 private:
  std::mutex mutex_;
  std::deque<Item> waiting_;
};

}  // namespace adit::rpc
