#include <cstdlib>

#include "linted.h"
#include "policy/report/remarks.h"

namespace adit::policy::lint {
namespace {

constexpr std::string_view begin_mark =
    "<!-- generated from src/policy/lint/kinds.inc: tests/unit/policy_lint says how to renew it -->\n";
constexpr std::string_view end_mark = "<!-- end of the kinds of finding -->\n";

// ADIT_RENEW_DOCS=1 policy_lint_test --gtest_filter='KindsPage.*' writes the table into the page.
TEST(KindsPage, HasTheKindsOfFinding) {
  std::string page = text_of("../docs/policy.md");
  const std::size_t begin = page.find(begin_mark);
  const std::size_t end = page.find(end_mark);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::size_t from = begin + begin_mark.size();
  const std::string want = "\n" + report::kinds_table() + "\n";
  if (std::getenv("ADIT_RENEW_DOCS") != nullptr) {
    page.replace(from, end - from, want);
    std::ofstream{std::string{ADIT_TEST_DATA} + "/../docs/policy.md", std::ios::binary} << page;
    return;
  }
  EXPECT_EQ(page.substr(from, end - from), want)
      << "renew it: ADIT_RENEW_DOCS=1 policy_lint_test --gtest_filter='KindsPage.*'";
}

}  // namespace
}  // namespace adit::policy::lint
