// The time forms of IpTimeCondition.

#include <algorithm>
#include <chrono>

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

bool is_date(std::string_view text) {
  const auto year = digits(text, 0, 4), month = digits(text, 4, 2), day = digits(text, 6, 2);
  return year && month && day &&
         std::chrono::year_month_day{std::chrono::year{static_cast<int>(*year)},
                                     std::chrono::month{static_cast<unsigned>(*month)},
                                     std::chrono::day{static_cast<unsigned>(*day)}}
             .ok();
}

// yyyymmddhhmmss; 240000 is the midnight that follows.
bool is_moment(std::string_view text) {
  if (text.size() != 14 || !is_date(text)) return false;
  const std::string_view time = text.substr(8);
  return time == "240000" || (in_range(digits(time, 0, 2), 0, 23) && in_range(digits(time, 2, 2), 0, 59) &&
                              in_range(digits(time, 4, 2), 0, 59));
}

bool is_time_span(std::string_view text) {
  return text.size() == 29 && text[14] == ':' && is_moment(text.substr(0, 14)) && is_moment(text.substr(15)) &&
         text.substr(0, 14) <= text.substr(15);
}

/// The words of a list of ranges, without the blanks that may stand around dashes and commas.
Word take_joined(ValueText& text, std::string& joined) {
  const auto is_joint = [](char letter) { return letter == '-' || letter == ','; };
  const Word first = text.take();
  joined = first.text;
  while (!joined.empty() && text.more() && (is_joint(joined.back()) || is_joint(text.peek().front()))) {
    joined += text.take().text;
  }
  return first;
}

/// `hh:mm` of what may have an hour of one digit; 24:00 as an end. Nothing when it is no time.
std::optional<std::string> time_of_day(std::string_view text, bool is_end) {
  std::string time{text};
  if (time.size() == 4) time.insert(0, 1, '0');
  if (time == "24:00") return is_end ? std::optional{time} : std::nullopt;
  const bool is_right =
      time.size() == 5 && time[2] == ':' && in_range(digits(time, 0, 2), 0, 23) && in_range(digits(time, 3, 2), 0, 59);
  return is_right ? std::optional{time} : std::nullopt;
}

/// As day_times_of() reads it: every hour of two digits.
std::optional<std::string> day_times(std::string_view text) {
  std::string times;
  while (true) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view range = text.substr(0, comma);
    const std::size_t dash = range.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto first = time_of_day(range.substr(0, dash), false);
    const auto end = time_of_day(range.substr(dash + 1), true);
    if (!first || !end || *first == *end) return std::nullopt;
    times += (times.empty() ? "" : ",") + *first + "-" + *end;
    if (comma == text.size()) return times;
    text.remove_prefix(comma + 1);
  }
}

bool is_mask(const AttributeRow& row, std::string_view text) {
  return (text.size() == row.least || text.size() == row.most) &&
         std::ranges::all_of(text, [](char c) { return c == '0' || c == '1'; });
}

}  // namespace

Value read_time(const AttributeRow& row, ValueText& text, std::string_view expected) {
  std::string value;
  const Word word = row.form == Form::day_times ? take_joined(text, value) : text.take();
  if (row.form == Form::day_times) {
    if (auto times = day_times(value)) return *std::move(times);
  } else {
    value = word.text;
    if (row.form == Form::digits ? is_mask(row, value) : is_time_span(value)) return value;
  }
  text.refuse(word, {.problem = word.text.empty() ? "value missing" : "not a time of this form",
                     .found = std::move(value),
                     .expected = std::string{expected},
                     .nearest = {}});
  return {};
}

}  // namespace adit::policy
