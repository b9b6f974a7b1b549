#pragma once
// Lines and words of a policy or configuration file (docs/policy.md, "How a file is written"): one attribute a line,
// `#` begins a comment, blanks and tabs part words. Every octet is untrusted: what is no text is reported and passed
// over.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "policy/findings.h"

namespace adit::policy {

struct Word {
  std::string_view text;
  std::uint32_t column = 0, length = 0;  ///< from 1, in characters; a tab is one
};

struct Line {
  std::uint32_t number = 0;
  std::string_view text;  ///< as written, without its end
  std::vector<Word> words;

  /// From a word to the end of the line, trailing blanks and a comment removed. In such a value `#` begins a comment
  /// only after a blank, so that labels and keys may hold one.
  Word rest(std::size_t first_word) const;
};

/// What ends the lines of a file: LF; where there is none, NEL (U+0085), which iconv makes of the new line 0x15 of
/// IBM-1047. Not both: an editor shows a NEL among LFs within its line.
std::string_view line_end_of(std::string_view file);

/// Hands out the lines that hold words, one after another.
class LineReader {
 public:
  static constexpr std::size_t longest_line = 4096;        ///< octets
  static constexpr std::size_t longest_file = 64UL << 20;  ///< octets
  static constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

  LineReader(const SourceFile& file, Findings& findings);

  /// The next line that holds a word; null at the end. Valid until next() is called twice more.
  const Line* peek();
  std::optional<Line> next();

  Place place(const Line& line, const Word& word) const {
    return {.file = &file_.name, .line = line.number, .column = word.column, .length = word.length};
  }
  const std::string& file_name() const { return file_.name; }

 private:
  void read();
  bool is_sound(const Line& line);

  const SourceFile& file_;
  Findings& findings_;
  std::string_view left_;
  std::string_view line_end_;
  std::uint32_t number_ = 0;
  std::optional<Line> ahead_;
  bool read_ahead_ = false;
};

/// Characters of UTF-8 text.
std::uint32_t count_characters(std::string_view text);

/// Octets of the UTF-8 character that text begins with (RFC 3629); 0 when they are none.
std::size_t character_size(std::string_view text);

}  // namespace adit::policy
