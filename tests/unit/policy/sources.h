#pragma once
// Policies for the tests: files of the repository, and small ones made of parts.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "policy/diagnostic.h"

namespace adit::policy {

/// A file of tests/ or, with `../`, of the repository.
inline SourceFile read_source(const std::string& path) {
  std::ifstream in{std::string{ADIT_TEST_DATA} + "/" + path, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_TRUE(in.good()) << path;
  return {.name = path.substr(path.rfind('/') + 1), .text = text.str()};
}

inline ParseResult parsed(const SourceFile& own) { return parse_policy(StackName{"east"}, nullptr, &own); }
inline ParseResult parsed(const std::string& text) { return parsed(SourceFile{.name = "test.policy", .text = text}); }

inline std::string told(const ParseResult& result, const SourceFile& source) {
  return render(result.diagnostics, std::vector{source});
}

}  // namespace adit::policy
