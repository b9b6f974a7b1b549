#include "stack/anti_replay.h"

#include <algorithm>

namespace adit::stack {

std::uint64_t AntiReplayWindow::infer(std::uint32_t low) const {
  if (!is_extended()) return low;
  // RFC 4303 appendix A2.2.1: the half that puts the number nearest to the window, with its left edge as the border.
  const auto highest_low = static_cast<std::uint32_t>(highest_);
  const std::uint64_t high = highest_ >> 32;
  const bool window_in_one_half = highest_low >= size() - 1;
  const std::uint32_t left_edge = highest_low - static_cast<std::uint32_t>(size() - 1);  // may wrap: case B
  if (window_in_one_half) {
    return (low >= left_edge ? high : high + 1) << 32 | low;
  }
  // The window begins in the half before. Before the first wrap there is none: the number is of this one.
  return (low >= left_edge && high > 0 ? high - 1 : high) << 32 | low;
}

bool AntiReplayWindow::may_accept(std::uint64_t sequence) const {
  if (numbers_ == Numbers::unchecked) return true;
  if (sequence == 0) return false;  // the first packet of an SA has 1 (RFC 4303 §3.3.3)
  if (sequence > highest_) return true;
  if (highest_ - sequence >= size()) return false;
  return (seen_[sequence / word_bits % words] >> sequence % word_bits & 1) == 0;
}

bool AntiReplayWindow::accept(std::uint64_t sequence) {
  if (!may_accept(sequence)) return false;
  if (numbers_ == Numbers::unchecked) return true;
  if (sequence > highest_) {
    const std::uint64_t last_word = highest_ / word_bits;
    const std::uint64_t fresh_words = std::min(sequence / word_bits - last_word, words);
    for (std::uint64_t word = 1; word <= fresh_words; ++word) seen_[(last_word + word) % words] = 0;
    highest_ = sequence;
  }
  seen_[sequence / word_bits % words] |= std::uint64_t{1} << sequence % word_bits;
  return true;
}

}  // namespace adit::stack
