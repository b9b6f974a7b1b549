#include "policy/config_pagent.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/config_reader.h"
#include "policy/nearest.h"

namespace adit::policy {
namespace {

/// As on z/OS, local and remote IPSec policy of a stack are never there at the same time.
void warn_of_local_file(const Statement& top, Findings& findings) {
  const Entry* local = top.find(Attribute::ipsec_config);
  if (local == nullptr) return;
  findings.warning(local->at, {.problem = "IPSecConfig has no effect beside PolicyServer with PolicyType IPSec",
                               .found = {},
                               .expected = {},
                               .nearest = {}});
}

/// As on z/OS, a policy that no TcpImage stands beside is the default stack's.
void give_to_the_default_stack(const Statement& top, PagentConfig& config, Findings& findings) {
  const bool has_policy = config.own_policy || config.common_policy || config.remote;
  if (!has_policy || top.find(Attribute::image) != nullptr || top.find(Attribute::client_connection) != nullptr) return;
  config.images.push_back({.stack = {std::string{default_stack}}, .file = std::nullopt, .at = top.at.range()});
  findings.note(top.at, {.problem = fmt::format("no TcpImage: the policy is for the stack {}", default_stack),
                         .found = {},
                         .expected = {},
                         .nearest = {}});
}

/// What there must be, depending on what this pagent is: an agent of stacks, a policy client, a policy server.
void check_roles(const Statement& top, const PagentConfig& config, Findings& findings) {
  if (config.remote) warn_of_local_file(top, findings);
  if (config.remote && !config.servers && !findings.has_errors()) {
    findings.error(top.at, {.problem = "PolicyServer without ServerConnection",
                            .found = {},
                            .expected = "ServerConnection",
                            .nearest = {}});
  }
  if (config.images.empty() && top.find(Attribute::image) == nullptr &&
      top.find(Attribute::client_connection) == nullptr) {
    findings.error(top.at,
                   {.problem = "pagent.conf without TcpImage", .found = {}, .expected = "TcpImage", .nearest = {}});
  }
}

}  // namespace

Parsed<PagentConfig> parse_pagent_config(const SourceFile& file) {
  Findings findings;
  const Statement top = parse_file(StatementId::pagent_file, file, Compat::none, findings);
  PagentConfig config;
  for (const Entry& entry : top.entries) {
    const auto* words = std::get_if<ImageWords>(&entry.value);
    if (words == nullptr) continue;
    PagentImage image{.stack = {words->stack}, .file = words->file, .at = entry.at.range()};
    if (words->seconds) image.check_interval = Seconds{*words->seconds};
    // Stack names are compared without case (ipsec -p): two that differ in it alone would be one.
    const auto earlier = std::ranges::find_if(config.images, [&image](const PagentImage& other) {
      return equal_without_case(other.stack.text, image.stack.text);
    });
    if (earlier == config.images.end()) {
      config.images.push_back(std::move(image));
      continue;
    }
    findings.warning(entry.at,
                     {.problem = fmt::format("TcpImage again: the one of line {} has no effect", earlier->at.line),
                      .found = words->stack,
                      .expected = "each stack once",
                      .nearest = {}});
    *earlier = std::move(image);
  }
  config.common_policy = text_of(top, Attribute::common_ipsec_config);
  config.own_policy = text_of(top, Attribute::ipsec_config);
  config.log_level = static_cast<unsigned>(number(top, Attribute::log_level));
  config.remote = remote_policy_of(top, findings);
  config.servers = server_connection_of(top, findings);
  config.serves = client_connection_of(top, findings);
  give_to_the_default_stack(top, config, findings);
  check_roles(top, config, findings);
  return finished(std::move(config), std::move(findings), file);
}

Parsed<ImageConfig> parse_image_config(const SourceFile& file) {
  Findings findings;
  const Statement top = parse_file(StatementId::image_file, file, Compat::none, findings);
  ImageConfig config{.own_policy = text_of(top, Attribute::ipsec_config), .remote = remote_policy_of(top, findings)};
  if (config.remote) warn_of_local_file(top, findings);
  return finished(std::move(config), std::move(findings), file);
}

}  // namespace adit::policy
