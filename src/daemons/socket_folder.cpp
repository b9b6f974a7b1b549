#include "daemons/socket_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace adit::daemons {
namespace {

constexpr mode_t writable_by_others = S_IWGRP | S_IWOTH;

std::unexpected<std::string> failure(std::string_view attempted, const std::string& path) {
  return std::unexpected{fmt::format("{} {}: {}", attempted, path, std::strerror(errno))};
}

}  // namespace

std::expected<void, std::string> make_socket_folder(const std::string& path) {
  struct stat around{}, found{};
  const std::string parent = std::filesystem::path{path}.parent_path().string();
  if (::stat(parent.c_str(), &around) != 0) return failure("stat", parent);
  if (::mkdir(path.c_str(), 0700) == 0) {
    const mode_t mode = (around.st_mode & (S_ISGID | S_IRWXG | S_IRWXO) & ~writable_by_others) | S_IRWXU;
    if (::chmod(path.c_str(), mode) != 0) return failure("chmod", path);
  } else if (errno != EEXIST) {
    return failure("mkdir", path);
  }
  if (::lstat(path.c_str(), &found) != 0) return failure("stat", path);
  const bool is_own = found.st_uid == ::geteuid() || found.st_uid == 0;
  if (!S_ISDIR(found.st_mode) || !is_own || (found.st_mode & writable_by_others) != 0) {
    return std::unexpected{path + ": others may write there; it must be a folder of the daemon's user, mode 0750"};
  }
  return {};
}

}  // namespace adit::daemons
