#include "daemons/tls_files.h"

#include "daemons/configuration.h"

namespace adit::daemons {

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
    text = std::move(*read);
  }
  return tls;
}

}  // namespace adit::daemons
