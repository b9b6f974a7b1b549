#include "policy/source_lines.h"

#include <algorithm>

#include "policy/lexer.h"

namespace adit::policy {

SourceLines::SourceLines(std::span<const SourceFile> sources) {
  for (const SourceFile& source : sources) {
    std::string_view left = source.text;
    if (left.starts_with(LineReader::byte_order_mark)) left.remove_prefix(LineReader::byte_order_mark.size());
    auto& of_file = lines_[source.name];
    while (!left.empty()) {
      const std::size_t end = std::min(left.find('\n'), left.size());
      of_file.push_back(left.substr(0, end));
      left.remove_prefix(std::min(end + 1, left.size()));
    }
  }
}

std::string_view SourceLines::at(const SourceRange& place) const {
  const auto file = lines_.find(place.file);
  if (file == lines_.end() || place.line < 1 || place.line > file->second.size()) return {};
  std::string_view line = file->second[place.line - 1];
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line.substr(0, LineReader::longest_line);
}

}  // namespace adit::policy
