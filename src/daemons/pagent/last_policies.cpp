#include "daemons/pagent/last_policies.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace adit::daemons::pagent {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_{number} {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

std::unexpected<std::string> failure(std::string_view attempted) {
  return std::unexpected{fmt::format("{}: {}", attempted, std::strerror(errno))};
}

bool write_all(int file, Bytes octets) {
  while (!octets.empty()) {
    const ssize_t count = ::write(file, octets.data(), octets.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    octets = octets.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

bool read_all(int file, MutableBytes octets) {
  while (!octets.empty()) {
    const ssize_t count = ::read(file, octets.data(), octets.size());
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) errno = EIO;  // shorter than it was a moment ago
    if (count <= 0) return false;
    octets = octets.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

/// The octets of a file that nobody but this user can have written; nothing when there is none.
std::expected<std::optional<Secret>, std::string> read_private(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!file.is_open() && errno == ENOENT) return std::nullopt;
  if (!file.is_open()) return failure("open");
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return failure("fstat");
  if (!S_ISREG(status.st_mode)) return std::unexpected{std::string{"is no regular file"}};
  if (status.st_uid != ::geteuid()) return std::unexpected{std::string{"belongs to another user"}};
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) return std::unexpected{std::string{"is open to other users"}};
  if (static_cast<std::uint64_t>(status.st_size) > policy::PolicySource::largest) {
    return std::unexpected{std::string{"is too large"}};
  }
  Secret octets{static_cast<std::size_t>(status.st_size)};
  if (!read_all(file.get(), octets.reveal_to_fill())) return failure("read");
  return octets;
}

constexpr std::string_view ending = ".last-policy", unfinished = ".new";

/// A name of any letters as a part of a file's name, which has no dot: none is that of two names.
std::string part_of_name(const std::string& text) {
  std::string name;
  for (const char letter : text) {
    const bool is_plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                          (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
    name += is_plain ? std::string{letter} : fmt::format("%{:02x}", static_cast<unsigned char>(letter));
  }
  return name;
}

}  // namespace

std::string LastPolicies::file_of(const PolicyOwner& owner) const {
  return fmt::format("{}/{}.{}{}", folder_, part_of_name(owner.stack.text), part_of_name(owner.client), ending);
}

std::expected<void, std::string> LastPolicies::keep(const PolicyOwner& owner,
                                                    const policy::PolicySource& source) const {
  const std::string path = file_of(owner), fresh = fmt::format("{}{}", path, unfinished);
  const Secret octets = source.build();
  if (const auto there = read_private(path); there && *there && SecretView{**there} == octets) return {};
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return failure("mkdir");
  ::unlink(fresh.c_str());  // of one who was stopped while writing
  {
    const Descriptor file{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!file.is_open()) return failure("open");
    if (!write_all(file.get(), octets.reveal())) return failure("write");
    // The octets first, then the name: a host that stops in between finds the old file, whole.
    if (::fsync(file.get()) != 0) return failure("fsync");
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failure("rename");
  const Descriptor folder{::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder.is_open() || ::fsync(folder.get()) != 0) return failure("fsync of the folder");
  return {};
}

std::expected<std::optional<policy::PolicySource>, std::string> LastPolicies::find(const PolicyOwner& owner) const {
  const auto octets = read_private(file_of(owner));
  if (!octets) return std::unexpected{octets.error()};
  if (!*octets) return std::nullopt;
  auto source = policy::PolicySource::parse((*octets)->reveal());
  if (!source) {
    return std::unexpected{fmt::format("{} at octet {} is wrong", source.error().field, source.error().offset)};
  }
  return std::move(*source);
}

void LastPolicies::forget(const PolicyOwner& owner) const {
  const std::string path = file_of(owner);
  ::unlink(path.c_str());
  ::unlink(fmt::format("{}{}", path, unfinished).c_str());  // of one who was stopped while writing
}

}  // namespace adit::daemons::pagent
