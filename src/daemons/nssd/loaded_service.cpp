#include "daemons/nssd/loaded_service.h"

#include <fmt/format.h>

#include <filesystem>

#include "daemons/configuration.h"
#include "daemons/tls_files.h"
#include "nss/ring_directory.h"

namespace adit::daemons::nssd {
namespace {

/// A client is granted what its statement says, and nobody anything with Discipline IPSec Disable. Which client a
/// question comes from, Answering finds out.
nss::Grants grants_of(const policy::NssdConfig& configuration) {
  std::vector<nss::Grant> rows;
  if (!configuration.ipsec_enabled) return {};
  for (const policy::NssClientAccess& client : configuration.clients) {
    if (!client.certificate_service) continue;
    rows.push_back({.client = client.name, .sign_labels = client.sign_with, .authority_labels = client.authorities});
  }
  return nss::Grants{std::move(rows)};
}

}  // namespace

std::optional<LoadedService> load_service(const std::string& file) {
  auto configuration = load_configuration(file, policy::parse_nssd_config);
  if (!configuration) return std::nullopt;
  if (!configuration->key_ring || !configuration->tls) {
    log_unreadable(file, "KeyRing, TlsCertificate, TlsKey and TlsCa are needed");
    return std::nullopt;
  }
  const auto ring = nss::load_directory(*configuration->key_ring);
  if (!ring) {
    for (const nss::RingProblem& problem : ring.error()) {
      log::write({CatalogueId::key_ring_problem, {{"file", problem.file}, {"problem", problem.reason}}});
    }
    return std::nullopt;
  }
  auto tls = read_tls_files(*configuration->tls);
  if (!tls) return std::nullopt;
  log::write({CatalogueId::nss_configuration_complete,
              {{"file", file},
               {"ring", *configuration->key_ring},
               {"clients", fmt::to_string(configuration->clients.size())}}});
  return LoadedService{*configuration, nss::Service{*ring, grants_of(*configuration)}, std::move(*tls)};
}

}  // namespace adit::daemons::nssd
