#include "base/control_character.h"

#include <algorithm>
#include <array>

namespace adit {

std::size_t control_character_size(std::string_view text) {
  const auto octet = [&text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  if (text.empty()) return 0;
  if (octet(0) < 0x20 || octet(0) == 0x7f) return 1;
  if (octet(0) == 0xc2 && octet(1) >= 0x80 && octet(1) < 0xa0) return 2;
  static constexpr std::array<std::string_view, 12> turning = {"\u061c",            // the Arabic mark
                                                               "\u200e", "\u200f",  // marks
                                                               "\u202a", "\u202b", "\u202c", "\u202d",
                                                               "\u202e",  // embeddings and overrides
                                                               "\u2066", "\u2067", "\u2068", "\u2069"};  // isolates
  const auto found = std::ranges::find_if(turning, [&](std::string_view one) { return text.starts_with(one); });
  return found == turning.end() ? 0 : found->size();
}

}  // namespace adit
