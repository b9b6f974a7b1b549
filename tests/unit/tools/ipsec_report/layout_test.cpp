#include "tools/ipsec/report/layout.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace adit::tools::ipsec {
namespace {

Report two_entries() {
  Entry first, second;
  first.add("TunnelID", "K1").add("Generation", "1").row("State", "DONE").part("KeyLength", "256");
  second.add("TunnelID", "K2").add("Generation", "3").row("State", "INIT").part("KeyLength", "n/a");
  return {.heading = {.stack = "TCPCS",
                      .now = WallTime{Seconds{1266316692}},  // 2010-02-16 10:38:12 UTC
                      .primary = "IKE tunnel",
                      .function = "Display",
                      .source = "IKED"},
          .entries = {first, second}};
}

class Layout : public testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "UTC", 1);
    tzset();
  }
};

TEST_F(Layout, DetailPutsValuesInColumn30AndClosesEachEntryWithAsterisks) {
  EXPECT_EQ(laid_out(two_entries(), Format::detail),
            "CS Adit-0.1.0 ipsec  Stack Name: TCPCS  Tue Feb 16 10:38:12 2010\n"
            "Primary:  IKE tunnel      Function: Display            Format:   Detail\n"
            "Source:   IKED            Scope:    Current            TotAvail: n/a\n"
            "\n"
            "TunnelID:                     K1\n"
            "Generation:                   1\n"
            "State:                        DONE\n"
            " KeyLength:                   256\n"
            "***********************************************************************\n"
            "TunnelID:                     K2\n"
            "Generation:                   3\n"
            "State:                        INIT\n"
            " KeyLength:                   n/a\n"
            "***********************************************************************\n"
            "\n"
            "2 entries selected\n");
}

TEST_F(Layout, ShortBreaksNamesAndValuesAtTheSameFields) {
  const std::string text = laid_out(two_entries(), Format::brief);
  EXPECT_NE(text.find("TunnelID|Generation\n|State|KeyLength\n\nK1|1\n|DONE|256\nK2|3\n|INIT|n/a\n"), std::string::npos)
      << text;
}

TEST_F(Layout, WideHasOneLineAnEntry) {
  const std::string text = laid_out(two_entries(), Format::wide);
  EXPECT_NE(text.find("TunnelID|Generation|State|KeyLength\nK1|1|DONE|256\nK2|3|INIT|n/a\n"), std::string::npos)
      << text;
}

TEST_F(Layout, JsonHoldsTheSameValues) {
  const auto json = nlohmann::json::parse(laid_out(two_entries(), Format::json));
  EXPECT_EQ(json["stack"], "TCPCS");
  ASSERT_EQ(json["entries"].size(), 2u);
  EXPECT_EQ(json["entries"][1]["Generation"], "3");
}

TEST_F(Layout, HeadingLinesOfAReportStandInColumnsAndInJson) {
  Report report = two_entries();
  report.heading.further = {{{"Logging", "On"}, {"Predecap", "Off"}, {"DVIPSec", "No"}},
                            {{"NatKeepAlive", "0"}, {"FIPS140", "No"}},
                            {{"Defensive Mode", "Inactive"}}};
  const std::string text = laid_out(report, Format::detail);
  EXPECT_NE(text.find("\nLogging:  On              Predecap: Off                DVIPSec:  No\n"
                      "NatKeepAlive:  0          FIPS140:  No\n"
                      "Defensive Mode: Inactive\n"),
            std::string::npos)
      << text;
  const auto json = nlohmann::json::parse(laid_out(report, Format::json));
  EXPECT_EQ(json["NatKeepAlive"], "0");
  EXPECT_EQ(json["DVIPSec"], "No");
}

TEST_F(Layout, JsonSurvivesOctetsThatAreNoUtf8) {
  Report report = two_entries();
  report.entries.front().add("RemoteID", "\xff\xfe");
  EXPECT_TRUE(nlohmann::json::accept(laid_out(report, Format::json)));
}

TEST_F(Layout, AnActionListsItsColumnsThenARowAnObject) {
  const Heading heading{
      .stack = "TCPCS", .now = WallTime{Seconds{1266320884}}, .primary = "IKE tunnel", .function = "Refresh"};
  EXPECT_EQ(laid_out_action(heading, {"Tunnel ID", "Status"}, {{"K1", "Refreshing"}}, Format::detail),
            "CS Adit-0.1.0 ipsec  Stack Name: TCPCS  Tue Feb 16 11:48:04 2010\n"
            "Primary:  IKE tunnel      Function: Refresh\n"
            "\n"
            "Tunnel ID                 Status\n"
            "K1                        Refreshing\n");
}

}  // namespace
}  // namespace adit::tools::ipsec
