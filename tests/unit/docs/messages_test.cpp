// docs/messages.md is made from the catalogue: this test says when the two differ, and writes the page anew when
// ADIT_UPDATE_DOCS is set.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "base/catalogue.h"

namespace adit {
namespace {

std::string_view name_of(Severity severity) {
  switch (severity) {
    case Severity::debug:
      return "debug";
    case Severity::info:
      return "info";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return "";
}

std::string page() {
  std::string text =
      "# Messages\n\n"
      "Every line that a daemon of Adit logs begins, after its time and the program's name, with one of these ids. "
      "They are stable: a text may be reworded,\n"
      "an id never means something else. EZDnnnn and EZZnnnn are z/OS's ids for the same event; ADTnnnn are Adit's "
      "own.\n"
      "`{words}` stand for values; with `--json-log` each is a member of the JSON object.\n\n"
      "| id | severity | text |\n|---|---|---|\n";
  for (const CatalogueRow& row : catalogue()) {
    text += "| " + std::string{row.id} + " | " + std::string{name_of(row.severity)} + " | " + std::string{row.text} +
            " |\n";
  }
  return text;
}

TEST(MessagesPage, SaysWhatTheCatalogueSays) {
  const std::string path = std::string{ADIT_TEST_DATA} + "/../docs/messages.md";
  if (std::getenv("ADIT_UPDATE_DOCS") != nullptr) std::ofstream{path} << page();
  std::ifstream file{path};
  const std::string written{std::istreambuf_iterator<char>{file}, {}};
  EXPECT_EQ(written, page()) << "run: ADIT_UPDATE_DOCS=1 build/release/tests/unit/docs/docs_test";
}

TEST(Catalogue, GivesEachMessageAnIdOfItsOwn) {
  std::set<std::string_view> ids;
  for (const CatalogueRow& row : catalogue()) EXPECT_TRUE(ids.insert(row.id).second) << row.id;
}

}  // namespace
}  // namespace adit
