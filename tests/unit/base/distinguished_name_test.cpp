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

TEST(DistinguishedName, FoldsEveryStringTypeIntoOne) {
  const auto latin = [](std::uint8_t tag, const char* value) {
    return DistinguishedName{
        {{{.type = from_hex("550403"), .tag = tag, .value = std::string{as_text(from_hex(value))}}}}};
  };
  const DistinguishedName utf8 = latin(0x0c, "4dc3bc6c6c6572");                                // "Müller"
  EXPECT_TRUE(utf8.matches(latin(0x14, "4dfc6c6c6572")));                                      // T61String
  EXPECT_TRUE(utf8.matches(latin(0x1e, "004d00fc006c006c00650072")));                          // BMPString
  EXPECT_TRUE(utf8.matches(latin(0x1c, "0000004d000000fc0000006c0000006c0000006500000072")));  // Universal
  EXPECT_FALSE(utf8.matches(latin(0x1e, "004d00fc006c006c006500")));  // half a character: no text at all
  EXPECT_FALSE(utf8.matches(latin(0x1e, "d800")));                    // half a surrogate pair
  EXPECT_EQ(utf8.to_string(), R"(CN=M\c3\bcller)");
}

TEST(DistinguishedName, ComparesTheMembersOfAnRdnAsASet) {
  const auto one = DistinguishedName::parse("CN=a+OU=b,O=c");
  const auto other = DistinguishedName::parse("ou=B + cn=A,O=c");
  ASSERT_TRUE(one && other);
  EXPECT_TRUE(one->matches(*other));
  EXPECT_FALSE(one->matches(*DistinguishedName::parse("CN=a,O=c")));
  EXPECT_FALSE(one->matches(*DistinguishedName::parse("CN=a+OU=b+OU=b,O=c")));
}

TEST(DistinguishedName, TakesTypesByNumberAndValuesByDer) {
  const auto name = DistinguishedName::parse("1.2.840.113549.1.9.2=#0c0161,2.999.1=b");
  ASSERT_TRUE(name);
  EXPECT_EQ(to_hex(name->rdns[1][0].type), "2a864886f70d010902");
  EXPECT_EQ(name->rdns[1][0].value, "a");
  EXPECT_EQ(name->to_string(), "1.2.840.113549.1.9.2=a,2.999.1=b");
  for (const char* text : {"1=a", "3.1=a", "0.40=a", "1.2.=a", "1.2.99999999999=a", "CN=#0c02", "CN=#0", "CN=a;b"}) {
    EXPECT_FALSE(DistinguishedName::parse(text)) << text;
  }
}

TEST(DistinguishedName, HasABoundOnRdns) {
  std::string text = "CN=a";
  for (std::size_t i = 1; i < most_rdns; ++i) text += ",CN=a";
  const auto most = DistinguishedName::parse(text);
  ASSERT_TRUE(most);
  EXPECT_TRUE(DistinguishedName::parse_der(most->to_der()));
  DistinguishedName more = *most;
  more.rdns.push_back(more.rdns.front());
  EXPECT_FALSE(DistinguishedName::parse(text + ",CN=a"));
  EXPECT_FALSE(DistinguishedName::parse_der(more.to_der()));
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
