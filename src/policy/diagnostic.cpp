#include "policy/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "policy/lexer.h"
#include "policy/masked.h"
#include "policy/source_lines.h"

namespace adit::policy {
namespace {

// Characters of a line that are shown: the caret must be found without scrolling.
constexpr std::size_t widest_line = 200;

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

SourceFile::~SourceFile() {
  if (!text.empty()) explicit_bzero(text.data(), text.size());
}

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

std::string Diagnostic::to_string(std::string_view source_line) const {
  std::string text =
      fmt::format("{}:{}:{}: {}: {}", at.file, at.line, at.column, name_of(severity), shown_text(problem));
  if (!found.empty()) text += fmt::format(": \"{}\"", shown_text(found));
  const std::string shown = may_hold_key ? shown_first_word(source_line) : shown_line(source_line);
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
  const SourceLines lines{sources};
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) text += diagnostic.to_string(lines.at(diagnostic.at)) + "\n";
  return text;
}

}  // namespace adit::policy
