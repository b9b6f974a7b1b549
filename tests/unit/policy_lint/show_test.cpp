// `policy show`: each value with its place or the default.

#include "policy/report/show.h"

#include <nlohmann/json.hpp>

#include "linted.h"

namespace adit::policy::report {
namespace {

using nlohmann::json;

std::string shown_of(const SourceFile* common, const SourceFile* own, ShowFormat format) {
  std::vector<SourceFile> sources;
  for (const SourceFile* file : {common, own}) {
    if (file != nullptr) sources.push_back(*file);
  }
  const Document document{StackName{"east"}, common, own};
  EXPECT_NE(document.policy(), nullptr) << render(document.diagnostics(), sources);
  return shown_policy(document, sources, format);
}

/// Name and value of an attribute, then its origin: `LivenessInterval 30 default`.
std::vector<std::string> attributes_of(const json& statement) {
  std::vector<std::string> lines;
  for (const json& attribute : statement["attributes"]) {
    const std::string value = attribute["value"];
    lines.push_back(attribute["name"].get<std::string>() + " " + value + (value.empty() ? "" : " ") +
                    attribute["origin"].get<std::string>());
  }
  return lines;
}

json named(const json& report, const std::string& statement, const std::string& name) {
  for (const json& one : report["named"]) {
    if (one["statement"] == statement && one["name"] == name) return one;
  }
  ADD_FAILURE() << "no " << statement << " " << name;
  return {};
}

bool has(const std::vector<std::string>& lines, const std::string& line) {
  return std::ranges::find(lines, line) != lines.end();
}

TEST(PolicyShow, SaysWhereEachValueComesFrom) {
  const SourceFile own{.name = "east.policy", .text = lint::text_of("../examples/two-hosts/east.policy")};
  const json report = json::parse(shown_of(nullptr, &own, ShowFormat::json));
  EXPECT_EQ(attributes_of(report["IpFilterPolicy"]),
            (std::vector<std::string>{"FilterLogging On east.policy:7", "AllowOnDemand Yes east.policy:8",
                                      "ImplicitDiscardAction Silent east.policy:9", "PreDecap Off default",
                                      "FIPS140 No default"}));
  ASSERT_EQ(report["IpFilterPolicy"]["rules"].size(), 3u);
  EXPECT_EQ(report["IpFilterPolicy"]["rules"][2]["name"], "nets");
  const auto action = attributes_of(named(report, "KeyExchangeAction", "psk"));
  EXPECT_TRUE(has(action, "HowToInitiate IKEv2 east.policy:124"));
  EXPECT_TRUE(has(action, "LivenessInterval 30 east.policy:57")) << "inherited from KeyExchangePolicy";
  EXPECT_TRUE(has(action, "RevocationChecking Loose default of KeyExchangePolicy"));
  EXPECT_TRUE(has(action, "ReauthInterval 0 default"));
}

TEST(PolicyShow, NeverShowsAKey) {
  const SourceFile own{.name = "east.policy", .text = lint::text_of("../examples/two-hosts/east.policy")};
  for (const ShowFormat format : {ShowFormat::text, ShowFormat::json}) {
    const std::string report = shown_of(nullptr, &own, format);
    EXPECT_EQ(report.find("replace-this-key"), std::string::npos);
    EXPECT_NE(report.find("Ascii ***"), std::string::npos);
  }
}

TEST(PolicyShow, TellsTheCommonFileFromTheStacksOwn) {
  const SourceFile common{.name = "common",
                          .text =
                              "IpFilterPolicy\n{\n  IpFilterGroupRef web\n}\nIpFilterGroup web\n{\n"
                              "  IpFilterRule https\n  {\n    IpServiceRef https   # by name\n    "
                              "IpGenericFilterActionRef permit\n  }\n}\nIpService https\n{\n  Protocol "
                              "Tcp\n  DestinationPortRange 443\n}\nIpGenericFilterAction permit\n{\n  "
                              "IpFilterAction Permit\n}\n"};
  const SourceFile own{.name = "own", .text = "IpService https\n{\n  Protocol Tcp\n  DestinationPortRange 8443\n}\n"};
  EXPECT_EQ(shown_of(&common, &own, ShowFormat::text).find("  1. IpFilterRule https, of group web"),
            shown_of(&common, &own, ShowFormat::text).find("  1. "));
  const json report = json::parse(shown_of(&common, &own, ShowFormat::json));
  EXPECT_EQ(report["IpFilterPolicy"]["rules"][0]["group"], "web");
  EXPECT_EQ(attributes_of(report["IpFilterPolicy"]["rules"][0]).front(), "IpServiceRef https common:9");
  EXPECT_TRUE(has(attributes_of(named(report, "IpService", "https")), "DestinationPortRange 8443 own:4"));
}

/// The example with some of its text replaced, and what one of its statements comes to.
std::vector<std::string> shown_with(const lint::Replacements& replacements, const std::string& statement,
                                    const std::string& name) {
  const SourceFile own{.name = "f",
                       .text = lint::changed(lint::text_of("../examples/two-hosts/east.policy"), replacements)};
  return attributes_of(named(json::parse(shown_of(nullptr, &own, ShowFormat::json)), statement, name));
}

TEST(PolicyShow, PrintsTheGroupsOfPfsWhereItIsAlone) {
  const lint::Replacements pfs = {
      {"  InitiateWithPfs          Group31\n  AcceptablePfs            Group31\n  AcceptablePfs            Group19\n",
       "  Pfs Group2\n"}};
  const auto alone = shown_with(pfs, "IpDynVpnAction", "tunnel");
  EXPECT_TRUE(has(alone, "InitiateWithPfs Group2 f:105")) << ::testing::PrintToString(alone);
  EXPECT_TRUE(has(alone, "AcceptablePfs Group2 f:105"));
  EXPECT_TRUE(has(alone, "Pfs Group2 f:105"));

  const auto beside_one =
      shown_with({{pfs.front().first, "  Pfs Group2\n  AcceptablePfs Group14\n"}}, "IpDynVpnAction", "tunnel");
  EXPECT_TRUE(has(beside_one, "InitiateWithPfs Group2 f:105")) << ::testing::PrintToString(beside_one);
  EXPECT_TRUE(has(beside_one, "AcceptablePfs Group14 f:106"));

  const auto beside_both =
      shown_with({{"  InitiateWithPfs ", "  Pfs Group2\n  InitiateWithPfs "}}, "IpDynVpnAction", "tunnel");
  EXPECT_FALSE(has(beside_both, "Pfs Group2 f:105")) << "it has no effect";
  EXPECT_TRUE(has(beside_both, "InitiateWithPfs Group31 f:106")) << ::testing::PrintToString(beside_both);
}

TEST(PolicyShow, PrintsThatACombinedModeHasNoIntegrityOfItsOwn) {
  std::string text = lint::text_of("../examples/two-hosts/east.policy");
  for (const auto& [cipher, integrity] : {std::pair{"AES_GCM_16 KeyLength 256", "None"},
                                          {"CHACHA20_POLY1305", "None"},
                                          {"AES_CBC KeyLength 256", "HMAC_SHA2_256_128"}}) {
    const std::string offer = fmt::format(
        "  KeyExchangeOffer combined\n  {{\n    HowToEncrypt {}\n    HowToAuthPeers PresharedKey\n  }}\n", cipher);
    const SourceFile own{
        .name = "f",
        .text = lint::changed(text, {{"  HowToInitiate            IKEv2\n  HowToAuthMe ", offer + "  HowToAuthMe "}})};
    const json report = json::parse(shown_of(nullptr, &own, ShowFormat::json));
    const json action = named(report, "KeyExchangeAction", "psk");
    const auto lines = attributes_of(action["attributes"][0]["statement"]);
    const std::string origin = std::string{integrity} == "None" ? "f:126" : "default";
    EXPECT_TRUE(has(lines, fmt::format("HowToVerifyMsgs {} {}", integrity, origin))) << ::testing::PrintToString(lines);
  }
}

TEST(PolicyShow, PrintsWhatShorterAndOlderFormsComeTo) {
  const std::string text =
      "IpFilterPolicy\n{\n  IpFilterRule r\n  {\n    IpSourceAddr 10.1.2.3/16\n    IpService\n    {\n      Routing "
      "Either "
      "FragmentsOnly\n      Protocol Icmp\n      IcmpType 8\n    }\n    IpGenericFilterAction p\n    {\n      "
      "IpFilterAction Permit\n    }\n  }\n  IpFilterRule m\n  {\n    IpService\n    {\n    }\n    "
      "IpGenericFilterAction i\n    "
      "{\n      IpFilterAction IpSec\n    }\n    IpManVpnAction t\n    {\n      LocalSecurityEndpointAddr 10.0.0.1\n   "
      "   "
      "RemoteSecurityEndpointAddr 10.0.0.2\n      PassthroughDF No\n      HowToEncrypt AES\n      EncryptInboundSpi "
      "0x101\n      AuthOutboundSpi 258\n      EncryptInboundKey 00112233445566778899aabbccddeeff\n      "
      "EncryptOutboundKey 10112233445566778899aabbccddeeff\n      HowToAuth ESP HMAC_MD5\n      AuthInboundKey "
      "20112233445566778899aabbccddeeff\n      AuthOutboundKey 30112233445566778899aabbccddeeff\n    }\n  }\n}\n";
  const SourceFile own{.name = "f", .text = text};
  const json rules = json::parse(shown_of(nullptr, &own, ShowFormat::json))["IpFilterPolicy"]["rules"];
  EXPECT_TRUE(has(attributes_of(rules[0]), "IpSourceAddr 10.1.0.0/16 f:5"));
  const auto service = attributes_of(rules[0]["attributes"][1]["statement"]);
  for (const char* line : {"Routing Either f:8", "FragmentsOnly Yes f:8", "Type 8 f:10", "Code Any default"}) {
    EXPECT_TRUE(has(service, line)) << line << ::testing::PrintToString(service);
  }
  const auto tunnel = attributes_of(rules[1]["attributes"][2]["statement"]);
  for (const char* line :
       {"PassthroughDF No Clear f:30", "HowToEncrypt AES_CBC KeyLength 128 f:31", "EncryptInboundSpi 0x101 f:32",
        "AuthInboundSpi 257 f:32", "AuthOutboundSpi 258 f:33", "EncryptOutboundSpi 258 f:33"}) {
    EXPECT_TRUE(has(tunnel, line)) << line << ::testing::PrintToString(tunnel);
  }
}

}  // namespace
}  // namespace adit::policy::report
