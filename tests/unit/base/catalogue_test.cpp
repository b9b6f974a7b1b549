#include "base/catalogue.h"

#include <gtest/gtest.h>

#include <set>

namespace adit {
namespace {

TEST(Catalogue, HasStableIdsOfOneForm) {
  std::set<std::string_view> ids;
  for (const CatalogueRow& row : catalogue()) {
    SCOPED_TRACE(row.id);
    EXPECT_TRUE(ids.insert(row.id).second) << "used twice";
    ASSERT_EQ(row.id.size(), 8u);  // three letters, four digits, the letter of the severity
    const std::string_view letters = row.id.substr(0, 3);
    EXPECT_TRUE(letters == "ADT" || letters == "EZD" || letters == "EZZ");
    EXPECT_EQ(row.id.substr(3, 4).find_first_not_of("0123456789"), std::string_view::npos);
    const char letter = row.id[7];
    if (letters == "ADT") {
      EXPECT_EQ(letter, row.severity == Severity::error ? 'E' : row.severity == Severity::warning ? 'W' : 'I');
    }
    EXPECT_EQ(&row_of(row.message), &row);
  }
}

TEST(Catalogue, HasTextsWhoseBracesAreBalanced) {
  for (const CatalogueRow& row : catalogue()) {
    bool open = false;
    for (const char character : row.text) {
      if (character == '{' || character == '}') {
        EXPECT_NE(open, character == '{') << row.text;
        open = character == '{';
      }
    }
    EXPECT_FALSE(open) << row.text;
  }
}

TEST(LogRecord, PutsValuesWhereTheTextNamesThem) {
  const LogRecord record{CatalogueId::daemon_started, {{"version", "1.0"}, {"daemon", "iked"}}};
  EXPECT_EQ(record.to_string(), "ADT0001I iked 1.0 is ready");
}

TEST(LogRecord, WritesOtherFieldsBehindTheTextAndADashForMissingOnes) {
  const LogRecord record{CatalogueId::daemon_stopped, {{"signal", "15"}}};
  EXPECT_EQ(record.to_string(), "ADT0002I - has stopped signal=15");
}

TEST(LogRecord, EscapesWhatATerminalWouldObey) {
  const LogRecord record{CatalogueId::daemon_stopped, {{"daemon", "a\n\x1b[2Jb\x7f"}}};
  EXPECT_EQ(record.to_string(), "ADT0002I a\\x0a\\x1b[2Jb\\x7f has stopped");
  const LogRecord turned{CatalogueId::daemon_stopped, {{"daemon", "a\u202eb\u009bc\u00e9"}}};
  EXPECT_EQ(turned.to_string(), "ADT0002I a\\xe2\\x80\\xaeb\\xc2\\x9bc\u00e9 has stopped");
}

}  // namespace
}  // namespace adit
