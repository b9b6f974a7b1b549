#include "daemons/pagent/file_watch.h"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace adit::daemons::pagent {

FileWatch::FileWatch(EventLoop& loop, std::function<void()> changed)
    : interval_timer_{loop.context()},
      settling_timer_{loop.context()},
      events_{loop.context()},
      changed_{std::move(changed)} {}

std::expected<void, std::string> FileWatch::react_at_once() {
  const int events = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (events < 0) return std::unexpected{fmt::format("inotify: {}", std::strerror(errno))};
  events_.assign(events);
  await_events();
  return {};
}

void FileWatch::watch(const std::vector<std::string>& files, WallTime begun, Seconds interval) {
  interval_ = interval;
  files_.clear();
  for (const std::string& file : files) files_[file] = stamp_of_read(file, begun);
  look_again();
  watch_folders();
}

void FileWatch::watch_also(const std::vector<std::string>& files, WallTime begun) {
  for (const std::string& file : files) {
    if (!files_.contains(file)) files_[file] = stamp_of_read(file, begun);
  }
  watch_folders();
}

void FileWatch::watch_folders() {
  if (!events_.is_open()) return;
  // Folders, not files: an editor puts a new file in the place of the old one.
  std::map<int, std::set<std::string>> names;
  for (const auto& [file, stamp] : files_) {
    const std::filesystem::path path{file};
    const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
    const int watched = ::inotify_add_watch(events_.native_handle(), folder.c_str(),
                                            IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB);
    if (watched >= 0) names[watched].insert(path.filename().string());
  }
  for (const auto& [folder, unused] : names_) {
    if (!names.contains(folder)) ::inotify_rm_watch(events_.native_handle(), folder);
  }
  names_ = std::move(names);
}

void FileWatch::go_on(WallTime begun) {
  for (auto& [file, stamp] : files_) stamp = stamp_of_read(file, begun);
  look_again();
}

FileWatch::Stamp FileWatch::stamp_of(const std::string& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return {};
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = static_cast<std::uint64_t>(status.st_size),
          .changed_s = status.st_ctim.tv_sec,  // mode and owner, too: they decide whether it may be read and used
          .changed_ns = status.st_ctim.tv_nsec};
}

FileWatch::Stamp FileWatch::stamp_of_read(const std::string& file, WallTime begun) {
  Stamp stamp = stamp_of(file);
  // Looking up hosts may take long after a file was read, and the clock that stamps files may be a tick behind: what
  // has changed since, or about then, is read once more.
  constexpr Seconds tick{1};
  const WallTime changed{Seconds{stamp.changed_s}};
  if (stamp != Stamp{} && changed >= begun - tick) stamp.changed_ns = -1;
  return stamp;
}

bool FileWatch::has_changed() const {
  return std::ranges::any_of(files_, [](const auto& known) { return stamp_of(known.first) != known.second; });
}

void FileWatch::look_again() {
  interval_timer_.expires_after(interval_);
  interval_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    if (has_changed()) return changed_();  // which calls watch()
    look_again();
  });
}

void FileWatch::await_events() {
  events_.async_read_some(boost::asio::buffer(buffer_),
                          [this](const boost::system::error_code& failure, std::size_t octets) {
                            if (failure) return;
                            take_events(octets);
                            await_events();
                          });
}

void FileWatch::take_events(std::size_t octets) {
  bool counts = false;
  for (std::size_t at = 0; at + sizeof(inotify_event) <= octets;) {
    inotify_event event{};
    std::memcpy(&event, buffer_ + at, sizeof event);
    const char* name = buffer_ + at + sizeof event;
    const auto folder = names_.find(event.wd);
    const bool is_known = folder != names_.end() && event.len != 0 && folder->second.contains(name);
    counts |= is_known || (event.mask & IN_Q_OVERFLOW) != 0;
    at += sizeof event + event.len;
  }
  if (!counts) return;
  settling_timer_.expires_after(settling);
  settling_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) changed_();
  });
}

}  // namespace adit::daemons::pagent
