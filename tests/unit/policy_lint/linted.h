#pragma once
// Policies for the linter's tests: an example with some of its text replaced, and what is found in it.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "policy/lint/lint.h"

namespace adit::policy::lint {

using Replacements = std::vector<std::pair<std::string, std::string>>;

inline std::string text_of(const std::string& path) {
  std::ifstream in{std::string{ADIT_TEST_DATA} + "/" + path, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_TRUE(in.good()) << path;
  return text.str();
}

/// The text with each first occurrence replaced; one that is not there is a mistake of the test.
inline std::string changed(std::string text, const Replacements& replacements) {
  for (const auto& [from, to] : replacements) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    if (at != std::string::npos) text.replace(at, from.size(), to);
  }
  return text;
}

/// `shadowed-rule 12 10`: id, line, and the line of the other place; one a finding. Without aggressive-by-default,
/// which every rule with a key has that says nothing of IKEv1.
inline std::vector<std::string> found_in(const std::string& text) {
  const SourceFile source{.name = "test.policy", .text = text};
  const Document document{StackName{"east"}, nullptr, &source};
  EXPECT_NE(document.policy(), nullptr) << render(document.diagnostics(), std::vector{source});
  std::vector<std::string> found;
  for (const Remark& remark : lint(document)) {
    EXPECT_FALSE(remark.advice.empty()) << remark.problem;
    if (remark.kind == Kind::aggressive_by_default) continue;
    found.push_back(fmt::format("{} {}{}", row_of(remark.kind).id, remark.at.line,
                                remark.other ? fmt::format(" {}", remark.other->line) : ""));
  }
  return found;
}

}  // namespace adit::policy::lint
