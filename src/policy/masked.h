#pragma once
// A line of a file as it may be shown: keys and passwords hidden, nothing that a terminal would obey.

#include <cstdint>
#include <string>
#include <string_view>

namespace adit::policy {

/// Each character of the result stands for one of the line, so that columns stay right; beyond a secret's beginning the
/// rest is `***`.
std::string shown_line(std::string_view line);

/// The same of an attribute that nobody knows, where keys are at home: its first word, up to a `=` or `:` in it, alone.
std::string shown_first_word(std::string_view line);

/// A word that was found where another was expected, as it may be told: a keyword without what stands after a `=` or
/// `:` in it, and `***` for a key in hexadecimal digits.
enum class FoundAs : std::uint8_t { value, keyword };
std::string_view shown_word(std::string_view word, FoundAs as);

/// Text without control characters.
std::string shown_text(std::string_view text);

}  // namespace adit::policy
