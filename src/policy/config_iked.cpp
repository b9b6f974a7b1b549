#include "policy/config_iked.h"

#include <algorithm>

#include "policy/config_reader.h"
#include "policy/nearest.h"

namespace adit::policy {
namespace {

constexpr std::size_t longest_client_name = 24;

std::optional<NssServer> server(const Statement& statement, Attribute id) {
  const auto* address = std::get_if<ServerAddress>(&statement.value_of(id));
  if (address == nullptr) return std::nullopt;
  return NssServer{.host = address->host,
                   .port = address->port,
                   .identity = address->identity,
                   .at = statement.find(id)->at.range()};
}

void read_daemon(const Statement& statement, IkedConfig& config, Findings& findings) {
  config.syslog_level = static_cast<unsigned>(number(statement, Attribute::ike_syslog_level));
  config.pagent_syslog_level = static_cast<unsigned>(number(statement, Attribute::pagent_syslog_level));
  config.retries = static_cast<unsigned>(number(statement, Attribute::ike_retries));
  config.initial_wait = Seconds{number(statement, Attribute::ike_init_wait)};
  config.fips140 = is_yes(statement, Attribute::fips140);
  config.key_ring = text_of(statement, Attribute::key_ring);
  if (config.key_ring && equal_without_case(*config.key_ring, "NoKeyRing")) config.key_ring.reset();
  config.echo = is_yes(statement, Attribute::echo);
  config.server = server(statement, Attribute::network_security_server);
  config.backup_server = server(statement, Attribute::network_security_server_backup);
  config.nss_wait_limit = Seconds{number(statement, Attribute::nss_wait_limit)};
  config.nss_wait_retries = static_cast<unsigned>(number(statement, Attribute::nss_wait_retries));
  config.pagent_wait = Seconds{number(statement, Attribute::pagent_wait)};
  config.supported_authorities = texts_of(statement, Attribute::supported_cert_auth);
  config.tls = tls_files(statement, findings);
  if ((config.server || config.backup_server) && !config.tls) {
    findings.error(statement.at, {.problem = "NetworkSecurityServer without TLS files",
                                  .found = {},
                                  .expected = "TlsCertificate, TlsKey and TlsCa",
                                  .nearest = {}});
  }
}

NssStack read_stack(const Statement& statement, Findings& findings) {
  NssStack stack{.stack = {statement.name},
                 .client_name = {},
                 .user = std::nullopt,
                 .password = {},
                 .at = statement.name_at.range()};
  stack.client_name = text_of(statement, Attribute::client_name).value_or("");
  if (stack.client_name.size() > longest_client_name) {
    findings.error(
        statement.find(Attribute::client_name)->value_at,
        {.problem = "name too long", .found = stack.client_name, .expected = "1 to 24 characters", .nearest = {}});
  }
  const Services services = services_of(statement);
  stack.certificate_service = services.certificate;
  stack.management_service = services.management;
  if (const auto* user = std::get_if<UserLogOn>(&statement.value_of(Attribute::user_id))) {
    stack.user = user->name;
    stack.password = user->password;
  }
  return stack;
}

}  // namespace

bool NssStack::operator==(const NssStack& other) const {
  return stack == other.stack && client_name == other.client_name && certificate_service == other.certificate_service &&
         management_service == other.management_service && user == other.user &&
         SecretView{password} == SecretView{other.password} && at == other.at;
}

const NssStack* IkedConfig::find_stack(std::string_view name) const {
  const auto found =
      std::ranges::find_if(stacks, [name](const NssStack& one) { return equal_without_case(one.stack.text, name); });
  return found == stacks.end() ? nullptr : &*found;
}

Parsed<IkedConfig> parse_iked_config(const SourceFile& file) {
  Findings findings;
  const Statement top = parse_file(StatementId::iked_file, file, Compat::none, findings);
  IkedConfig config;
  // Of several IkeConfig the last one counts, alone.
  if (const Statement* daemon = last_of(top, StatementId::ike_config, findings)) read_daemon(*daemon, config, findings);
  for (const Statement* statement : last_of_each_name(top, StatementId::nss_stack_config, findings)) {
    config.stacks.push_back(read_stack(*statement, findings));
    if (config.server || config.backup_server) continue;
    findings.error(statement->at, {.problem = "NssStackConfig without a server",
                                   .found = statement->name,
                                   .expected = "NetworkSecurityServer in IkeConfig",
                                   .nearest = {}});
  }
  return finished(std::move(config), std::move(findings), file);
}

}  // namespace adit::policy
