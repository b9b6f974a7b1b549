#pragma once
// Hands values from any thread to one that waits on a file descriptor. The receiver locks only when it has been told
// that something is there, so a packet never waits for a lock.

#include <sys/eventfd.h>

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "stack/user/file_descriptor.h"

namespace adit::stack::user {

template <class Value>
class Mailbox {
 public:
  Mailbox() : event_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {}

  /// Readable while something is there.
  int fd() const { return event_.number(); }

  void put(Value value) {
    const std::scoped_lock lock{mutex_};
    values_.push_back(std::move(value));
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(fd(), &one, sizeof one);  // the counter cannot overflow
  }
  std::vector<Value> take() {
    const std::scoped_lock lock{mutex_};
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(fd(), &count, sizeof count);
    return std::exchange(values_, {});
  }

 private:
  FileDescriptor event_;
  std::mutex mutex_;
  std::vector<Value> values_;
};

}  // namespace adit::stack::user
