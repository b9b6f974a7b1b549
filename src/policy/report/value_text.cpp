#include "policy/report/value_text.h"

#include <algorithm>

#include "policy/lexer.h"
#include "policy/masked.h"

namespace adit::policy::report {
namespace {

constexpr std::string_view blanks = " \t";

// In a value to the end of the line `#` begins a comment only after a blank (docs/policy.md).
bool goes_to_the_end(Form form) {
  return form == Form::rest || form == Form::identity || form == Form::shared_key || form == Form::manual_key;
}

std::string_view without_comment(std::string_view text, Form form) {
  for (std::size_t at = text.find('#'); at != std::string_view::npos; at = text.find('#', at + 1)) {
    if (goes_to_the_end(form) && (at == 0 || !blanks.contains(text[at - 1]))) continue;
    text = text.substr(0, at);
    break;
  }
  const std::size_t last = text.find_last_not_of(blanks);
  return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

// Columns count characters, not octets.
std::string_view from_column(std::string_view line, std::uint32_t column) {
  for (std::uint32_t at = 1; at < column && !line.empty(); ++at) {
    line.remove_prefix(std::clamp<std::size_t>(character_size(line), 1, line.size()));
  }
  return line;
}

}  // namespace

std::string value_text(const Entry& entry, const SourceLines& lines) {
  if (entry.block != nullptr) return {};
  if (entry.row->form == Form::manual_key) return "***";
  const std::string_view line = lines.at(entry.value_at.range());
  const std::string_view text = without_comment(from_column(line, entry.value_at.column), entry.row->form);
  // The form of the key may be told, and no more.
  if (entry.row->form == Form::shared_key) return std::string{text.substr(0, text.find_first_of(blanks))} + " ***";
  // Bits after a prefix are passed over.
  const auto* addresses = std::get_if<AddressSpec>(&entry.value);
  if (addresses != nullptr && text.contains('/') && !addresses->ranges.front().is_single()) {
    return addresses->ranges.front().to_string();
  }
  return shown_text(text);
}

}  // namespace adit::policy::report
