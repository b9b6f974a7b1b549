#include "daemons/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace adit::daemons {
namespace {

std::unexpected<std::string> failure() { return std::unexpected{std::string{std::strerror(errno)}}; }

std::expected<std::string, std::string> read_open(int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return failure();
  if (S_ISDIR(status.st_mode)) return std::unexpected{std::string{"is a folder"}};
  if (!S_ISREG(status.st_mode)) return std::unexpected{std::string{"is no regular file"}};
  if (static_cast<std::size_t>(status.st_size) > largest_file) {
    return std::unexpected{std::string{"is larger than 64 MiB"}};
  }
  // Straight into its place: a stream's buffer would keep a copy of the keys in it.
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t count = 0;
  while (count < text.size()) {
    const ssize_t got = ::read(file, text.data() + count, text.size() - count);
    if (got < 0 && errno == EINTR) continue;
    if (got > 0) {
      count += static_cast<std::size_t>(got);
      continue;
    }
    const auto reason = got < 0 ? failure() : std::unexpected{std::string{"became shorter while it was read"}};
    explicit_bzero(text.data(), text.size());
    return reason;
  }
  return text;
}

}  // namespace

std::expected<std::string, std::string> read_file(const std::string& path) {
  // What is no file may keep who opens it waiting for ever.
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return failure();
  auto text = read_open(file);
  ::close(file);
  return text;
}

}  // namespace adit::daemons
