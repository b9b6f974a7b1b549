#include "daemons/pagent/policy_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "daemons/client_name.h"
#include "daemons/configuration.h"
#include "daemons/pagent/surroundings.h"
#include "daemons/tls_files.h"
#include "daemons/wall_clock.h"
#include "policy/config_pagent.h"
#include "policy/policy_source.h"

namespace adit::daemons::pagent {
namespace {

constexpr std::size_t longest_client_name = 32;  // characters: the default of ClientName is cut

/// A file that another names: a relative path starts at the folder of the one that names it.
std::string named_by(const std::string& file, const std::string& name) {
  return (std::filesystem::path{file}.parent_path() / name).lexically_normal().string();
}

std::size_t errors_among(std::span<const policy::Diagnostic> diagnostics) {
  return static_cast<std::size_t>(std::ranges::count_if(diagnostics, [](const policy::Diagnostic& diagnostic) {
    return diagnostic.severity == policy::Diagnostic::Severity::error;
  }));
}

/// What a stack's image file says, or pagent.conf where it has none.
struct ImageFile {
  std::optional<std::string> own_policy;
  std::optional<policy::RemotePolicy> remote;
};

/// Nothing when the image file is wrong.
std::optional<ImageFile> find_image(const policy::PagentConfig& pagent, const policy::PagentImage& image,
                                    const std::string& pagent_file, ReadConfiguration& read) {
  const auto found = [](const auto& config, const std::string& file) {
    ImageFile said{.own_policy = {}, .remote = config.remote};
    if (config.own_policy) said.own_policy = named_by(file, *config.own_policy);
    return said;
  };
  if (!image.file) return found(pagent, pagent_file);
  const std::string image_file = named_by(pagent_file, *image.file);
  read.files.push_back(image_file);
  bool is_readable = true;
  const auto parsed = load_configuration(image_file, policy::parse_image_config, is_readable);
  read.is_missing |= !is_readable;
  if (!parsed) return std::nullopt;
  return found(*parsed, image_file);
}

/// The file's text for the parser, noted; a file that cannot be read is one more error.
std::optional<policy::SourceFile> read_source(const std::optional<std::string>& path, std::size_t& errors,
                                              ReadConfiguration& read) {
  if (!path) return std::nullopt;
  read.files.push_back(*path);
  auto text = read_file(*path);
  if (text) return policy::SourceFile{*path, std::move(*text)};
  log_unreadable(*path, text.error());
  ++errors;
  read.is_missing = true;
  return std::nullopt;
}

/// Warns of each file that holds keys and that every user of the host may read.
void check_modes(const policy::PolicySnapshot& policy) {
  std::set<std::string> files;
  for (const policy::KeyExchangeRule& rule : policy.key_exchange.rules) {
    if (!rule.shared_key.empty()) files.insert(rule.at.file);
  }
  for (const policy::Filter& filter : policy.filter.filters) {
    if (filter.manual != nullptr) files.insert(filter.manual->at.file);
  }
  for (const std::string& file : files) {
    std::error_code unknown;
    using std::filesystem::perms;
    const bool is_open = (std::filesystem::status(file, unknown).permissions() & perms::others_read) != perms::none;
    if (unknown || !is_open) continue;
    log::write({CatalogueId::configuration_warning,
                {{"where", file}, {"problem", "every user may read the keys in it; expected mode 0640 or less"}}});
  }
}

std::string names_of(const std::optional<policy::SourceFile>& common, const std::optional<policy::SourceFile>& own) {
  return fmt::format("{}{}{}", common ? common->name : "", common && own ? " and " : "", own ? own->name : "");
}

StackPolicy read_policy(const policy::PagentConfig& pagent, const policy::PagentImage& image,
                        const std::optional<ImageFile>& said, const std::string& pagent_file, ReadConfiguration& read) {
  StackPolicy result{.stack = image.stack, .files = {}, .policy = {}, .errors = said ? 0u : 1u};
  std::optional<std::string> common_path;
  if (pagent.common_policy) common_path = named_by(pagent_file, *pagent.common_policy);
  const std::optional<std::string> own_path = said ? said->own_policy : std::nullopt;
  const auto common = read_source(common_path, result.errors, read);
  const auto own = read_source(own_path, result.errors, read);
  result.files = names_of(common, own);
  if (!common && !own && result.errors == 0) {
    log_unreadable(pagent_file,
                   "stack " + image.stack.text + " has no policy file: expected IPSecConfig or CommonIPSecConfig");
    ++result.errors;
  }
  if (result.errors != 0) return result;

  Named named;
  policy::ParseResult parsed =
      policy::parse_policy(image.stack, common ? &*common : nullptr, own ? &*own : nullptr, this_host(named));
  read.files.insert(read.files.end(), named.files.begin(), named.files.end());
  read.is_missing |= named.is_missing;
  log_diagnostics(parsed.diagnostics);
  result.errors = errors_among(parsed.diagnostics);
  result.policy = std::move(parsed.policy);
  if (result.policy) check_modes(*result.policy);
  return result;
}

/// Paths as the files name them, from here on as they are opened; and noted, so that a change of one is seen.
void resolve(policy::TlsFiles& tls, const std::string& file, std::vector<std::string>& files) {
  for (std::string* path : {&tls.certificate, &tls.key, &tls.authorities}) {
    *path = named_by(file, *path);
    files.push_back(*path);
  }
}

/// The files of a policy client, judged by the parser that will judge them there.
ServedClient read_client(const policy::PolicyClientAccess& client, const std::string& pagent_file,
                         ReadConfiguration& to) {
  ServedClient served{.name = client.name, .tls_identity = client.tls_identity, .files = {}, .source = {}, .errors = 0};
  const auto read = [&](const std::optional<std::string>& name) {
    std::optional<std::string> path;
    if (name) path = named_by(pagent_file, *name);
    return read_source(path, served.errors, to);
  };
  const auto common = read(client.common), own = read(client.own);
  served.files = names_of(common, own);
  if (served.errors != 0) return served;

  const auto parsed = policy::parse_policy(StackName{client.name}, common ? &*common : nullptr, own ? &*own : nullptr);
  log_diagnostics(parsed.diagnostics);
  served.errors = errors_among(parsed.diagnostics);
  policy::PolicySource source;
  for (const auto& [file, text] : {std::pair{&common, &source.common}, std::pair{&own, &source.own}}) {
    if (*file) text->emplace(as_bytes((*file)->text));
  }
  if (parsed.policy == nullptr) return served;
  Secret octets = source.build();
  if (octets.size() > policy::PolicySource::largest) {
    log_unreadable(served.files, fmt::format("more than {} octets", policy::PolicySource::largest));
    ++served.errors;
    return served;
  }
  served.source = std::make_shared<const Secret>(std::move(octets));
  return served;
}

std::optional<ServerRole> read_server_role(policy::ClientConnection serves, const std::string& pagent_file,
                                           ReadConfiguration& read) {
  resolve(serves.tls, pagent_file, read.files);
  auto tls = read_tls_files(serves.tls);
  if (!tls) return std::nullopt;
  ServerRole role{.at = {.addresses = serves.addresses, .port = serves.port}, .tls = std::move(*tls), .clients = {}};
  for (const policy::PolicyClientAccess& client : serves.clients) {
    role.clients.push_back(read_client(client, pagent_file, read));
  }
  return role;
}

}  // namespace

std::expected<ReadConfiguration, Unread> read_configuration(const std::string& configuration) {
  const WallTime begun = wall_second();
  bool is_readable = true;
  auto pagent = load_configuration(configuration, policy::parse_pagent_config, is_readable);
  if (!pagent) return std::unexpected{is_readable ? Unread::wrong : Unread::missing};
  ReadConfiguration read;
  read.begun = begun;
  read.files = {configuration};
  std::optional<rpc::TlsCredentials> client_tls;
  if (pagent->servers) {
    resolve(pagent->servers->tls, configuration, read.files);
    client_tls = read_tls_files(pagent->servers->tls);
    if (!client_tls) return std::unexpected{Unread::missing};
  }
  if (pagent->serves) {
    read.serves = read_server_role(*pagent->serves, configuration, read);
    if (!read.serves) return std::unexpected{Unread::missing};
  }
  read.check_interval = policy::PagentImage{}.check_interval;
  for (const policy::PagentImage& image : pagent->images) {
    const bool is_first = &image == &pagent->images.front();
    read.check_interval = is_first ? image.check_interval : std::min(read.check_interval, image.check_interval);
    const auto said = find_image(*pagent, image, configuration, read);
    if (!said || !said->remote) {
      read.policies.push_back(read_policy(*pagent, image, said, configuration, read));
    } else if (!pagent->servers) {
      log_unreadable(said->remote->at.to_string(), "PolicyServer, but pagent.conf has no ServerConnection");
      read.policies.push_back({.stack = image.stack, .files = {}, .policy = {}, .errors = 1});
    } else {
      read.remote.push_back(
          {.stack = image.stack,
           .client = said->remote->client_name.value_or(default_client_name(image.stack, longest_client_name)),
           .servers = *pagent->servers,
           .tls = *client_tls});
    }
  }
  return read;
}

}  // namespace adit::daemons::pagent
