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

}  // namespace
}  // namespace adit::policy::report
