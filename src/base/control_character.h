#pragma once
// What a terminal obeys instead of showing it. Text that came from outside reaches one only without.

#include <cstddef>
#include <string_view>

namespace adit {

/// Octets of the control character that the UTF-8 text begins with; 0 when it begins with another, or is empty: those
/// of ASCII, the tab among them, U+0080 to U+009F, and those that turn the direction of text (Unicode Standard Annex 9
/// §2), so that a name would be read as another.
std::size_t control_character_size(std::string_view text);

}  // namespace adit
