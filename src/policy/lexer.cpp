#include "policy/lexer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/control_character.h"
#include "policy/code_page.h"

namespace adit::policy {
namespace {

constexpr std::string_view blanks = " \t";

std::string in_hexadecimal(std::string_view octets) {
  std::string text = "0x";
  for (const char octet : octets) text += fmt::format("{:02x}", static_cast<unsigned char>(octet));
  return text;
}

std::vector<Word> words_of(std::string_view text) {
  text = text.substr(0, text.find('#'));
  std::vector<Word> words;
  std::uint32_t column = 1;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(blanks, at)) != std::string_view::npos) {
    const std::size_t before = words.empty() ? 0 : static_cast<std::size_t>(words.back().text.data() - text.data());
    column += count_characters(text.substr(before, at - before));
    const std::size_t end = std::min(text.find_first_of(blanks, at), text.size());
    const std::string_view word = text.substr(at, end - at);
    words.push_back({.text = word, .column = column, .length = count_characters(word)});
    at = end;
  }
  return words;
}

}  // namespace

std::size_t character_size(std::string_view text) {
  const auto octet = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = octet(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xc2 && first < 0xe0   ? 2
                           : (first & 0xf0) == 0xe0        ? 3
                           : first >= 0xf0 && first < 0xf5 ? 4
                                                           : 0;
  if (size == 0 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((octet(i) & 0xc0) != 0x80) return 0;
  }
  // Longer forms than needed, surrogates, and numbers beyond U+10FFFF (RFC 3629 §4).
  if (first == 0xe0 && octet(1) < 0xa0) return 0;
  if (first == 0xed && octet(1) > 0x9f) return 0;
  if (first == 0xf0 && octet(1) < 0x90) return 0;
  if (first == 0xf4 && octet(1) > 0x8f) return 0;
  return size;
}

std::string_view line_end_of(std::string_view file) {
  constexpr std::string_view line_feed = "\n", next_line = "\xC2\x85";
  return file.contains(line_feed) || !file.contains(next_line) ? line_feed : next_line;
}

std::uint32_t count_characters(std::string_view text) {
  const auto begins = [](char octet) { return (static_cast<unsigned char>(octet) & 0xc0) != 0x80; };
  return static_cast<std::uint32_t>(std::ranges::count_if(text, begins));
}

Word Line::rest(std::size_t first_word) const {
  if (first_word >= words.size()) return {};
  const Word& first = words[first_word];
  std::string_view value = text.substr(static_cast<std::size_t>(first.text.data() - text.data()));
  for (std::size_t at = value.find('#'); at != std::string_view::npos; at = value.find('#', at + 1)) {
    if (at != 0 && !blanks.contains(value[at - 1])) continue;
    value = value.substr(0, at);
    break;
  }
  value = value.substr(0, value.find_last_not_of(blanks) + 1);
  return {.text = value, .column = first.column, .length = count_characters(value)};
}

LineReader::LineReader(const SourceFile& file, Findings& findings)
    : file_{file}, findings_{findings}, left_{file.text}, line_end_{line_end_of(file.text)} {
  if (left_.size() > longest_file) {
    findings_.error({.file = &file_.name, .line = 1, .column = 1, .length = 1},
                    {.problem = "file too long",
                     .found = fmt::format("{} octets", left_.size()),
                     .expected = fmt::format("at most {} octets", longest_file),
                     .nearest = {}});
    left_ = {};
  }
  if (const std::string_view page = foreign_code_page(left_); !page.empty()) {
    findings_.error({.file = &file_.name, .line = 1, .column = 1, .length = 1},
                    {.problem = fmt::format("text in {}", page),
                     .found = {},
                     .expected = fmt::format("text in UTF-8: iconv -f {} -t UTF-8", page),
                     .nearest = {}});
    left_ = {};
  }
  if (left_.starts_with(byte_order_mark)) left_.remove_prefix(byte_order_mark.size());
}

bool LineReader::is_sound(const Line& line) {
  const auto refuse = [&](std::size_t at, Finding finding) {
    const Place place{
        .file = &file_.name, .line = line.number, .column = count_characters(line.text.substr(0, at)) + 1, .length = 1};
    findings_.error(place, std::move(finding));
    return false;
  };
  if (line.text.size() > longest_line) {
    return refuse(longest_line, {.problem = "line too long",
                                 .found = fmt::format("{} octets", line.text.size()),
                                 .expected = fmt::format("at most {} octets", longest_line),
                                 .nearest = {}});
  }
  for (std::size_t at = 0; at < line.text.size();) {
    const std::size_t size = character_size(line.text.substr(at));
    if (size == 0) {
      return refuse(at, {.problem = "octet that is no UTF-8",
                         .found = in_hexadecimal(line.text.substr(at, 1)),
                         .expected = "text in UTF-8",
                         .nearest = {}});
    }
    if (line.text[at] != '\t' && control_character_size(line.text.substr(at)) != 0) {
      return refuse(at, {.problem = "control character",
                         .found = in_hexadecimal(line.text.substr(at, size)),
                         .expected = "text in UTF-8",
                         .nearest = {}});
    }
    at += size;
  }
  return true;
}

void LineReader::read() {
  read_ahead_ = true;
  ahead_.reset();
  while (!left_.empty()) {
    const std::size_t end = std::min(left_.find(line_end_), left_.size());
    Line line{.number = ++number_, .text = left_.substr(0, end), .words = {}};
    left_.remove_prefix(std::min(end + line_end_.size(), left_.size()));
    if (line.text.ends_with('\r')) line.text.remove_suffix(1);
    if (!is_sound(line)) continue;
    line.words = words_of(line.text);
    if (line.words.empty()) continue;
    ahead_ = std::move(line);
    return;
  }
}

const Line* LineReader::peek() {
  if (!read_ahead_) read();
  return ahead_ ? &*ahead_ : nullptr;
}

std::optional<Line> LineReader::next() {
  if (!read_ahead_) read();
  read_ahead_ = false;
  return std::exchange(ahead_, std::nullopt);
}

}  // namespace adit::policy
