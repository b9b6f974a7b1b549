#include "policy/config_nssd.h"

#include <algorithm>

#include "base/ip_address.h"
#include "policy/config_reader.h"
#include "policy/nearest.h"

namespace adit::policy {
namespace {

constexpr std::string_view every_label = "*";
constexpr unsigned discipline_ipsec = 1;

bool allows(const std::vector<std::string>& labels, std::string_view label) {
  return std::ranges::any_of(labels, [label](const std::string& one) { return one == every_label || one == label; });
}

void read_server(const Statement& statement, NssdConfig& config, Findings& findings) {
  config.port = static_cast<std::uint16_t>(number(statement, Attribute::port));
  for (const Entry& entry : statement.entries) {
    const auto* address = std::get_if<std::string>(&entry.value);
    if (entry.row->id != Attribute::bind_address || address == nullptr) continue;
    if (IpAddress::parse(*address)) {
      config.addresses.push_back(*address);
    } else {
      findings.error(entry.value_at,
                     {.problem = "not an address", .found = *address, .expected = "an IP address", .nearest = {}});
    }
  }
  config.syslog_level = static_cast<unsigned>(number(statement, Attribute::syslog_level));
  config.key_ring = text_of(statement, Attribute::key_ring);
  for (const Entry& entry : statement.entries) {
    const auto* words = std::get_if<Chosen>(&entry.value);
    if (entry.row->id != Attribute::discipline || words == nullptr || words->choice->value != discipline_ipsec)
      continue;
    config.ipsec_enabled = words->follower == nullptr || words->follower->value == 1;
  }
  config.tls = tls_files(statement, findings);
}

void read_discipline(const Statement& statement, NssdConfig& config) {
  config.fips140 = is_yes(statement, Attribute::fips140);
  config.url_cache_interval = Minutes{number(statement, Attribute::url_cache_interval)};
  for (const Entry& entry : statement.entries) {
    const auto* words = std::get_if<LabelAndUrl>(&entry.value);
    if (words == nullptr) continue;
    auto& urls = entry.row->id == Attribute::certificate_url ? config.certificate_urls : config.bundle_urls;
    urls.push_back({.label = words->label, .url = words->url});
  }
}

NssClientAccess read_client(const Statement& statement) {
  NssClientAccess client{
      .name = statement.name, .tls_identity = {}, .sign_with = {}, .authorities = {}, .at = statement.name_at.range()};
  client.tls_identity = text_of(statement, Attribute::tls_identity).value_or(statement.name);
  const Services services = services_of(statement);
  client.certificate_service = services.certificate;
  client.management_service = services.management;
  client.sign_with = texts_of(statement, Attribute::sign_with);
  client.authorities = texts_of(statement, Attribute::use_ca);
  return client;
}

}  // namespace

bool NssClientAccess::may_sign_with(std::string_view label) const { return allows(sign_with, label); }
bool NssClientAccess::may_use_ca(std::string_view label) const { return allows(authorities, label); }

const NssClientAccess* NssdConfig::find_client(std::string_view name) const {
  const auto found = std::ranges::find(clients, name, &NssClientAccess::name);
  return found == clients.end() ? nullptr : &*found;
}

Parsed<NssdConfig> parse_nssd_config(const SourceFile& file) {
  Findings findings;
  Statement top = parse_file(StatementId::nssd_file, file, Compat::none, findings);
  NssdConfig config;
  const Place start{.file = &file.name, .line = 1, .column = 1, .length = 1};
  const std::optional<Statement> server = merged(top, StatementId::nss_config);
  if (server) read_server(*server, config, findings);
  if (const Statement* ipsec = last_of(top, StatementId::ipsec_discipline_config, findings)) {
    read_discipline(*ipsec, config);
  }
  for (const Statement* client : last_of_each_name(top, StatementId::nss_client, findings)) {
    config.clients.push_back(read_client(*client));
  }
  const Place at = server ? server->at : start;
  if (!config.key_ring) {
    findings.error(at,
                   {.problem = "no key ring", .found = {}, .expected = "KeyRing folder in NssConfig", .nearest = {}});
  }
  if (!config.tls) {
    findings.error(at, {.problem = "no TLS files",
                        .found = {},
                        .expected = "TlsCertificate, TlsKey and TlsCa in NssConfig",
                        .nearest = {}});
  }
  return finished(std::move(config), std::move(findings), file);
}

}  // namespace adit::policy
