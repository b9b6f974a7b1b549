#include "daemons/pagent/surroundings.h"

#include <netdb.h>
#include <strings.h>

#include <filesystem>
#include <memory>

#include "daemons/read_file.h"

namespace adit::daemons::pagent {
namespace {

/// Octets of the longest key file: a key of 900 characters, and comments.
constexpr std::size_t longest_key_file = 16384;

std::string path_of(const std::string& named_in, const std::string& path) {
  return (std::filesystem::path{named_in}.parent_path() / path).lexically_normal().string();
}

std::expected<Secret, std::string> read_key_file(const std::string& path) {
  std::error_code unknown;
  using std::filesystem::perms;
  const perms mode = std::filesystem::status(path, unknown).permissions();
  if (!unknown && (mode & perms::others_read) != perms::none) {
    return std::unexpected{std::string{"every user may read it; expected mode 0640 or less"}};
  }
  auto text = read_file(path);
  if (!text) return std::unexpected{text.error()};
  Secret key{as_bytes(*text)};
  explicit_bzero(text->data(), text->size());
  if (key.size() > longest_key_file) return std::unexpected{std::string{"is no key file: larger than 16 KiB"}};
  return key;
}

/// The system's first answer: it orders them by reach (RFC 6724).
std::optional<IpAddress> address_of(const std::string& host) {
  const addrinfo wanted{.ai_flags = AI_ADDRCONFIG,
                        .ai_family = AF_UNSPEC,
                        .ai_socktype = SOCK_DGRAM,
                        .ai_protocol = 0,
                        .ai_addrlen = 0,
                        .ai_addr = nullptr,
                        .ai_canonname = nullptr,
                        .ai_next = nullptr};
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0) return std::nullopt;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> answers{found, freeaddrinfo};
  char text[NI_MAXHOST];
  if (getnameinfo(answers->ai_addr, answers->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0) {
    return std::nullopt;
  }
  return IpAddress::parse(text);
}

}  // namespace

policy::Surroundings key_files() {
  policy::Surroundings around;
  around.read_key_file = [](const std::string& named_in, const std::string& path) {
    return read_key_file(path_of(named_in, path));
  };
  return around;
}

policy::Surroundings this_host(Named& named) {
  policy::Surroundings around;
  around.read_key_file = [&named](const std::string& named_in, const std::string& path) {
    named.files.push_back(path_of(named_in, path));
    auto key = read_key_file(named.files.back());
    named.is_missing |= !key;
    return key;
  };
  around.address_of = [&named](const std::string& host) {
    const auto address = address_of(host);
    named.is_missing |= !address;
    return address;
  };
  return around;
}

policy::Surroundings this_host_for_central_policy(Named& named) {
  policy::Surroundings around = this_host(named);
  around.read_key_file = [read = std::move(around.read_key_file)](
                             const std::string& named_in,
                             const std::string& path) -> std::expected<Secret, std::string> {
    if (!path.starts_with('/')) return std::unexpected{std::string{"central policy names it, and not from /"}};
    return read(named_in, path);
  };
  return around;
}

}  // namespace adit::daemons::pagent
