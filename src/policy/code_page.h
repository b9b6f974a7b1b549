#pragma once
// Files that are text, and in another code page than UTF-8: one clear word instead of an error on each line.

#include <string_view>

namespace adit::policy {

/// `UTF-16`, `IBM-1047`, as iconv calls them; empty when the text is in neither.
std::string_view foreign_code_page(std::string_view text);

}  // namespace adit::policy
