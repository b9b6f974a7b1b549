#include "policy/lexer.h"

#include <gtest/gtest.h>

#include "policy/nearest.h"

namespace adit::policy {
namespace {

struct Read {
  std::vector<Line> lines;
  std::vector<Diagnostic> diagnostics;
};

Read read_all(const SourceFile& file) {
  Findings findings;
  LineReader reader{file, findings};
  Read read;
  while (auto line = reader.next()) read.lines.push_back(*std::move(line));
  read.diagnostics = std::move(findings).in_order({file.name});
  return read;
}

TEST(Lexer, PartsWordsAtBlanksAndTabsAndCountsCharacters) {
  const SourceFile file{"f",
                        "\xEF\xBB\xBF\n  Identity\tX500dn  CN=\xC3\xA4\xC3\xB6,O=b c # who\r\n# only a comment\n}\n"};
  const Read read = read_all(file);
  ASSERT_EQ(read.lines.size(), 2u);
  const Line& line = read.lines[0];
  EXPECT_EQ(line.number, 2u);
  ASSERT_EQ(line.words.size(), 4u);
  EXPECT_EQ(line.words[0].column, 3u);
  EXPECT_EQ(line.words[1].column, 12u);
  EXPECT_EQ(line.words[2].column, 20u);
  EXPECT_EQ(line.words[2].length, 9u);  // two characters of two octets each
  EXPECT_EQ(line.words[3].text, "c");
  EXPECT_EQ(line.words[3].column, 30u);
  EXPECT_EQ(line.rest(2).text, "CN=\xC3\xA4\xC3\xB6,O=b c");
  EXPECT_EQ(read.lines[1].number, 4u);
  EXPECT_TRUE(read.diagnostics.empty());
}

TEST(Lexer, TakesAHashInAValueToTheEndOfTheLineUnlessABlankStandsBeforeIt) {
  const SourceFile file{"f", "SharedKey Ascii a#b #c\nCaLabel # none\nName a#b"};
  const Read read = read_all(file);
  ASSERT_EQ(read.lines.size(), 3u);
  EXPECT_EQ(read.lines[0].rest(2).text, "a#b");
  EXPECT_EQ(read.lines[1].words.size(), 1u);
  EXPECT_EQ(read.lines[1].rest(1).text, "");
  EXPECT_EQ(read.lines[2].words[1].text, "a");
}

TEST(Lexer, ReportsWhatIsNoTextAndReadsOn) {
  const struct {
    const char* name;
    std::string text;
    std::uint32_t line, column;
    const char* problem;
  } cases[] = {
      {"a NUL", std::string{"ok\nab\0c\nok", 9}, 2, 3, "control character"},
      {"an escape in a comment", "ok\n# \x1b[2J\nok", 2, 3, "control character"},
      {"text that would be read backwards", "ok\n# a\u202eb\nok", 2, 4, "control character"},
      {"a control character of two octets", "ok\na\u009bb\nok", 2, 2, "control character"},
      {"a carriage return within", "ok\na\rb\nok", 2, 2, "control character"},
      {"a stray octet", "ok\n\xC3\xA4\xFF\nok", 2, 2, "octet that is no UTF-8"},
      {"a character cut off", "ok\n\xE2\x82\nok", 2, 1, "octet that is no UTF-8"},
      {"an overlong form", "ok\n\xC0\xAF\nok", 2, 1, "octet that is no UTF-8"},
      {"a surrogate", "ok\n\xED\xA0\x80\nok", 2, 1, "octet that is no UTF-8"},
      {"a line too long", "ok\n" + std::string(LineReader::longest_line + 1, 'a') + "\nok", 2,
       LineReader::longest_line + 1, "line too long"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const SourceFile file{"f", c.text};
    const Read read = read_all(file);
    EXPECT_EQ(read.lines.size(), 2u);
    ASSERT_EQ(read.diagnostics.size(), 1u);
    EXPECT_EQ(read.diagnostics[0].at.line, c.line);
    EXPECT_EQ(read.diagnostics[0].at.column, c.column);
    EXPECT_EQ(read.diagnostics[0].problem, c.problem);
  }
}

TEST(Lexer, TakesALineOfTheGreatestLength) {
  const SourceFile file{"f", std::string(LineReader::longest_line, 'a') + "\r\n"};
  EXPECT_EQ(read_all(file).lines.size(), 1u);
  EXPECT_TRUE(read_all(file).diagnostics.empty());
}

TEST(Lexer, KeepsABoundedNumberOfMistakes) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "\x01\n";
  const Read read = read_all({"f", text});
  ASSERT_EQ(read.diagnostics.size(), Findings::most + 1);
  EXPECT_EQ(read.diagnostics.back().problem, "800 more mistakes are not listed");
}

TEST(EditDistance, CountsAnExchangeOfNeighboursOnce) {
  EXPECT_EQ(edit_distance("Tunnel", "tunnel"), 0u);
  EXPECT_EQ(edit_distance("Tunenl", "Tunnel"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("Permt", "Permit"), 1u);
}

TEST(NearestWord, IsNoneWhenNothingIsNear) {
  constexpr std::string_view words[] = {"Tunnel", "Transport", "Either"};
  EXPECT_EQ(nearest_word("Trasnport", words), "Transport");
  EXPECT_EQ(nearest_word("Banana", words), "");
  EXPECT_EQ(nearest_word(std::string(10000, 'T'), words), "");
}

}  // namespace
}  // namespace adit::policy
