// Manual tunnels before the linter.

#include "linted.h"

namespace adit::policy::lint {
namespace {

constexpr const char* policy = R"(IpFilterPolicy
{
  IpFilterRule first
  {
    IpSourceAddr 10.1.0.1
    IpDestAddr 10.2.0.1
    IpService
    {
      Protocol All
    }
    IpGenericFilterActionRef protect
    IpManVpnActionRef m
  }
  IpFilterRule second
  {
    IpSourceAddr 10.1.0.1
    IpDestAddr 10.2.0.1
    IpService
    {
      Protocol Tcp
    }
    IpGenericFilterActionRef protect
    IpManVpnActionRef m
  }
}
IpGenericFilterAction protect
{
  IpFilterAction IpSec
}
IpManVpnAction m
{
  LocalSecurityEndpointAddr 192.0.2.1
  RemoteSecurityEndpointAddr 192.0.2.2
  HowToEncrypt 3DES
  EncryptInboundKey 0123456789abcdef23456789abcdef01456789abcdef0123
  EncryptOutboundKey 0123456789abcdef23456789abcdef01456789abcdef0123
  HowToAuth ESP HMAC_MD5
  AuthInboundSpi 257
  AuthInboundKey 22222222222222222222222222222222
  AuthOutboundSpi 258
  AuthOutboundKey 33333333333333333333333333333333
}
)";

TEST(ManualTunnel, IsJudgedByItsAlgorithmsOnceForAllItsRules) {
  EXPECT_EQ(found_in(policy),
            (std::vector<std::string>{"redundant-rule 14 3", "weak-algorithm 34", "forbidden-algorithm 37"}));
}

TEST(ManualTunnel, ThatIsNeverInstalledIsToldOfOnce) {
  const std::string text =
      changed(policy, {{"  HowToEncrypt", "  IpTimeCondition\n{\nDayOfWeekMask 0000000\n}\n  HowToEncrypt"}});
  EXPECT_EQ(std::ranges::count(found_in(text), "never-in-force 30"), 1);
}

TEST(ManualTunnel, OfAnEarlierRuleTakesTheTrafficOfAnother) {
  std::string text =
      changed(policy, {{"Protocol Tcp\n    }\n    IpGenericFilterActionRef protect\n    IpManVpnActionRef m",
                        "Protocol Tcp\n    }\n    IpGenericFilterActionRef protect\n    IpManVpnActionRef n"}});
  std::string other = text.substr(text.find("IpManVpnAction m"));
  other.replace(15, 1, "n").replace(other.find("257"), 3, "259");
  text += other;
  EXPECT_EQ(found_in(text).at(0), "shadowed-rule 14 3");
}

TEST(ManualTunnel, InTransportModeIsForItsEndsAlone) {
  const std::string wide = changed(policy, {{"HowToEncrypt 3DES", "HowToEncap Transport\n  HowToEncrypt 3DES"}});
  const auto is_told = [](const std::string& text) {
    return std::ranges::any_of(
        found_in(text), [](const std::string& finding) { return finding.starts_with("transport-wider-than-ends"); });
  };
  EXPECT_EQ(found_in(wide).at(0), "transport-wider-than-ends 3 30");
  EXPECT_FALSE(is_told(policy)) << "in a tunnel any addresses may be";
  EXPECT_FALSE(is_told(changed(wide, {{"EndpointAddr 192.0.2.1", "EndpointAddr 10.1.0.1"},
                                      {"EndpointAddr 192.0.2.2", "EndpointAddr 10.2.0.1"}})));
  EXPECT_FALSE(is_told(changed(
      wide, {{"EndpointAddr 192.0.2.1", "EndpointAddr Any4"}, {"EndpointAddr 192.0.2.2", "EndpointAddr Any4"}})));
}

}  // namespace
}  // namespace adit::policy::lint
