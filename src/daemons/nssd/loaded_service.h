#pragma once
// From nssd.conf to a certificate service: the configuration, the key ring's files, the TLS files. All or nothing, so
// that a refresh that fails changes nothing.

#include <optional>
#include <string>

#include "nss/service.h"
#include "policy/config_nssd.h"
#include "rpc/tls_credentials.h"

namespace adit::daemons::nssd {

struct LoadedService {
  policy::NssdConfig configuration;
  nss::Service service;
  rpc::TlsCredentials tls;
};

/// What is wrong is logged.
std::optional<LoadedService> load_service(const std::string& configuration);

}  // namespace adit::daemons::nssd
