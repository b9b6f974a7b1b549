#pragma once
// A line of a file as it may be shown: keys and passwords hidden, nothing that a terminal would obey.

#include <string>
#include <string_view>

namespace adit::policy {

/// Each character of the result stands for one of the line, so that columns stay right; beyond a secret's beginning the
/// rest is `***`.
std::string shown_line(std::string_view line);

/// Text without control characters.
std::string shown_text(std::string_view text);

}  // namespace adit::policy
