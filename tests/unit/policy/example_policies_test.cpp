#include "sources.h"

namespace adit::policy {
namespace {

TEST(ExamplePolicies, LoadWithoutAWord) {
  for (const char* path : {"../examples/two-hosts/east.policy", "../examples/two-hosts/west.policy",
                           "../examples/two-hosts/east-certificate.policy",
                           "../examples/two-hosts/west-certificate.policy", "vectors/policy/host-to-host.policy"}) {
    SCOPED_TRACE(path);
    const SourceFile source = read_source(path);
    const ParseResult result = parsed(source);
    EXPECT_NE(result.policy, nullptr);
    EXPECT_EQ(told(result, source), "");
  }
}

TEST(ExamplePolicies, GatewayToGateway) {
  const SourceFile source = read_source("vectors/policy/gateway-to-gateway.policy");
  const ParseResult result = parsed(source);
  EXPECT_NE(result.policy, nullptr);
  ASSERT_EQ(result.diagnostics.size(), 1u) << told(result, source);
  EXPECT_EQ(result.diagnostics[0].at.line, 306u);  // HowToInitiate Main
  EXPECT_EQ(result.diagnostics[0].severity, Diagnostic::Severity::warning);
}

}  // namespace
}  // namespace adit::policy
