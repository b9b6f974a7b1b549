#include "policy/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "policy/lexer.h"
#include "policy/masked.h"

namespace adit::policy {
namespace {

// Characters of a line that are shown: the caret must be found without scrolling.
constexpr std::size_t widest_line = 200;

std::string_view name_of(Diagnostic::Severity severity) {
  switch (severity) {
    case Diagnostic::Severity::error:
      return "error";
    case Diagnostic::Severity::warning:
      return "warning";
    case Diagnostic::Severity::note:
      return "note";
  }
  return "error";
}

// Blanks up to the column, tabs kept as tabs so that the caret stands under its word.
std::string indent_to(std::uint32_t column, std::string_view line) {
  std::string indent;
  for (std::uint32_t at = 1; at < column && !line.empty(); ++at) {
    const std::size_t size = std::max<std::size_t>(character_size(line), 1);
    indent += line.front() == '\t' ? '\t' : ' ';
    line.remove_prefix(size);
  }
  return indent;
}

}  // namespace

std::string Diagnostic::to_string(std::string_view source_line) const {
  std::string text =
      fmt::format("{}:{}:{}: {}: {}", at.file, at.line, at.column, name_of(severity), shown_text(problem));
  if (!found.empty()) text += fmt::format(": \"{}\"", shown_text(found));
  const std::string shown = shown_line(source_line);
  if (!shown.empty() && at.column <= widest_line) {
    const std::uint32_t width = count_characters(shown);
    const std::uint32_t room = width >= at.column ? width - at.column + 1 : 1;
    text += fmt::format("\n  {}\n  {}{}", shown.substr(0, widest_line * 4), indent_to(at.column, shown),
                        std::string(std::clamp<std::uint32_t>(at.length, 1, room), '^'));
  }
  if (!expected.empty()) text += "\n  expected: " + shown_text(expected);
  if (!nearest.empty()) text += "\n  nearest: " + shown_text(nearest);
  return text;
}

std::string render(std::span<const Diagnostic> diagnostics, std::span<const SourceFile> sources) {
  // Where each line begins, found once for each file that is spoken of.
  std::unordered_map<std::string_view, std::vector<std::string_view>> lines;
  for (const SourceFile& source : sources) {
    std::string_view left = source.text;
    if (left.starts_with(LineReader::byte_order_mark)) left.remove_prefix(LineReader::byte_order_mark.size());
    auto& of_file = lines[source.name];
    while (!left.empty()) {
      const std::size_t end = std::min(left.find('\n'), left.size());
      of_file.push_back(left.substr(0, end));
      left.remove_prefix(std::min(end + 1, left.size()));
    }
  }
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    const auto file = lines.find(diagnostic.at.file);
    std::string_view line;
    if (file != lines.end() && diagnostic.at.line >= 1 && diagnostic.at.line <= file->second.size()) {
      line = file->second[diagnostic.at.line - 1];
    }
    if (line.ends_with('\r')) line.remove_suffix(1);
    text += diagnostic.to_string(line.substr(0, LineReader::longest_line)) + "\n";
  }
  return text;
}

}  // namespace adit::policy
