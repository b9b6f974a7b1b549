#pragma once
// Posts tasks that are dropped once their owner has gone: what gRPC's threads posted last must not run after it, and
// what such a task owes to gRPC is settled by its destructor, so that nobody waits for a task that never runs.

#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "rpc/post.h"

namespace adit::rpc {

/// A member of the owner, which is destroyed on the thread that runs the tasks.
class GuardedPost {
 public:
  explicit GuardedPost(Post post) : post_{std::move(post)}, queue_{std::make_shared<Queue>()} {}
  ~GuardedPost() { close(); }
  GuardedPost(const GuardedPost&) = delete;
  GuardedPost& operator=(const GuardedPost&) = delete;

  void operator()(Task task) {
    {
      const std::lock_guard lock{queue_->mutex};
      if (queue_->closed) return;
      queue_->tasks.push_back(std::move(task));
    }
    post_([queue = queue_] {
      if (Task next = queue->take()) next();
    });
  }

  /// Drops what waits, and what comes later.
  void close() {
    std::deque<Task> dropped;
    const std::lock_guard lock{queue_->mutex};
    queue_->closed = true;
    dropped.swap(queue_->tasks);
  }

 private:
  struct Queue {
    std::mutex mutex;
    std::deque<Task> tasks;
    bool closed = false;

    Task take() {
      const std::lock_guard lock{mutex};
      if (tasks.empty()) return {};
      Task next = std::move(tasks.front());
      tasks.pop_front();
      return next;
    }
  };

  Post post_;
  std::shared_ptr<Queue> queue_;
};

}  // namespace adit::rpc
