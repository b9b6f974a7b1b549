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

}  // namespace
}  // namespace adit::policy
