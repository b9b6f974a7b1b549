#include "policy/config_pagent.h"
#include "sources.h"

namespace adit::policy {
namespace {

TEST(ExamplePolicies, LoadWithoutAWord) {
  for (const char* path :
       {"../examples/two-hosts/east.policy", "../examples/two-hosts/west.policy",
        "../examples/two-hosts/east-certificate.policy", "../examples/two-hosts/west-certificate.policy",
        "../examples/two-versions/east.policy", "../examples/two-versions/north.policy",
        "vectors/policy/host-to-host.policy", "vectors/policy/gateway-to-gateway.policy"}) {
    SCOPED_TRACE(path);
    const SourceFile source = read_source(path);
    const ParseResult result = parsed(source);
    EXPECT_NE(result.policy, nullptr);
    EXPECT_EQ(told(result, source), "");
  }
}

/// The fenced blocks of a page that are marked as `kind`.
std::vector<SourceFile> blocks_of(const std::string& page, std::string_view kind) {
  const std::string text = read_source(page).text;
  const std::string begin = "\n```" + std::string{kind} + "\n";
  std::vector<SourceFile> blocks;
  for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1)) {
    const std::size_t from = at + begin.size();
    blocks.push_back({.name = page, .text = text.substr(from, text.find("\n```", from) + 1 - from)});
  }
  return blocks;
}

TEST(DocumentedPolicies, LoadWithoutAWord) {
  const auto policies = blocks_of("../docs/policy.md", "policy");
  EXPECT_EQ(policies.size(), 2u);
  for (const SourceFile& source : policies) {
    const ParseResult result = parsed(source);
    EXPECT_NE(result.policy, nullptr);
    EXPECT_EQ(told(result, source), "") << source.text;
  }
  const auto configurations = blocks_of("../docs/central-policy.md", "pagent.conf");
  EXPECT_EQ(configurations.size(), 2u);
  for (const SourceFile& source : configurations) {
    const auto result = parse_pagent_config(source);
    EXPECT_TRUE(result.value);
    EXPECT_EQ(render(result.diagnostics, std::vector{source}), "") << source.text;
  }
}

}  // namespace
}  // namespace adit::policy
