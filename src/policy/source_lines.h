#pragma once
// The lines of files, found once, for whoever shows where something stands.

#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/diagnostic.h"

namespace adit::policy {

class SourceLines {
 public:
  /// The sources must outlive it.
  explicit SourceLines(std::span<const SourceFile> sources);
  /// The line without its end; empty when there is none.
  std::string_view at(const SourceRange& place) const;

 private:
  /// A file's text, and where each 256th line begins: a file of line ends alone must not take a view for each octet.
  struct Text {
    std::string_view text;
    std::string_view line_end;
    std::vector<std::size_t> marks;
  };
  static constexpr std::size_t lines_a_mark = 256;

  std::unordered_map<std::string_view, Text> files_;
};

}  // namespace adit::policy
