#include "stack/anti_replay.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace adit::stack {
namespace {

using Numbers = AntiReplayWindow::Numbers;
constexpr std::uint64_t size = AntiReplayWindow::size();

TEST(AntiReplayWindow, TakesEachNumberOnceInsideTheWindow) {
  const struct {
    const char* name;
    std::vector<std::uint64_t> before;
    std::uint64_t sequence;
    bool want;
  } cases[] = {
      {"the first packet", {}, 1, true},
      {"zero is never sent", {}, 0, false},
      {"the next", {1}, 2, true},
      {"the same again", {1}, 1, false},
      {"an older one that was not seen", {5}, 3, true},
      {"the left edge", {size + 9}, 10, true},
      {"one left of the window", {size + 9}, 9, false},
      {"the left edge, seen", {10, size + 9}, 10, false},
      {"far ahead", {1}, 1'000'000'000, true},
      {"one before a far jump", {1, 1'000'000}, 1, false},
      {"a place of the bitmap that a jump has passed", {64, 64 + 2048}, 64 + 2048 - size + 1, true},
      {"the last 32-bit number", {1}, UINT32_MAX, true},
      {"the last 64-bit number", {1}, UINT64_MAX, true},
      {"the last 64-bit number again", {1, UINT64_MAX}, UINT64_MAX, false},
  };
  for (const auto& [name, before, sequence, want] : cases) {
    SCOPED_TRACE(name);
    AntiReplayWindow window{Numbers::extended};
    for (const std::uint64_t seen : before) window.accept(seen);
    EXPECT_EQ(window.may_accept(sequence), want);
    EXPECT_EQ(window.accept(sequence), want);
    EXPECT_FALSE(window.accept(sequence)) << "twice";
  }
}

TEST(AntiReplayWindow, InfersTheHighHalfOfExtendedNumbers) {  // RFC 4303 appendix A2.2
  constexpr std::uint64_t wrap = std::uint64_t{1} << 32;
  const struct {
    const char* name;
    Numbers numbers;
    std::uint64_t highest;
    std::uint32_t low;
    std::uint64_t want;
  } cases[] = {
      {"plain numbers stay", Numbers::plain, 7, 3, 3},
      {"plain numbers do not wrap", Numbers::plain, UINT32_MAX, 1, 1},
      {"in the window", Numbers::extended, 5000, 4500, 4500},
      {"its left edge", Numbers::extended, 5000, 5000 - size + 1, 5000 - size + 1},
      {"left of it: of the next half", Numbers::extended, 5000, 5000 - size, wrap + 5000 - size},
      {"right of it", Numbers::extended, 5000, 4'000'000'000, 4'000'000'000},
      {"the first after the wrap", Numbers::extended, UINT32_MAX, 0, wrap},
      {"before the wrap, seen after it", Numbers::extended, wrap + 10, UINT32_MAX, UINT32_MAX},
      {"the left edge over the wrap", Numbers::extended, wrap + 10, static_cast<std::uint32_t>(wrap + 10 - size + 1),
       wrap + 10 - size + 1},
      {"one left of an edge over the wrap", Numbers::extended, wrap + 10, static_cast<std::uint32_t>(wrap + 10 - size),
       wrap + (wrap + 10 - size) % wrap},
      {"the first packet of all", Numbers::extended, 0, 1, 1},
      {"nothing comes before the first half", Numbers::extended, 10, UINT32_MAX, UINT32_MAX},
      {"the second wrap", Numbers::extended, 2 * wrap - 1, 5, 2 * wrap + 5},
  };
  for (const auto& [name, numbers, highest, low, want] : cases) {
    SCOPED_TRACE(name);
    AntiReplayWindow window{numbers};
    if (highest != 0) window.accept(highest);
    EXPECT_EQ(window.infer(low), want);
  }
}

TEST(AntiReplayWindow, AgreesWithASetOfAllNumbersSeen) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random{seed};
    AntiReplayWindow window{Numbers::extended};
    std::set<std::uint64_t> seen;
    std::uint64_t highest = seed % 2 == 0 ? 0 : (std::uint64_t{1} << 32) - 5000;
    window.accept(highest);
    seen.insert(highest);
    for (int i = 0; i < 20'000; ++i) {
      const std::uint64_t jump = random() % 100 == 0 ? random() % 5000 : random() % 3;
      const std::uint64_t back = random() % 4 == 0 ? random() % (size + 200) : random() % 40;
      const std::uint64_t sequence = highest + jump > back ? highest + jump - back : 1;
      const bool want = (sequence > highest || highest - sequence < size) && !seen.contains(sequence);
      SCOPED_TRACE(testing::Message() << "seed " << seed << " step " << i << " sequence " << sequence << " highest "
                                      << highest);
      const std::uint64_t inferred = window.infer(static_cast<std::uint32_t>(sequence));
      if (inferred != sequence) {  // left of the window: taken for a number of the next half, whose ICV will not fit
        ASSERT_FALSE(want);
        ASSERT_EQ(inferred, sequence + (std::uint64_t{1} << 32));
        continue;
      }
      ASSERT_EQ(window.accept(sequence), want);
      if (!want) continue;
      seen.insert(sequence);
      highest = std::max(highest, sequence);
      ASSERT_EQ(window.highest(), highest);
    }
  }
}

TEST(AntiReplay, UncheckedTakesEveryNumberAgain) {  // RFC 4303 §3.4.3: no service, no check
  AntiReplayWindow window{AntiReplayWindow::Numbers::unchecked};
  for (const std::uint64_t number : {5ull, 5ull, 1ull, 100000ull, 1ull, 0ull, 0xffffffffull, 5ull}) {
    EXPECT_TRUE(window.may_accept(number)) << number;
    EXPECT_TRUE(window.accept(number)) << number;
    EXPECT_EQ(window.infer(static_cast<std::uint32_t>(number)), number);
  }
}

}  // namespace
}  // namespace adit::stack
