#pragma once
// Sees that files have changed: by looking at them every so often, or, with `-i`, when the kernel says so.

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "daemons/event_loop.h"

namespace adit::daemons::pagent {

class FileWatch {
 public:
  /// Changes that follow each other within this time are one: an editor writes a file in several steps.
  static constexpr std::chrono::milliseconds settling{200};

  FileWatch(EventLoop& loop, std::function<void()> changed);

  /// From now on not only every so often; before the first watch(). An error is told for the operator.
  std::expected<void, std::string> react_at_once();
  /// Takes the place of the files watched before. They were read from `begun` on: what has changed since counts as
  /// changed after it was read.
  void watch(const std::vector<std::string>& files, WallTime begun, Seconds interval);
  /// More files besides; those that are watched already stay as they were seen.
  void watch_also(const std::vector<std::string>& files, WallTime begun);
  /// The same files again, read from `begun` on.
  void go_on(WallTime begun);
  /// True when a file is another than it was when it was read, or may be.
  bool has_changed() const;

 private:
  /// What tells one content of a file from another without reading it.
  struct Stamp {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t changed_s = 0, changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  static Stamp stamp_of(const std::string& file);
  static Stamp stamp_of_read(const std::string& file, WallTime begun);

  void watch_folders();
  void look_again();
  void await_events();
  void take_events(std::size_t octets);

  boost::asio::steady_timer interval_timer_, settling_timer_;
  boost::asio::posix::stream_descriptor events_;
  std::function<void()> changed_;
  std::map<std::string, Stamp> files_;
  Seconds interval_{};
  std::map<int, std::set<std::string>> names_;  // by watch descriptor of a folder: its files that count
  alignas(8) char buffer_[16 * 1024]{};
};

}  // namespace adit::daemons::pagent
