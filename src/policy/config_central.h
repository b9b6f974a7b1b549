#pragma once
// The statements of pagent.conf and of image files by which one pagent hands policies to others
// (docs/central-policy.md): who the policy servers are, which stacks ask them, and which client gets which files. Text
// in, values out.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "policy/config_reader.h"
#include "policy/parsed.h"

namespace adit::policy {

/// One policy server, as its client knows it.
struct PolicyServerHost {
  std::string host;  ///< address or name
  std::uint16_t port = 16310;
  std::string identity;  ///< a name or address that its TLS certificate must carry
  auto operator<=>(const PolicyServerHost&) const = default;
};

/// ServerConnection: the policy servers of a client.
struct ServerConnection {
  PolicyServerHost primary;
  std::optional<PolicyServerHost> backup;
  Seconds wait{5};  ///< without the primary before the backup is asked, too
  TlsFiles tls;
  auto operator<=>(const ServerConnection&) const = default;
};

/// PolicyServer with PolicyType IPSec: a stack whose policy comes from a policy server.
struct RemotePolicy {
  std::optional<std::string> client_name;  ///< nothing: not coded, `host_stack` is used
  SourceRange at;
  auto operator<=>(const RemotePolicy&) const = default;
};

/// DynamicConfigPolicyLoad with PolicyType IPSec: what one policy client gets.
struct PolicyClientAccess {
  std::string name;  ///< its ClientName, exactly
  std::string
      tls_identity;  ///< a DNS name or address of its certificate's subjectAltName, or its subject's common name
  std::optional<std::string> common, own;  ///< policy files, `*` replaced; at least one
  SourceRange at;
  auto operator<=>(const PolicyClientAccess&) const = default;
};

/// ClientConnection: this pagent is a policy server.
struct ClientConnection {
  std::uint16_t port = 0;
  std::vector<std::string> addresses;  ///< to listen on; none: all
  TlsFiles tls;
  std::vector<PolicyClientAccess> clients;  ///< last statement for each name
  auto operator<=>(const ClientConnection&) const = default;
};

std::optional<ServerConnection> server_connection_of(const Statement& top, Findings& findings);
std::optional<RemotePolicy> remote_policy_of(const Statement& top, Findings& findings);
std::optional<ClientConnection> client_connection_of(const Statement& top, Findings& findings);

}  // namespace adit::policy
