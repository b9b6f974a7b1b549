#include "base/distinguished_name.h"

#include <gtest/gtest.h>

#include "hex.h"

namespace adit {
namespace {

TEST(DistinguishedName, TextBecomesDerAndComesBack) {
  const auto name = DistinguishedName::parse("CN=east,O=Adit,C=DE");
  ASSERT_TRUE(name);
  // SEQUENCE { SET { C=DE PrintableString }, SET { O=Adit UTF8String }, SET { CN=east UTF8String } }
  EXPECT_EQ(to_hex(name->to_der()),
            "302b310b3009060355040613024445310d300b060355040a0c0441646974310d300b06035504030c0465617374");
  EXPECT_EQ(DistinguishedName::parse_der(name->to_der()), *name);
  EXPECT_EQ(name->to_string(), "CN=east,O=Adit,C=DE");
}

TEST(DistinguishedName, KeepsBlanksInsideAndEscapes) {
  const auto name = DistinguishedName::parse(R"(cn = Router 7 , O=Smith\, Jones \+ Co\20)");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->rdns[1][0].value, "Router 7");
  EXPECT_EQ(name->rdns[0][0].value, "Smith, Jones + Co ");
  EXPECT_EQ(DistinguishedName::parse(name->to_string()), *name);
}

TEST(DistinguishedName, SaysWhereTextIsWrong) {
  const struct {
    const char* text;
    ParseError want;
  } cases[] = {
      {"", {"name", 0}},
      {"CN=a,", {"attribute type", 5}},
      {"CN=a,XX=b", {"attribute type", 5}},
      {"CN=", {"attribute value", 3}},
      {"CN=a\\", {"escape", 5}},
  };
  for (const auto& [text, want] : cases) {
    const auto name = DistinguishedName::parse(text);
    ASSERT_FALSE(name) << text;
    EXPECT_EQ(name.error(), want) << text << ": " << name.error().field << " at " << name.error().offset;
  }
}

TEST(DistinguishedName, MatchesWithoutCaseStringTypeAndRunsOfBlanks) {
  auto upper = DistinguishedName::parse("CN=EAST  gate,O=Adit");
  const auto lower = DistinguishedName::parse("CN=east gate,O=adit");
  ASSERT_TRUE(upper && lower);
  upper->rdns[0][0].tag = 0x13;
  EXPECT_TRUE(upper->matches(*lower));
  EXPECT_FALSE(upper->matches(*DistinguishedName::parse("CN=east gate")));
  EXPECT_FALSE(upper->matches(*DistinguishedName::parse("O=adit,CN=east gate")));
}

TEST(DistinguishedName, RefusesDerThatIsNoName) {
  for (const char* der : {"", "30", "3005310b3009", "3102", "300231 00", "30023000", "308000", "30810200 00",
                          "3004 3102 3000", "3000 00"}) {
    EXPECT_FALSE(DistinguishedName::parse_der(from_hex(der))) << der;
  }
  EXPECT_TRUE(DistinguishedName::parse_der(from_hex("3000")));  // an empty name is one
}

TEST(DistinguishedName, PrintsUnknownTypesByNumberAndNoControlCharacters) {
  const DistinguishedName name{{{{.type = from_hex("2a03"), .tag = 0x0c, .value = "a\n\x1b"}}}};
  EXPECT_EQ(name.to_string(), "1.2.3=a\\0a\\1b");
}

}  // namespace
}  // namespace adit
