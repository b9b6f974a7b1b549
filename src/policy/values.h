#pragma once
// Reads what stands after an attribute's name, by the form of its row.

#include <span>
#include <string>

#include "policy/findings.h"
#include "policy/lexer.h"
#include "policy/syntax.h"

namespace adit::policy {

/// The words after an attribute's name, taken one by one, and where what is wrong with them is told.
class ValueText {
 public:
  ValueText(const LineReader& lines, const Line& line, Findings& findings, Compat compat, std::size_t first = 1)
      : lines_{lines}, line_{line}, findings_{findings}, compat_{compat}, next_{first} {}

  bool more() const { return next_ < line_.words.size(); }
  /// The next word, not taken; empty at the end.
  std::string_view peek() const { return more() ? line_.words[next_].text : std::string_view{}; }
  /// The same with its place.
  Word next() const { return more() ? line_.words[next_] : after_the_end(); }
  Word take() { return more() ? line_.words[next_++] : after_the_end(); }
  /// All that is left, as it is written.
  Word rest();

  Compat compat() const { return compat_; }
  /// Whether what z/OS does not know is taken.
  bool takes_extensions() const { return compat_ == Compat::none; }

  /// Words of the line taken so far, the attribute's name among them.
  std::size_t taken() const { return next_; }
  Place place(const Word& word) const { return lines_.place(line_, word); }
  void refuse(const Word& word, Finding finding) { findings_.error(place(word), std::move(finding)); }
  void warn(const Word& word, Finding finding) { findings_.warning(place(word), std::move(finding)); }
  /// Where the value begins, or would.
  Word first() const { return line_.words.size() > 1 ? line_.words[1] : after_the_end(); }

 private:
  Word after_the_end() const;

  const LineReader& lines_;
  const Line& line_;
  Findings& findings_;
  Compat compat_;
  std::size_t next_;
};

/// Reads a value and reports what is wrong with it; monostate when anything is.
Value read_value(const AttributeRow& row, ValueText text);
/// The same, leaving in `text` what was not taken.
Value read_value(const AttributeRow& row, ValueText& text, std::string_view expected);

/// What the row takes, for diagnostics and docs: `Yes | No`, `0 to 999`, `name of an IpService`; with a Compat no word
/// of ours.
std::string expected_of(const AttributeRow& row, Compat compat);
/// Words as they are listed: `Yes | No`.
std::string listed(std::span<const Choice> choices, Compat compat);

/// One word of the choices; null, and reported, when it is none or this release refuses it.
const Choice* read_choice(std::span<const Choice> choices, ValueText& text, std::string_view expected);

// Forms with a file of their own.
std::optional<std::uint64_t> parse_number(std::string_view text);
Value read_span(const AttributeRow& row, ValueText& text, std::string_view expected);
Value read_address(const AttributeRow& row, ValueText& text, std::string_view expected);
/// `KeyLength 128 | 192 | 256 after AES_CBC, AES_CTR`: the ciphers of the row that come in several lengths.
std::string key_length_words(const AttributeRow& row, Compat compat);
Value read_encryption(const AttributeRow& row, ValueText& text, std::string_view expected);
Value read_authentication(const AttributeRow& row, ValueText& text, std::string_view expected);
Value read_identity(ValueText& text);
Value read_shared_key(const AttributeRow& row, ValueText& text);
Value read_manual_key(const AttributeRow& row, ValueText& text);
Value read_spi(const AttributeRow& row, ValueText& text, std::string_view expected);
Value read_time(const AttributeRow& row, ValueText& text, std::string_view expected);
Value read_daemon_value(const AttributeRow& row, ValueText& text, std::string_view expected);

}  // namespace adit::policy
