// Two manual tunnels that fit, and one attribute changed at one end: which step says so.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "policy/agreement/play.h"
#include "policy/report/outcomes.h"

namespace adit::policy::agreement {
namespace {

std::string policy_of(std::string_view net, std::string_view peer_net, std::string_view address,
                      std::string_view peer_address, std::string_view out, std::string_view in) {
  return fmt::format(
      "IpFilterPolicy\n{{\nIpFilterRule nets\n{{\nIpSourceAddrSet {}\nIpDestAddrSet {}\nIpService\n{{\nProtocol All\n"
      "Direction Bidirectional\nRouting Routed\n}}\nIpGenericFilterActionRef protect\nIpManVpnActionRef m\n}}\n}}\n"
      "IpGenericFilterAction protect\n{{\nIpFilterAction IpSec\n}}\n"
      "IpManVpnAction m\n{{\nLocalSecurityEndpointAddr {}\nRemoteSecurityEndpointAddr {}\n"
      "HowToEncrypt AES_CBC KeyLength 128\nEncryptOutboundKey {}\nEncryptInboundKey {}\n"
      "HowToAuth ESP AES128_XCBC_96\nAuthOutboundSpi 0x{}\nAuthOutboundKey {}\nAuthInboundSpi 0x{}\n"
      "AuthInboundKey {}\n}}\n",
      net, peer_net, address, peer_address, std::string(32, out[0]), std::string(32, in[0]), out,
      std::string(32, out[0]), in, std::string(32, in[0]));
}

const std::string east = policy_of("10.1.0.0/16", "10.2.0.0/16", "192.0.2.1", "192.0.2.2", "1234", "5678");
const std::string west = policy_of("10.2.0.0/16", "10.1.0.0/16", "192.0.2.2", "192.0.2.1", "5678", "1234");

std::string changed(std::string text, std::string_view from, std::string_view to) {
  if (from.empty()) return text;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

struct Played {
  std::vector<Outcome> ours, theirs;
};

Played played(const std::string& our_text, const std::string& their_text) {
  const SourceFile our_file{.name = "ours", .text = our_text}, their_file{.name = "theirs", .text = their_text};
  const Document us{StackName{"east"}, nullptr, &our_file}, them{StackName{"west"}, nullptr, &their_file};
  EXPECT_NE(us.policy(), nullptr) << render(us.diagnostics(), std::vector{our_file});
  EXPECT_NE(them.policy(), nullptr) << render(them.diagnostics(), std::vector{their_file});
  if (us.policy() == nullptr || them.policy() == nullptr) return {};
  const Origins our_origins{us}, their_origins{them};
  return {.ours = play({*us.policy(), our_origins}, {*them.policy(), their_origins}),
          .theirs = play({*them.policy(), their_origins}, {*us.policy(), our_origins})};
}

std::string last_step(const Outcome& outcome) {
  const Step& step = outcome.steps.back();
  return fmt::format("{} {}: {}", step.agreed ? "agreed" : "differs", step.what, step.result);
}

TEST(PlayManual, NamesTheFirstThingThatDiffers) {
  const struct {
    const char* name;
    const char *from, *to;  // of west
    const char* want;       // of the tunnel of east
  } cases[] = {
      {"two that fit", "", "", "agreed Active: Yes here, Yes there"},
      {"another peer", "RemoteSecurityEndpointAddr 192.0.2.1", "RemoteSecurityEndpointAddr 192.0.2.9",
       "differs ends: 192.0.2.1 to 192.0.2.2 here; IpManVpnAction m there, of the same SPI, is 192.0.2.2 to 192.0.2.9"},
      {"any peer", "RemoteSecurityEndpointAddr 192.0.2.1", "RemoteSecurityEndpointAddr Any",
       "agreed Active: Yes here, Yes there"},
      {"another SPI one way", "AuthInboundSpi 0x1234", "AuthInboundSpi 0x1235",
       "differs SPIs: outbound 4660 here, inbound 4661 there"},
      {"another SPI the other way", "AuthOutboundSpi 0x5678", "AuthOutboundSpi 0x5679",
       "differs SPIs: inbound 22136 here, outbound 22137 there"},
      {"another MAC", "ESP AES128_XCBC_96", "ESP HMAC_MD5",
       "differs protection: integrity: AES_XCBC_96 here, HMAC_MD5_96 there"},
      {"another mode", "HowToAuth", "HowToEncap Transport\nHowToAuth",
       "differs protection: mode: Tunnel here, Transport there"},
      {"another key", "AuthInboundKey 1", "AuthInboundKey 2",
       "differs keys: AuthOutboundKey here is not AuthInboundKey there"},
      {"the keys of the wrong way", "EncryptOutboundKey 55555555555555555555555555555555\nEncryptInboundKey 1111",
       "EncryptOutboundKey 11111111111111111111111111111111\nEncryptInboundKey 5555",
       "differs keys: EncryptOutboundKey here is not EncryptInboundKey there; EncryptInboundKey here is not "
       "EncryptOutboundKey there"},
      {"other nets", "IpDestAddrSet 10.1.0.0/16", "IpDestAddrSet 10.3.0.0/16",
       "differs traffic: 10.1.0.0/16 here, 10.2.0.0/16 there: no IpFilterRule there takes it"},
      {"a part of the net", "IpDestAddrSet 10.1.0.0/16", "IpDestAddrSet 10.1.0.0/24",
       "differs traffic: 10.1.0.0/16 here, 10.2.0.0/16 there: IpFilterRule nets there takes 10.1.0.0/24 to "
       "10.2.0.0/16 alone"},
      {"a rule before it", "IpFilterRule nets",
       "IpFilterRule first\n{\nIpSourceAddr All\nIpDestAddr All\nIpService\n{\nRouting Either\n}\n"
       "IpGenericFilterAction no\n{\nIpFilterAction Deny\n}\n}\nIpFilterRule nets",
       "differs traffic: 10.1.0.0/16 here, 10.2.0.0/16 there: IpFilterRule first comes first there, and does not lead "
       "to IpManVpnAction m"},
      {"AH around ESP on one side", "HowToAuth ESP",
       "EncryptOutboundSpi 0x5678\nEncryptInboundSpi 0x1234\nHowToAuth AH",
       "differs protection: protocol: ESP here, AH and ESP there"},
      {"inactive there", "HowToAuth", "Active No\nHowToAuth", "agreed Active: Yes here, No there"},
  };
  for (const auto& [name, from, to, want] : cases) {
    SCOPED_TRACE(name);
    const Played both = played(east, changed(west, from, to));
    ASSERT_EQ(both.ours.size(), 1u);
    EXPECT_EQ(last_step(both.ours[0]), want);
    EXPECT_EQ(both.ours[0].comes_up(), std::string_view{want}.starts_with("agreed"));
  }
}

TEST(PlayManual, ComparesBothSasOfAhAroundEsp) {
  const auto in_ah = [](const std::string& text, std::string_view out, std::string_view in) {
    return changed(text, "HowToAuth ESP",
                   fmt::format("EncryptOutboundSpi {}\nEncryptInboundSpi {}\nHowToAuth AH", out, in));
  };
  const std::string here = in_ah(east, "300", "400"), there = in_ah(west, "400", "300");
  const Outcome fits = played(here, there).ours.at(0);
  EXPECT_TRUE(fits.comes_up());
  EXPECT_EQ(fits.steps.at(1).result, "outbound 300, inbound 400; AH's outbound 4660, inbound 22136");
  EXPECT_TRUE(fits.steps.at(2).result.contains("AH and ESP")) << fits.steps.at(2).result;
  const auto differs = [&](const std::string& other) { return last_step(played(here, other).ours.at(0)); };
  EXPECT_EQ(differs(in_ah(west, "400", "301")), "differs SPIs: outbound 300 here, inbound 301 there");
  EXPECT_EQ(differs(changed(there, "AuthOutboundSpi 0x5678", "AuthOutboundSpi 0x5679")),
            "differs SPIs: AH's inbound 22136 here, outbound 22137 there");
  EXPECT_EQ(differs(changed(there, "AuthInboundKey 1", "AuthInboundKey 2")),
            "differs keys: AuthOutboundKey here is not AuthInboundKey there");
}

TEST(PlayManual, TellsOfATunnelThatTheOtherSideHasNot) {
  const std::string none =
      changed(changed(west, "IpManVpnActionRef m\n", ""), "IpFilterAction IpSec", "IpFilterAction Deny");
  const Played both = played(east, none);
  ASSERT_EQ(both.ours.size(), 1u);
  EXPECT_EQ(last_step(both.ours[0]), "differs ends: no IpManVpnAction is installed there");
  EXPECT_TRUE(both.theirs.empty());
}

TEST(PlayManual, LooksAtTheTimesAtWhichTunnelsAreInstalled) {
  const auto timed = [](const std::string& text, std::string_view times) {
    return changed(text, "HowToAuth", fmt::format("IpTimeCondition\n{{\nTimeOfDayRange {}\n}}\nHowToAuth", times));
  };
  EXPECT_TRUE(played(timed(east, "07:00-19:00"), west).ours.at(0).comes_up());
  EXPECT_FALSE(played(timed(east, "07:00-19:00"), timed(west, "19:00-07:00")).ours.at(0).comes_up());
}

TEST(PlayManual, NeverShowsAKey) {
  const Played both = played(east, changed(west, "AuthInboundKey 1", "AuthInboundKey 2"));
  const report::BothWays ways{
      .ours = "ours", .theirs = "theirs", .started_by_us = both.ours, .started_by_peer = both.theirs};
  const std::string text = report::outcomes_text(ways) + report::outcomes_json(ways);
  EXPECT_TRUE(text.starts_with("IpManVpnAction m (ours:21), sent by ours, 192.0.2.1 to 192.0.2.2: does not come up\n"))
      << text;
  EXPECT_FALSE(text.contains("1111")) << text;
}

}  // namespace
}  // namespace adit::policy::agreement
