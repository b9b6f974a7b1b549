#include "policy/source_lines.h"

#include <algorithm>

#include "policy/lexer.h"

namespace adit::policy {
namespace {

/// Where the line after the one at `at` begins.
std::size_t next_line(std::string_view text, std::size_t at, std::string_view line_end) {
  const std::size_t end = text.find(line_end, at);
  return end == std::string_view::npos ? text.size() : end + line_end.size();
}

}  // namespace

SourceLines::SourceLines(std::span<const SourceFile> sources) {
  for (const SourceFile& source : sources) {
    std::string_view text = source.text;
    if (text.starts_with(LineReader::byte_order_mark)) text.remove_prefix(LineReader::byte_order_mark.size());
    Text& file = files_[source.name];
    file.text = text;
    file.line_end = line_end_of(text);
    std::size_t number = 0;
    for (std::size_t at = 0; at < text.size(); ++number) {
      if (number % lines_a_mark == 0) file.marks.push_back(at);
      at = next_line(text, at, file.line_end);
    }
  }
}

std::string_view SourceLines::at(const SourceRange& place) const {
  const auto file = files_.find(place.file);
  if (file == files_.end() || place.line < 1) return {};
  const auto& [text, line_end, marks] = file->second;
  const std::size_t number = place.line - 1;
  if (number / lines_a_mark >= marks.size()) return {};
  std::size_t at = marks[number / lines_a_mark];
  for (std::size_t i = 0; i < number % lines_a_mark; ++i) at = next_line(text, at, line_end);
  std::string_view line = text.substr(at, std::min(text.find(line_end, at), text.size()) - at);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line.substr(0, LineReader::longest_line);
}

}  // namespace adit::policy
