#pragma once
// Which sequence numbers an inbound SA has seen: the sliding window of RFC 4303 §3.4.3 as the bitmap of RFC 6479, and
// the high half of an extended sequence number, inferred as RFC 4303 appendix A2.2 does.

#include <array>
#include <cstdint>
#include <optional>

namespace adit::stack {

class AntiReplayWindow {
 public:
  /// Packets. Batches and several queues on the way reorder: the 64 of RFC 4303 would lose good packets.
  static constexpr std::uint64_t default_size = 1024;

  /// Unchecked: every number is taken, however often (no anti-replay service: RFC 4303 §3.4.3).
  enum class Numbers : std::uint8_t { plain, extended, unchecked };
  explicit AntiReplayWindow(Numbers numbers) : numbers_{numbers} {}

  /// The whole sequence number that the 32 bits of a packet stand for. Of plain numbers, the same.
  std::uint64_t infer(std::uint32_t low) const;
  /// True when the number is neither left of the window nor seen: worth the check of its ICV.
  bool may_accept(std::uint64_t sequence) const;
  /// Takes the number of an authentic packet; false when it has been taken meanwhile (twice in one batch).
  bool accept(std::uint64_t sequence);

  bool is_extended() const { return numbers_ == Numbers::extended; }
  std::uint64_t highest() const { return highest_; }  ///< 0: none yet
  static constexpr std::uint64_t size() { return default_size; }

 private:
  // One word more than the window: the word that is being filled at its right edge is cleared as a whole (RFC 6479 §2).
  // The count of words is a power of two, so that an index is a mask.
  static constexpr std::uint64_t word_bits = 64;
  static constexpr std::uint64_t words = 32;
  static_assert(words * word_bits >= default_size + word_bits && (words & (words - 1)) == 0);

  std::uint64_t highest_ = 0;
  Numbers numbers_;
  std::array<std::uint64_t, words> seen_{};
};

}  // namespace adit::stack
