#include "policy/config_pagent.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/config_reader.h"
#include "policy/nearest.h"

namespace adit::policy {
Parsed<PagentConfig> parse_pagent_config(const SourceFile& file) {
  Findings findings;
  const Statement top = parse_file(StatementId::pagent_file, file, findings);
  PagentConfig config;
  for (const Entry& entry : top.entries) {
    const auto* words = std::get_if<ImageWords>(&entry.value);
    if (words == nullptr) continue;
    PagentImage image{.stack = {words->stack}, .file = words->file, .at = entry.at.range()};
    if (words->seconds && Seconds{*words->seconds} != image.check_interval) {
      image.check_interval = Seconds{*words->seconds};
      findings.warning(entry.at, {.problem = "files are not looked at by time in this release: SIGHUP reads them",
                                  .found = fmt::to_string(*words->seconds),
                                  .expected = {},
                                  .nearest = {}});
    }
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
  return finished(std::move(config), std::move(findings), file);
}

Parsed<ImageConfig> parse_image_config(const SourceFile& file) {
  Findings findings;
  const Statement top = parse_file(StatementId::image_file, file, findings);
  ImageConfig config{.own_policy = text_of(top, Attribute::ipsec_config)};
  return finished(std::move(config), std::move(findings), file);
}

}  // namespace adit::policy
