#include "policy/source_lines.h"

#include <algorithm>

#include "policy/lexer.h"

namespace adit::policy {

SourceLines::SourceLines(std::span<const SourceFile> sources) {
  for (const SourceFile& source : sources) {
    std::string_view text = source.text;
    if (text.starts_with(LineReader::byte_order_mark)) text.remove_prefix(LineReader::byte_order_mark.size());
    Text& file = files_[source.name];
    file.text = text;
    std::size_t number = 0;
    for (std::size_t at = 0; at < text.size(); ++number) {
      if (number % lines_a_mark == 0) file.marks.push_back(at);
      at = std::min(text.find('\n', at), text.size() - 1) + 1;
    }
  }
}

std::string_view SourceLines::at(const SourceRange& place) const {
  const auto file = files_.find(place.file);
  if (file == files_.end() || place.line < 1) return {};
  const auto& [text, marks] = file->second;
  const std::size_t number = place.line - 1;
  if (number / lines_a_mark >= marks.size()) return {};
  std::size_t at = marks[number / lines_a_mark];
  for (std::size_t i = 0; i < number % lines_a_mark; ++i) at = std::min(text.find('\n', at), text.size() - 1) + 1;
  std::string_view line = text.substr(at, std::min(text.find('\n', at), text.size()) - at);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line.substr(0, LineReader::longest_line);
}

}  // namespace adit::policy
