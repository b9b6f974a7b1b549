#include "daemons/pagent/policy_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "daemons/configuration.h"
#include "policy/config_pagent.h"

namespace adit::daemons::pagent {
namespace {

/// A file that another names: a relative path starts at the folder of the one that names it.
std::string named_by(const std::string& file, const std::string& name) {
  return (std::filesystem::path{file}.parent_path() / name).lexically_normal().string();
}

std::size_t errors_among(std::span<const policy::Diagnostic> diagnostics) {
  return static_cast<std::size_t>(std::ranges::count_if(diagnostics, [](const policy::Diagnostic& diagnostic) {
    return diagnostic.severity == policy::Diagnostic::Severity::error;
  }));
}

/// The policy file of a stack alone: named by its image file, or by pagent.conf where it has none. False when the image
/// file is wrong.
bool find_own_policy(const policy::PagentConfig& pagent, const policy::PagentImage& image,
                     const std::string& pagent_file, std::optional<std::string>& own) {
  if (!image.file) {
    if (pagent.own_policy) own = named_by(pagent_file, *pagent.own_policy);
    return true;
  }
  const std::string image_file = named_by(pagent_file, *image.file);
  const auto parsed = load_configuration(image_file, policy::parse_image_config);
  if (!parsed) return false;
  if (parsed->own_policy) own = named_by(image_file, *parsed->own_policy);
  return true;
}

/// The file's text for the parser; a file that cannot be read is one more error.
std::optional<policy::SourceFile> read_source(const std::optional<std::string>& path, std::size_t& errors) {
  if (!path) return std::nullopt;
  auto text = read_file(*path);
  if (text) return policy::SourceFile{*path, std::move(*text)};
  log_unreadable(*path, text.error());
  ++errors;
  return std::nullopt;
}

/// Warns of each file that holds a shared key and that every user of the host may read.
void check_modes(const policy::PolicySnapshot& policy) {
  std::set<std::string> files;
  for (const policy::KeyExchangeRule& rule : policy.key_exchange.rules) {
    if (!rule.shared_key.empty()) files.insert(rule.at.file);
  }
  for (const std::string& file : files) {
    std::error_code unknown;
    using std::filesystem::perms;
    const bool is_open = (std::filesystem::status(file, unknown).permissions() & perms::others_read) != perms::none;
    if (unknown || !is_open) continue;
    log::write(
        {CatalogueId::configuration_warning,
         {{"where", file}, {"problem", "every user may read the shared keys in it; expected mode 0640 or less"}}});
  }
}

StackPolicy read_policy(const policy::PagentConfig& pagent, const policy::PagentImage& image,
                        const std::string& pagent_file) {
  StackPolicy result{.stack = image.stack, .files = {}, .policy = {}, .errors = 0};
  std::optional<std::string> common_path, own_path;
  if (pagent.common_policy) common_path = named_by(pagent_file, *pagent.common_policy);
  if (!find_own_policy(pagent, image, pagent_file, own_path)) ++result.errors;
  const auto common = read_source(common_path, result.errors);
  const auto own = read_source(own_path, result.errors);
  result.files = fmt::format("{}{}{}", common ? common->name : "", common && own ? " and " : "", own ? own->name : "");
  if (!common && !own && result.errors == 0) {
    log_unreadable(pagent_file,
                   "stack " + image.stack.text + " has no policy file: expected IPSecConfig or CommonIPSecConfig");
    ++result.errors;
  }
  if (result.errors != 0) return result;

  policy::ParseResult parsed = policy::parse_policy(image.stack, common ? &*common : nullptr, own ? &*own : nullptr);
  log_diagnostics(parsed.diagnostics);
  result.errors = errors_among(parsed.diagnostics);
  result.policy = std::move(parsed.policy);
  if (result.policy) check_modes(*result.policy);
  return result;
}

}  // namespace

std::optional<std::vector<StackPolicy>> read_policies(const std::string& configuration) {
  const auto pagent = load_configuration(configuration, policy::parse_pagent_config);
  if (!pagent) return std::nullopt;
  std::vector<StackPolicy> policies;
  for (const policy::PagentImage& image : pagent->images)
    policies.push_back(read_policy(*pagent, image, configuration));
  return policies;
}

}  // namespace adit::daemons::pagent
