#include "daemons/tls_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>

#include "daemons/configuration.h"
#include "nss/key_ring.h"
#include "nss/ring_file.h"

namespace adit::daemons {
namespace {

using nss::RingFile;
using nss::RingPlace;

/// Why the file is no place for a private key; nothing when its owner alone may read it.
std::optional<std::string> why_not_private(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 || (status.st_mode & (S_IRWXG | S_IRWXO)) == 0) return std::nullopt;
  return fmt::format("mode {:04o} opens a private key to others than its owner; expected 0600 or 0400",
                     status.st_mode & 07777);
}

/// What gRPC would find wrong only when a peer connects, and then tell nobody; true when there was nothing.
bool are_sound(const policy::TlsFiles& files, const rpc::TlsCredentials& tls) {
  if (const auto trusted = nss::parse_certificates(as_bytes(tls.trusted)); !trusted) {
    log_unreadable(files.authorities, trusted.error());
    return false;
  }
  // A ring judges whether a certificate and its key belong together: this is one of that pair alone.
  const auto ring_file = [](RingPlace place, const std::string& name, const std::string& text) {
    return RingFile{.place = place, .label = "tls", .name = name, .octets = Secret{as_bytes(text)}};
  };
  const std::array pair = {ring_file(RingPlace::certificate, files.certificate, tls.certificate_chain),
                           ring_file(RingPlace::private_key, files.key, tls.private_key)};
  const auto ring = nss::KeyRing::build(pair);
  if (ring) return true;
  for (const nss::RingProblem& problem : ring.error()) log_unreadable(problem.file, problem.reason);
  return false;
}

}  // namespace

std::optional<rpc::TlsCredentials> read_tls_files(const policy::TlsFiles& files) {
  rpc::TlsCredentials tls;
  const struct {
    const std::string& path;
    std::string& text;
  } wanted[] = {
      {files.certificate, tls.certificate_chain}, {files.key, tls.private_key}, {files.authorities, tls.trusted}};
  for (const auto& [path, text] : wanted) {
    auto read = read_file(path);
    if (!read) {
      log_unreadable(path, read.error());
      return std::nullopt;
    }
    if (!read->contains("-----BEGIN ")) {
      log_unreadable(path, "is no PEM file");
      return std::nullopt;
    }
    text = std::move(*read);
  }
  if (const auto reason = why_not_private(files.key)) {
    log_unreadable(files.key, *reason);
    return std::nullopt;
  }
  if (!are_sound(files, tls)) return std::nullopt;
  return tls;
}

}  // namespace adit::daemons
