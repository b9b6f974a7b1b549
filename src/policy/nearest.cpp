#include "policy/nearest.h"

#include <algorithm>
#include <array>
#include <vector>

namespace adit::policy {
namespace {

// No keyword or name is longer; a longer word was hardly meant to be one.
constexpr std::size_t longest_compared = 64;

// Letters that a word must share with the beginning of another to be taken for it.
constexpr std::size_t shortest_part = 5;

constexpr char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

// How many edits a word of this length may be away and still have been meant.
std::size_t tolerance(std::size_t length) { return std::clamp<std::size_t>(length / 3, 1, 4); }

}  // namespace

bool equal_without_case(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the usual table: before the last, last, current.
  std::vector<std::size_t> older(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0U : 1U)});
      const bool exchanged = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (exchanged) row[j] = std::min(row[j], older[j - 2] + 1);
    }
    older.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string nearest_word(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() > longest_compared) return {};
  std::string_view best;
  std::size_t least = tolerance(word.size()) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > word.size() + least || word.size() > candidate.size() + least) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  // The beginning of a word, or a word and more: SourcePort for SourcePortRange.
  if (!best.empty() || word.size() < shortest_part) return std::string{best};
  for (const std::string_view candidate : candidates) {
    const std::size_t common = std::min(word.size(), candidate.size());
    if (common < shortest_part || !equal_without_case(word.substr(0, common), candidate.substr(0, common))) continue;
    if (best.empty() || candidate.size() < best.size()) best = candidate;
  }
  return std::string{best};
}

}  // namespace adit::policy
