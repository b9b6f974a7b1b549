#include "policy/config_central.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ip_address.h"
#include "policy/nearest.h"

namespace adit::policy {
namespace {

constexpr std::size_t longest_client_name = 32;  // characters, as a statement's name

void refuse(Findings& findings, const Place& at, std::string problem, std::string found, std::string expected) {
  findings.error(
      at, {.problem = std::move(problem), .found = std::move(found), .expected = std::move(expected), .nearest = {}});
}

/// The TLS files; an error when there are none.
TlsFiles needed_tls(const Statement& statement, Findings& findings) {
  const bool some = statement.find(Attribute::tls_certificate) != nullptr ||
                    statement.find(Attribute::tls_key) != nullptr || statement.find(Attribute::tls_ca) != nullptr;
  auto files = tls_files(statement, findings);
  if (!files && !some) refuse(findings, statement.at, "no TLS files", {}, "TlsCertificate, TlsKey and TlsCa");
  return files.value_or(TlsFiles{});
}

PolicyServerHost host_of(const Statement& statement, const std::string& host, Attribute port, Attribute identity) {
  return {.host = host,
          .port = static_cast<std::uint16_t>(number(statement, port)),
          .identity = text_of(statement, identity).value_or(host)};
}

/// The statement's PolicyType IPSec; what it says of other types is passed over.
const Statement* ipsec_type_of(const Statement& statement, StatementId type, Findings& findings) {
  const Statement* ipsec = nullptr;
  for (const Statement* one : last_of_each_name(statement, type, findings)) {
    if (equal_without_case(one->name, "IPSec")) {
      ipsec = one;
    } else {
      findings.note(one->at,
                    {.problem = fmt::format("PolicyType {} ignored: policy of another kind than IPSec", one->name),
                     .found = {},
                     .expected = {},
                     .nearest = {}});
    }
  }
  if (ipsec == nullptr) {
    findings.warning(statement.at, {.problem = fmt::format("{} has no effect", statement.row->name),
                                    .found = {},
                                    .expected = "PolicyType IPSec in it",
                                    .nearest = {}});
  }
  return ipsec;
}

/// A name that means one client. z/OS takes patterns; one that is wider than was thought hands out another's keys.
bool is_exact(const Statement& client, Findings& findings) {
  const auto odd = client.name.find_first_of("*?[](){}+^$|\\/");
  if (odd == std::string::npos) return true;
  refuse(findings, client.name_at, "pattern or path where one client is meant", client.name,
         "the ClientName of one policy client, exactly");
  return false;
}

std::optional<std::string> file_of(const Statement& type, Attribute id, const std::string& client) {
  auto file = text_of(type, id);
  for (auto star = file ? file->find('*') : std::string::npos; star != std::string::npos;
       star = file->find('*', star + client.size())) {
    file->replace(star, 1, client);
  }
  return file;
}

std::optional<PolicyClientAccess> client_of(const Statement& statement, Findings& findings) {
  const Statement* type = ipsec_type_of(statement, StatementId::loaded_policy_type, findings);
  if (type == nullptr || !is_exact(statement, findings)) return std::nullopt;
  PolicyClientAccess client{.name = statement.name,
                            .tls_identity = text_of(statement, Attribute::tls_identity).value_or(statement.name),
                            .common = file_of(*type, Attribute::common_policy_load, statement.name),
                            .own = file_of(*type, Attribute::policy_load, statement.name),
                            .at = statement.name_at.range()};
  if (!client.common && !client.own) {
    refuse(findings, type->at, "PolicyType without a file", statement.name, "PolicyLoad or CommonPolicyLoad");
  }
  return client;
}

}  // namespace

std::optional<ServerConnection> server_connection_of(const Statement& top, Findings& findings) {
  const Statement* statement = last_of(top, StatementId::server_connection, findings);
  if (statement == nullptr) return std::nullopt;
  ServerConnection connection{.primary = {}, .backup = {}, .wait = {}, .tls = needed_tls(*statement, findings)};
  connection.primary = host_of(*statement, text_of(*statement, Attribute::server_host).value_or(""),
                               Attribute::server_port, Attribute::server_identity);
  connection.wait = Seconds{number(*statement, Attribute::server_connect_wait)};
  if (const auto backup = text_of(*statement, Attribute::backup_server_host)) {
    connection.backup = host_of(*statement, *backup, Attribute::backup_server_port, Attribute::backup_server_identity);
  } else if (const Entry* port = statement->find(Attribute::backup_server_port)) {
    refuse(findings, port->at, "port of a backup server that is not named", {}, "BackupServerHost");
  }
  return connection;
}

std::optional<RemotePolicy> remote_policy_of(const Statement& top, Findings& findings) {
  const Statement* statement = last_of(top, StatementId::policy_server, findings);
  if (statement == nullptr || ipsec_type_of(*statement, StatementId::wanted_policy_type, findings) == nullptr) {
    return std::nullopt;
  }
  RemotePolicy remote{.client_name = text_of(*statement, Attribute::client_name), .at = statement->at.range()};
  if (remote.client_name && remote.client_name->size() > longest_client_name) {
    refuse(findings, statement->find(Attribute::client_name)->value_at, "name too long", *remote.client_name,
           fmt::format("1 to {} characters", longest_client_name));
  }
  return remote;
}

std::optional<ClientConnection> client_connection_of(const Statement& top, Findings& findings) {
  const Statement* tls = last_of(top, StatementId::client_connection_tls, findings);
  const auto clients = last_of_each_name(top, StatementId::dynamic_config_policy_load, findings);
  const Entry* port = top.find(Attribute::client_connection);
  if (port == nullptr) {
    const Statement* idle = tls != nullptr ? tls : clients.empty() ? nullptr : clients.front();
    if (idle != nullptr) {
      findings.warning(idle->at, {.problem = fmt::format("{} has no effect", idle->row->name),
                                  .found = {},
                                  .expected = "ClientConnection port",
                                  .nearest = {}});
    }
    return std::nullopt;
  }
  ClientConnection connection{.port = static_cast<std::uint16_t>(number(top, Attribute::client_connection)),
                              .addresses = {},
                              .tls = {},
                              .clients = {}};
  if (tls == nullptr) {
    refuse(findings, port->at, "ClientConnection without TLS", {}, "ClientConnectionTls with the TLS files");
  } else {
    connection.tls = needed_tls(*tls, findings);
    connection.addresses = texts_of(*tls, Attribute::bind_address);
    for (const Entry& entry : tls->entries) {
      const auto* address = std::get_if<std::string>(&entry.value);
      if (entry.row->id != Attribute::bind_address || address == nullptr || IpAddress::parse(*address)) continue;
      refuse(findings, entry.value_at, "not an address", *address, "an IP address");
    }
  }
  for (const Statement* statement : clients) {
    if (auto client = client_of(*statement, findings)) connection.clients.push_back(std::move(*client));
  }
  return connection;
}

}  // namespace adit::policy
