#pragma once
// The word that was most likely meant: for "did you mean".

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace adit::policy {

/// Insertions, deletions, replacements and exchanges of neighbours that make one word the other, case passed over
/// (Damerau and Levenshtein, no part edited twice).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The nearest of the words, or an empty string when none is near enough to have been meant.
std::string nearest_word(std::string_view word, std::span<const std::string_view> candidates);

/// Letters of ASCII compared without case: keywords.
bool equal_without_case(std::string_view a, std::string_view b);

}  // namespace adit::policy
