#pragma once
// The one thread of a daemon, played by a test: what is posted runs in until().

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include "rpc/post.h"

namespace adit::rpc::test {

class Loop {
 public:
  Post post() {
    return [this](Task task) {
      const std::lock_guard lock{mutex_};
      tasks_.push_back(std::move(task));
      ready_.notify_one();
    };
  }
  /// Runs tasks until the condition holds; false when it does not in time.
  bool until(const std::function<bool()>& condition, std::chrono::milliseconds most = std::chrono::seconds{10}) {
    const auto deadline = std::chrono::steady_clock::now() + most;
    while (!condition()) {
      std::unique_lock lock{mutex_};
      if (!ready_.wait_until(lock, deadline, [this] { return !tasks_.empty(); })) return false;
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
    }
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Task> tasks_;
};

}  // namespace adit::rpc::test
