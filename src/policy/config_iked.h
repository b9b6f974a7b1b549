#pragma once
// iked.conf: IkeConfig and NssStackConfig (docs/policy.md). Text in, values out.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.h"
#include "base/secret.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "policy/parsed.h"

namespace adit::policy {

/// NetworkSecurityServer(Backup) host [Port p] [Identity type value].
struct NssServer {
  std::string host;  ///< address or name
  std::uint16_t port = 4159;
  std::optional<Identity> identity;  ///< expected in the server's certificate
  SourceRange at;
  auto operator<=>(const NssServer&) const = default;
};

/// NssStackConfig: one stack as a client of the certificate server.
struct NssStack {
  StackName stack;
  std::string client_name;           ///< 1 to 24 characters; empty: not coded, `host_stack` is used
  bool certificate_service = false;  ///< ServiceType Cert
  bool management_service = false;   ///< ServiceType RemoteMgmt
  std::optional<std::string> user;   ///< UserId … AuthBy
  Secret password;                   ///< AuthBy Password; never shown
  SourceRange at;
  bool operator==(const NssStack& other) const;
};

struct IkedConfig {
  unsigned syslog_level = 1;         ///< IkeSyslogLevel
  unsigned pagent_syslog_level = 0;  ///< PagentSyslogLevel
  unsigned retries = 6;              ///< IkeRetries: retransmissions of a message
  Seconds initial_wait{2};           ///< IkeInitWait: before the first of them; then doubling
  bool fips140 = false;
  std::optional<std::string> key_ring;  ///< KeyRing: native certificate service of IKEv1; nothing: NoKeyRing
  bool echo = false;                    ///< also log to standard output
  std::optional<NssServer> server, backup_server;
  Seconds nss_wait_limit{60};  ///< for one answer
  unsigned nss_wait_retries = 3;
  Seconds pagent_wait{0};                          ///< 0: for ever
  std::vector<std::string> supported_authorities;  ///< SupportedCertAuth
  std::optional<TlsFiles> tls;                     ///< TlsCertificate, TlsKey, TlsCa: towards the certificate server
  std::vector<NssStack> stacks;                    ///< last statement for each stack

  const NssStack* find_stack(std::string_view name) const;
  bool operator==(const IkedConfig&) const = default;
};
Parsed<IkedConfig> parse_iked_config(const SourceFile& file);

}  // namespace adit::policy
