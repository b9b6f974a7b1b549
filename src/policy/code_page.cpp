#include "policy/code_page.h"

#include <algorithm>

namespace adit::policy {
namespace {

constexpr std::size_t looked_at = 4096;  // octets: enough words and lines to tell

constexpr char ebcdic_new_line = 0x15, ebcdic_line_feed = 0x25, ebcdic_blank = 0x40;

bool is_utf_16(std::string_view text) {
  // A mark, or Latin letters with a zero each.
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) return true;
  const auto zeros = static_cast<std::size_t>(std::ranges::count(text, '\0'));
  return zeros >= 2 && zeros * 2 + 2 >= text.size() && zeros * 2 <= text.size() + 2;
}

// Letters and digits of EBCDIC lie above 0x80, where most octets of a policy in UTF-8 do not, and lines end otherwise.
bool is_ebcdic(std::string_view text) {
  const auto is_high = [](char octet) { return static_cast<unsigned char>(octet) > 0x80; };
  const auto high = static_cast<std::size_t>(std::ranges::count_if(text, is_high));
  const bool has_lines = text.contains(ebcdic_new_line) || text.contains(ebcdic_line_feed);
  return has_lines && !text.contains('\n') && text.contains(ebcdic_blank) && high * 3 > text.size();
}

}  // namespace

std::string_view foreign_code_page(std::string_view text) {
  text = text.substr(0, looked_at);
  if (is_utf_16(text)) return "UTF-16";
  return is_ebcdic(text) ? "IBM-1047" : "";
}

}  // namespace adit::policy
