// What is printed of diagnostics and findings.

#include <nlohmann/json.hpp>

#include "linted.h"
#include "policy/report/diagnostics.h"
#include "policy/report/remarks.h"

namespace adit::policy::report {
namespace {

using nlohmann::json;

const SourceFile with_error{.name = "a.policy", .text = "IpFilterPolicy\n{\n  PreDecap Yes\n  Filterlogging On\n}\n"};

TEST(DiagnosticsJson, HasEachMistakeWithItsPlace) {
  const Document document{StackName{"east"}, nullptr, &with_error};
  const json report = json::parse(diagnostics_json("a.policy", document.diagnostics()));
  EXPECT_EQ(report["file"], "a.policy");
  EXPECT_EQ(report["errors"], 1);
  EXPECT_EQ(report["warnings"], 0);
  const json want = {
      {"severity", "error"},        {"at", {{"file", "a.policy"}, {"line", 3}, {"column", 12}, {"length", 3}}},
      {"problem", "unknown value"}, {"found", "Yes"},
      {"expected", "On | Off"},     {"nearest", ""}};
  ASSERT_EQ(report["diagnostics"].size(), 1u);
  EXPECT_EQ(report["diagnostics"][0], want);
}

TEST(DiagnosticsJson, IsJsonWhateverTheFileHolds) {
  const SourceFile junk{.name = "junk\xff", .text = "\x01\xff\"\\{\nIpFilter\xc3\x28 \"\n"};
  const Document document{StackName{"east"}, nullptr, &junk};
  EXPECT_FALSE(json::parse(diagnostics_json(junk.name, document.diagnostics()))["diagnostics"].empty());
}

std::vector<lint::Remark> remarks_of(const SourceFile& source) {
  const Document document{StackName{"east"}, nullptr, &source};
  return lint::lint(document);
}

SourceFile shadowing() {
  return {.name = "b.policy",
          .text =
              "IpFilterPolicy\n{\n  IpFilterRule first\n  {\n    IpService\n    {\n    }\n    IpGenericFilterActionRef "
              "deny\n  }\n"
              "  IpFilterRule second\n  {\n    IpDestAddr 10.0.0.1\n    IpService\n    {\n    }\n    "
              "IpGenericFilterActionRef permit\n  }\n}\n"
              "IpGenericFilterAction permit\n{\n  IpFilterAction Permit\n}\nIpGenericFilterAction deny\n{\n  "
              "IpFilterAction "
              "Deny\n}\n"};
}

TEST(RemarksText, HasLineCaretIdOtherPlaceAndAdvice) {
  const SourceFile source = shadowing();
  EXPECT_EQ(
      remarks_text(remarks_of(source), std::vector{source}),
      "b.policy:10:16: warning: IpFilterRule second never matches: first (line 3) before it matches all its packets "
      "[shadowed-rule]\n"
      "    IpFilterRule second\n"
      "                 ^^^^^^\n"
      "  other: b.policy:3:16\n"
      "  to do: move it before the other rule, narrow the other rule, or remove this one\n"
      "1 warnings, 0 notes\n");
}

TEST(RemarksJson, HasTheSame) {
  const json report = json::parse(remarks_json("b.policy", remarks_of(shadowing())));
  EXPECT_EQ(report["warnings"], 1);
  EXPECT_EQ(report["notes"], 0);
  ASSERT_EQ(report["findings"].size(), 1u);
  const json& finding = report["findings"][0];
  EXPECT_EQ(finding["id"], "shadowed-rule");
  EXPECT_EQ(finding["severity"], "warning");
  EXPECT_EQ(finding["at"]["line"], 10);
  EXPECT_EQ(finding["other"]["line"], 3);
}

}  // namespace
}  // namespace adit::policy::report
