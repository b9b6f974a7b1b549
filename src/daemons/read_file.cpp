#include "daemons/read_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace adit::daemons {

std::expected<std::string, std::string> read_file(const std::string& path) {
  // What is no file has no size, and may keep its reader waiting for ever.
  std::error_code unknown;
  const auto status = std::filesystem::status(path, unknown);
  if (std::filesystem::is_directory(status)) return std::unexpected{std::string{"is a folder"}};
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return std::unexpected{std::string{"is no regular file"}};
  }
  std::ifstream file{path, std::ios::binary | std::ios::ate};
  if (!file) return std::unexpected{std::string{std::strerror(errno)}};
  const std::streamoff size = file.tellg();
  if (size < 0) return std::unexpected{std::string{"is no file"}};
  if (static_cast<std::size_t>(size) > largest_file) return std::unexpected{std::string{"is larger than 64 MiB"}};
  std::string text(static_cast<std::size_t>(size), '\0');
  file.seekg(0);
  if (!file.read(text.data(), size)) return std::unexpected{std::string{"cannot be read"}};
  return text;
}

}  // namespace adit::daemons
