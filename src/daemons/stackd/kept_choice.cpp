#include "daemons/stackd/kept_choice.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace adit::daemons::stackd {
namespace {

std::unexpected<std::string> failure(std::string_view attempted, const std::string& path) {
  return std::unexpected{fmt::format("{} {}: {}", attempted, path, std::strerror(errno))};
}

/// What was done to the names in a folder outlives a host that stops now.
std::expected<void, std::string> sync(const std::string& path) {
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return failure("open", path);
  const bool is_synced = ::fsync(folder) == 0;
  const int reason = errno;
  ::close(folder);
  errno = reason;
  if (!is_synced) return failure("fsync", path);
  return {};
}

}  // namespace

rpc::FilterChoice KeptChoice::find() const {
  struct stat status{};
  return ::lstat(file_.c_str(), &status) == 0 ? rpc::FilterChoice::default_filter : rpc::FilterChoice::policy;
}

std::expected<void, std::string> KeptChoice::keep(rpc::FilterChoice choice) const {
  if (choice == rpc::FilterChoice::policy) {
    if (::unlink(file_.c_str()) != 0) {
      if (errno == ENOENT) return {};
      return failure("unlink", file_);
    }
    return sync(folder_);
  }
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return failure("mkdir", folder_);
  const int file = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return failure("open", file_);
  ::close(file);
  return sync(folder_);
}

}  // namespace adit::daemons::stackd
