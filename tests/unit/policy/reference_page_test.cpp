#include "policy/reference_page.h"

#include <cstdlib>
#include <fstream>

#include "sources.h"

namespace adit::policy {
namespace {

constexpr std::string_view begin_mark =
    "<!-- generated from src/policy/keywords.cpp: tests/unit/policy says how to renew it -->\n";
constexpr std::string_view end_mark = "<!-- end of the generated part -->\n";

// ADIT_RENEW_DOCS=1 policy_test --gtest_filter='ReferencePage.*' writes the tables into the page.
TEST(ReferencePage, HasTheTablesOfTheKeywords) {
  const std::string path = std::string{ADIT_TEST_DATA} + "/../docs/policy.md";
  std::string page = read_source("../docs/policy.md").text;
  const std::size_t begin = page.find(begin_mark);
  const std::size_t end = page.find(end_mark);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::size_t from = begin + begin_mark.size();
  if (std::getenv("ADIT_RENEW_DOCS") != nullptr) {
    page.replace(from, end - from, "\n" + reference_tables());
    std::ofstream{path, std::ios::binary} << page;
    return;
  }
  EXPECT_EQ(page.substr(from, end - from), "\n" + reference_tables())
      << "renew it: ADIT_RENEW_DOCS=1 policy_test --gtest_filter='ReferencePage.*'";
}

}  // namespace
}  // namespace adit::policy
