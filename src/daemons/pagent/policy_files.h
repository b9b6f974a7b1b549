#pragma once
// From pagent.conf to what pagent does: which stacks it names and what the policy files of each say, which stacks get
// theirs from a policy server, and whose policies it hands out itself.

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/time.h"
#include "policy/config_central.h"
#include "policy/diagnostic.h"
#include "rpc/tls_credentials.h"

namespace adit::daemons::pagent {

struct StackPolicy {
  StackName stack;
  std::string files;             ///< as the log names them
  policy::PolicyPointer policy;  ///< null: the diagnostics say why not
  std::size_t errors = 0;
};

/// A stack whose policy comes from a policy server.
struct RemoteStack {
  StackName stack;
  std::string client;  ///< ClientName
  policy::ServerConnection servers;
  rpc::TlsCredentials tls;
  bool operator==(const RemoteStack&) const = default;
};

/// What a policy client gets here.
struct ServedClient {
  std::string name, tls_identity;
  std::string files;                     ///< as the log names them
  std::shared_ptr<const Secret> source;  ///< octets of a policy::PolicySource; null: the files have errors
  std::size_t errors = 0;
};

struct ServerRole {
  rpc::TlsListening at;
  rpc::TlsCredentials tls;
  std::vector<ServedClient> clients;
};

struct ReadConfiguration {
  std::vector<StackPolicy> policies;  ///< of the stacks whose policy is in files
  std::vector<RemoteStack> remote;
  std::optional<ServerRole> serves;
  std::vector<std::string> files;  ///< all that were read, pagent.conf first
  WallTime begun{};                ///< when the reading of them began
  Seconds check_interval{};        ///< the shortest that a TcpImage asks for
  bool is_missing = false;         ///< a file could not be read, or a host not be found: worth another attempt
};

/// Why there is no configuration.
enum class Unread : std::uint8_t {
  wrong,    ///< pagent.conf has mistakes: another attempt finds them again
  missing,  ///< it could not be read, or a TLS file that it names could not be used: worth another attempt
};

/// What is wrong with a file is logged.
std::expected<ReadConfiguration, Unread> read_configuration(const std::string& configuration);

}  // namespace adit::daemons::pagent
