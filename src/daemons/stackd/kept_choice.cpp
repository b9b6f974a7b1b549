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

}  // namespace

rpc::FilterChoice KeptChoice::find() const {
  struct stat status{};
  return ::lstat(file_.c_str(), &status) == 0 ? rpc::FilterChoice::default_filter : rpc::FilterChoice::policy;
}

std::expected<void, std::string> KeptChoice::keep(rpc::FilterChoice choice) const {
  if (choice == rpc::FilterChoice::policy) {
    if (::unlink(file_.c_str()) != 0 && errno != ENOENT) return failure("unlink", file_);
    return {};
  }
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return failure("mkdir", folder_);
  const int file = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return failure("open", file_);
  ::close(file);
  const int folder = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool is_synced = folder >= 0 && ::fsync(folder) == 0;
  if (!is_synced) return failure("fsync", folder_);
  ::close(folder);
  return {};
}

}  // namespace adit::daemons::stackd
