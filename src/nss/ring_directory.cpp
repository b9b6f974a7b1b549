#include "nss/ring_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>

namespace adit::nss {
namespace {

struct Folder {
  RingPlace place;
  std::string_view name;
};
constexpr Folder folders[] = {
    {RingPlace::certificate, "certs"},
    {RingPlace::private_key, "private"},
    {RingPlace::authority, "ca"},
    {RingPlace::revocation_list, "crls"},
};

std::string reason_of(int error) { return std::system_category().message(error); }

class Descriptor {
 public:
  explicit Descriptor(int value) : value_{value} {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int value() const { return value_; }

 private:
  int value_;
};

// Judges the file that was opened, not the name: between two looks at a name another file may take it.
std::expected<Secret, std::string> read_file(const std::filesystem::path& path, RingPlace place) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (file.value() < 0) return std::unexpected{reason_of(errno)};
  struct stat status{};
  if (::fstat(file.value(), &status) != 0) return std::unexpected{reason_of(errno)};
  if (!S_ISREG(status.st_mode)) return std::unexpected{"is no regular file"};
  if (place == RingPlace::private_key && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return std::unexpected{fmt::format(
        "mode {:04o} opens a private key to others than its owner; expected 0600 or 0400", status.st_mode & 07777)};
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > largest_ring_file)
    return std::unexpected{fmt::format("has {} octets; {} are the most", size, largest_ring_file)};

  Secret octets{size};
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t count = ::read(file.value(), octets.reveal_to_fill().data() + filled, size - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::unexpected{reason_of(errno)};
    if (count == 0) return std::unexpected{"grew shorter while it was read"};
    filled += static_cast<std::size_t>(count);
  }
  return octets;
}

class Reading {
 public:
  explicit Reading(const std::filesystem::path& directory) : directory_{directory} {}

  void read(const Folder& folder) {
    std::error_code error;
    const std::filesystem::path at = directory_ / folder.name;
    if (!std::filesystem::exists(at, error) && !error) return;
    std::vector<std::filesystem::path> paths;
    std::filesystem::directory_iterator entry{at, error};
    // Not by range-for, whose increment throws.
    for (; !error && entry != std::filesystem::directory_iterator{}; entry.increment(error))
      if (!entry->path().filename().string().starts_with('.')) paths.push_back(entry->path());
    if (error) return report(std::string{folder.name}, error.message());
    std::ranges::sort(paths);
    for (const std::filesystem::path& path : paths) read_entry(folder, path);
  }

  std::vector<RingFile> files;
  std::vector<RingProblem> problems;

 private:
  void report(std::string file, std::string reason) {
    problems.push_back({.file = std::move(file), .reason = std::move(reason)});
  }

  void read_entry(const Folder& folder, const std::filesystem::path& path) {
    std::string name = fmt::format("{}/{}", folder.name, path.filename().string());
    if (path.extension() != ".pem" && path.extension() != ".der")
      return report(std::move(name), "has another ending than .pem or .der");
    auto octets = read_file(path, folder.place);
    if (!octets) return report(std::move(name), octets.error());
    files.push_back(
        {.place = folder.place, .label = path.stem().string(), .name = std::move(name), .octets = std::move(*octets)});
  }

  std::filesystem::path directory_;
};

}  // namespace

std::expected<std::shared_ptr<const KeyRing>, std::vector<RingProblem>> load_directory(
    const std::filesystem::path& directory) {
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error))
    return std::unexpected{
        std::vector{RingProblem{.file = directory.string(), .reason = error ? error.message() : "is no directory"}}};
  Reading reading{directory};
  for (const Folder& folder : folders) reading.read(folder);
  // The readable files are judged too, so that one attempt shows all there is to mend.
  auto ring = KeyRing::build(reading.files);
  if (reading.problems.empty()) return ring;
  if (!ring) std::ranges::copy(ring.error(), std::back_inserter(reading.problems));
  return std::unexpected{std::move(reading.problems)};
}

}  // namespace adit::nss
