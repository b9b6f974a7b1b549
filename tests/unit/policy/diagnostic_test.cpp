#include "policy/diagnostic.h"

#include "policy/masked.h"
#include "sources.h"

namespace adit::policy {
namespace {

TEST(Diagnostic, ShowsTheLineACaretWhatIsExpectedAndTheNearestWord) {
  const SourceFile file{"east.policy", "IpFilterPolicy\n{\n\tFilterLoging On\n}\n"};
  const ParseResult result = parsed(file);
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(told(result, file),
            "east.policy:3:2: error: unknown attribute: \"FilterLoging\"\n"
            "  \tFilterLoging On\n"
            "  \t^^^^^^^^^^^^\n"
            "  expected: an attribute of IpFilterPolicy\n"
            "  nearest: FilterLogging\n");
}

TEST(Diagnostic, ComesForEveryMistakeOfBothFilesInOrderOfPlace) {
  const SourceFile common{"common", "IpAddr a\n{\nAddr x\n}\n"};
  const SourceFile own{"own", "IpAddr b\n{\nAddr y\n}\nIpAddr c\n{\nAdr 1.2.3.4\n}\n"};
  const ParseResult result = parse_policy(StackName{"s"}, &common, &own);
  EXPECT_EQ(result.policy, nullptr);
  std::string places;
  for (const Diagnostic& diagnostic : result.diagnostics) places += diagnostic.at.to_string() + " ";
  EXPECT_EQ(places, "common:3 own:1 own:3 own:5 own:7 ");  // own:1 no IpFilterPolicy, own:5 IpAddr without Addr
}

TEST(Diagnostic, NeverShowsASecret) {
  const char* const lines[] = {
      "SharedKey Ascii zebra",
      "SharedKey zebra",
      "SharedKy Ascii zebra",
      "sharedkey hex zebra",
      "  SharedKey\tEbcdic zebra",
      "SharedKye zebra",
      "AuthInboundKey zebra",
      "EncryptOutboundKy zebra",
      "UserId me AuthBy Password zebra",
      "UserId me AuthBy zebra",
      "UserId me AuthBy Pasword zebra",
      "SharedKey Ascii zebra # comment",
      "EncryptInboundSpi 300 EncryptInboundKey zebra",
      "AuthInboundSpi 300 AuthInboundKye zebra",
      "HowToEncrypt DES SharedKey zebra",
      "HowToEncrypt DES UserId me AuthBy zebra",
      "EncryptKey zebra",
      "AuthKey zebra",
      "InboundKey zebra",
      "PSK zebra",
      "my-psk: zebra",
      "SharedSecret zebra",
      "SharedKey=Ascii:zebra",
      "psk=zebra",
      "HowToEncrypt DES TheKey zebra",
      "{ EncryptKey zebra",
  };
  const SourceFile base = read_source("vectors/policy/base.policy");
  for (const char* line : lines) {
    SCOPED_TRACE(line);
    EXPECT_FALSE(shown_line(line).contains("zebra")) << shown_line(line);
    SourceFile changed = base;
    const std::string_view key = "SharedKey Ascii 0123456789abcdefghijk";
    changed.text.replace(changed.text.find(key), key.size(), line);
    const ParseResult result = parsed(changed);
    EXPECT_FALSE(result.diagnostics.empty());  // at the least, the key is short
    EXPECT_FALSE(told(result, changed).contains("zebra")) << told(result, changed);
  }
}

// There an attribute that nobody knows is a key by another name, whatever it is called.
TEST(Diagnostic, ShowsOfAnUnknownAttributeWhereKeysStandItsFirstWordAlone) {
  const SourceFile rule{"f", "IpFilterPolicy\n{\n}\nKeyExchangeRule r\n{\n  Passphrase zebra 1\n  Pass=zebra\n}\n"};
  const SourceFile tunnel{"f", "IpManVpnAction m\n{\n  Phrase zebra\n  Phrase zebra\n  {\n  }\n}\n"};
  EXPECT_TRUE(told(parsed(rule), rule).contains("  Passphrase ***\n    ^^^^^^^^^^\n")) << told(parsed(rule), rule);
  EXPECT_TRUE(told(parsed(rule), rule).contains("unknown attribute: \"Pass\"\n    Pass=***\n"));
  for (const SourceFile* file : {&rule, &tunnel}) EXPECT_FALSE(told(parsed(*file), *file).contains("zebra"));
  // Elsewhere a misspelt attribute is shown with its value.
  const SourceFile filter{"f", "IpFilterPolicy\n{\n  Filtering zebra\n}\n"};
  EXPECT_TRUE(told(parsed(filter), filter).contains("  Filtering zebra\n"));
}

TEST(Diagnostic, NeverShowsSixteenHexadecimalDigits) {
  const std::string key = "0x00112233445566778899aabbccddeeff";
  for (const std::string& line : {"  Inbound " + key, "  PreDecap " + key, "  " + key, "  FilterLogging On " + key}) {
    const SourceFile file{"f", "IpFilterPolicy\n{\n" + line + "\n}\n"};
    EXPECT_FALSE(told(parsed(file), file).contains("00112233")) << told(parsed(file), file);
  }
  EXPECT_EQ(shown_line("AuthInboundSpi 0x12345678 x"), "AuthInboundSpi 0x12345678 x");
}

TEST(Diagnostic, ShowsWhatStandsAfterWordsOfTheLanguageThatHoldKey) {
  for (const char* line : {"KeyExchangeRule west x", "HowToAuthMe\tPresharedKey", "HowToEncrypt AES_CBC KeyLength 99",
                           "KeyExchangeActionRef a b", "Identity KeyId x"}) {
    EXPECT_EQ(shown_line(line), line);
  }
}

TEST(Diagnostic, ShowsSpisWhoseNamesResembleThoseOfKeys) {
  for (const char* line :
       {"AuthInboundSpi 257x", "encryptoutboundspi 0xzz", "EncryptInboundSa 7", "AuthOutboundSa 8"}) {
    EXPECT_EQ(shown_line(line), line);
  }
}

// The new lines 0x15 of IBM-1047 are NEL in Unicode (U+0085): `iconv -f IBM-1047 -t UTF-8` makes 0xC2 0x85 of them.
std::string with_next_lines(std::string text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) text.replace(at, 1, "\xC2\x85");
  return text;
}

TEST(Diagnostic, HasTheSamePlacesInAFileOfZosAsIconvConvertsIt) {
  const SourceFile base = read_source("vectors/policy/base.policy");
  EXPECT_NE(parsed(with_next_lines(base.text)).policy, nullptr);

  SourceFile wrong = base;
  wrong.text.replace(wrong.text.find("Protocol Tcp"), 12, "Protocol Tpc");
  wrong.text.replace(wrong.text.find("VpnLife 1440"), 12, "# \xC3\xA4\xC3\xB6 \n VpnLife x");
  SourceFile converted = wrong;
  converted.text = with_next_lines(wrong.text);
  EXPECT_EQ(told(parsed(converted), converted), told(parsed(wrong), wrong));
  EXPECT_TRUE(told(parsed(converted), converted).contains("        Protocol Tpc\n                 ^^^\n"))
      << told(parsed(converted), converted);
}

TEST(Diagnostic, OfANextLineAmongLineFeedsIsAControlCharacter) {
  const SourceFile file{"f", "IpFilterPolicy\n{\n# harmless\xC2\x85 FilterLogging Off\n}\n"};
  EXPECT_TRUE(told(parsed(file), file).contains("f:3:11: error: control character")) << told(parsed(file), file);
}

TEST(Diagnostic, ShowsNothingThatATerminalObeys) {
  EXPECT_EQ(shown_text("a\x1b[2Jb\xc2\x9b\xff\tc"), "a?[2Jb??\tc");
  EXPECT_EQ(shown_text("a\u202eb\u2066c\u2069\u200fd\u061c"), "a?b?c??d?") << "what turns the direction of text";
  EXPECT_EQ(shown_text("cut off\xc2"), "cut off?");
  EXPECT_EQ(shown_line("IpSourceAddr 10.0.0.1"), "IpSourceAddr 10.0.0.1");
}

TEST(Diagnostic, OfAnEmptyFileSaysWhatIsMissing) {
  const SourceFile file{"f", ""};
  const ParseResult result = parsed(file);
  EXPECT_EQ(result.policy, nullptr);
  EXPECT_EQ(told(result, file), "f:1:1: error: no IpFilterPolicy\n  expected: IpFilterPolicy with rules\n");
  EXPECT_EQ(parse_policy(StackName{"s"}, nullptr, nullptr).policy, nullptr);
}

}  // namespace
}  // namespace adit::policy
