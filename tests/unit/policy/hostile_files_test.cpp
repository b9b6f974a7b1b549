// Files that are no policies: one clear word, in bounded time and memory.

#include <fmt/format.h>

#include <chrono>
#include <random>

#include "policy/ebcdic.h"
#include "policy/findings.h"
#include "sources.h"

namespace adit::policy {
namespace {

using namespace std::string_literals;

constexpr const char* one_rule =
    "IpFilterPolicy\n{\nIpFilterRule r\n{\nIpService\n{\n}\nIpGenericFilterAction p\n{\nIpFilterAction "
    "Permit\n}\n}\n}\n";

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

std::string with_ends(std::string_view end) {
  std::string text;
  for (const char letter : std::string_view{one_rule}) {
    if (letter == '\n') {
      text += end;
    } else {
      text += letter;
    }
  }
  return text;
}

std::string in_utf_16() {
  std::string text = "\xff\xfe";
  for (const char letter : std::string_view{one_rule}) text += std::string{letter, '\0'};
  return text;
}

// As a file comes from z/OS in binary: lines end with NEL.
std::string in_ebcdic() {
  std::string text;
  for (const char letter : std::string_view{one_rule}) {
    text +=
        letter == '\n' ? std::string{'\x15'} : std::string{as_text(to_ebcdic(std::string_view{&letter, 1})->reveal())};
  }
  return text;
}

std::string junk(std::size_t octets) {
  std::mt19937_64 random{3};
  std::string text;
  while (text.size() < octets) text += static_cast<char>(random() & 0xff);
  return text;
}

TEST(HostileFiles, AreToldApartFromPolicies) {
  const struct {
    const char* name;
    std::string text;
    const char* want;  // of the first diagnostic; empty: it is a policy
  } cases[] = {
      {"line ends of Windows", with_ends("\r\n"), ""},
      {"a byte order mark", "\xEF\xBB\xBF" + std::string{one_rule}, ""},
      {"no line end at the end", std::string{one_rule}.substr(0, std::string_view{one_rule}.size() - 1), ""},
      {"line ends of old Macintoshes", with_ends("\r"), "1:1: error: no IpFilterPolicy"},
      {"UTF-16", in_utf_16(), "1:1: error: text in UTF-16"},
      {"UTF-16 without a mark", in_utf_16().substr(2), "1:1: error: text in UTF-16"},
      {"EBCDIC", in_ebcdic(), "1:1: error: text in IBM-1047"},
      {"a NUL", "IpFilterPolicy\n{\nPre\0Decap On\n}\n"s, "3:4: error: control character: \"0x00\""},
      {"NULs alone", std::string(100'000, '\0'), "error"},
      {"Latin-1", "IpAddr b\xfcro\n{\nAddr 10.0.0.1\n}\n" + std::string{one_rule}, "octet that is no UTF-8"},
      {"a line of eight megabytes", std::string(8UL << 20, 'x') + "\n" + one_rule, "1:4097: error: line too long"},
      {"a comment of eight megabytes", "#" + std::string(8UL << 20, 'x') + "\n" + one_rule, "line too long"},
      {"junk", junk(1UL << 20), "error"},
      {"a program",
       "\x7f"
       "ELF" +
           junk(100'000),
       "error"},
      {"64 MiB and an octet", std::string((64UL << 20) + 1, '\n'), "1:1: error: file too long"},
      {"100 000 braces", repeated("{\n", 100'000), "1:1: error: brace without a statement"},
      {"100 000 closing braces", repeated("}\n", 100'000), "1:1: error: brace without a statement"},
      {"100 000 unknown statements in each other", repeated("X\n{\n", 100'000), "1:1: error: unknown statement"},
      {"100 000 rules in each other", repeated("IpFilterRule r\n{\n", 100'000), "error"},
      {"100 000 policies in each other", repeated("IpFilterPolicy\n{\n", 100'000), "error"},
      {"100 000 words in lines", repeated(repeated("a ", 2000) + "\n", 50), "1:1: error: unknown attribute"},
      {"nothing", "", "1:1: error: no IpFilterPolicy"},
      {"comments alone", "# nothing\n\n   # here\n", "1:1: error: no IpFilterPolicy"},
  };
  for (const auto& [name, text, want] : cases) {
    SCOPED_TRACE(name);
    const auto begun = std::chrono::steady_clock::now();
    const SourceFile file{"f", text};
    const ParseResult result = parsed(file);
    const std::string all = told(result, file);
    const auto took = std::chrono::steady_clock::now() - begun;
    if (std::string_view{want}.empty()) {
      EXPECT_NE(result.policy, nullptr);
      EXPECT_EQ(all, "");
      continue;
    }
    EXPECT_EQ(result.policy, nullptr);
    EXPECT_NE(all.substr(0, all.find('\n')).find(want), std::string::npos) << all.substr(0, 300);
    EXPECT_LE(result.diagnostics.size(), Findings::most + 2);
    EXPECT_LT(all.size(), 1UL << 20) << "what is told is bounded, too";
    EXPECT_LT(took, std::chrono::seconds{120}) << "even under a sanitizer on a busy machine";
  }
}

// A mistake in one statement does not hide those of the others.
TEST(HostileFiles, HaveEachMistakeToldAtOnce) {
  const SourceFile file{"f",
                        "IpAddr a\n{\nAdr 10.0.0.1\n}\nIpService s {\nProtocol Tpc\n}\nIpDataOffer o\nHowToEncap "
                        "Tunel\n}\nIpTimeCondition\n{\nTimeZone CET\n}\nKeyExchangeOffer k\n{\nDHGroup Group3\n"};
  std::string lines;
  for (const Diagnostic& diagnostic : parsed(file).diagnostics) lines += fmt::format("{} ", diagnostic.at.line);
  EXPECT_EQ(lines, "1 1 3 5 6 8 9 11 13 15 17 ");
}

}  // namespace
}  // namespace adit::policy
