// The time forms of IpTimeCondition.

#include <algorithm>

#include "policy/values.h"

namespace adit::policy {
namespace {

std::optional<std::uint64_t> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return std::nullopt;
  const std::string_view part = text.substr(at, count);
  if (!std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  return parse_number(part);
}

bool in_range(std::optional<std::uint64_t> value, std::uint64_t least, std::uint64_t most) {
  return value && *value >= least && *value <= most;
}

// yyyymmddhhmmss
bool is_moment(std::string_view text) {
  return text.size() == 14 && digits(text, 0, 4) && in_range(digits(text, 4, 2), 1, 12) &&
         in_range(digits(text, 6, 2), 1, 31) && in_range(digits(text, 8, 2), 0, 24) &&
         in_range(digits(text, 10, 2), 0, 59) && in_range(digits(text, 12, 2), 0, 59);
}

bool is_time_span(std::string_view text) {
  return text.size() == 29 && text[14] == ':' && is_moment(text.substr(0, 14)) && is_moment(text.substr(15)) &&
         text.substr(0, 14) <= text.substr(15);
}

// hh:mm, 24:00 as an end
bool is_time_of_day(std::string_view text) {
  if (text == "24:00") return true;
  return text.size() == 5 && text[2] == ':' && in_range(digits(text, 0, 2), 0, 23) &&
         in_range(digits(text, 3, 2), 0, 59);
}

bool are_day_times(std::string_view text) {
  while (true) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view range = text.substr(0, comma);
    if (range.size() != 11 || range[5] != '-' || !is_time_of_day(range.substr(0, 5)) || range.starts_with("24:00") ||
        !is_time_of_day(range.substr(6)) || range.substr(0, 5) == range.substr(6)) {
      return false;
    }
    if (comma == text.size()) return true;
    text.remove_prefix(comma + 1);
  }
}

bool is_mask(const AttributeRow& row, std::string_view text) {
  return (text.size() == row.least || text.size() == row.most) &&
         std::ranges::all_of(text, [](char c) { return c == '0' || c == '1'; });
}

}  // namespace

Value read_time(const AttributeRow& row, ValueText& text, std::string_view expected) {
  const Word word = text.take();
  const bool is_sound = row.form == Form::digits      ? is_mask(row, word.text)
                        : row.form == Form::time_span ? is_time_span(word.text)
                                                      : are_day_times(word.text);
  if (is_sound) return std::string{word.text};
  text.refuse(word, {.problem = word.text.empty() ? "value missing" : "not a time of this form",
                     .found = std::string{word.text},
                     .expected = std::string{expected},
                     .nearest = {}});
  return {};
}

}  // namespace adit::policy
