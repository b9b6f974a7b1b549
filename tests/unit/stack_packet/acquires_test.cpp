#include "stack/acquires.h"

#include <gtest/gtest.h>

#include "stack/moderation.h"

namespace adit::stack {
namespace {

using namespace std::chrono_literals;
using Ask = Acquires::Ask;

LeavingFlow flow(unsigned number) {
  return {.packet = {.source = IpAddress::v4(1), .destination = IpAddress::v4(number), .protocol = 1}};
}
const ByteString packet{1, 2, 3};

TEST(Acquires, AFlowAsksOnceAndAgainAfterAWhile) {
  Acquires acquires;
  const Instant start{100s};
  EXPECT_EQ(acquires.add(flow(1), packet, start), Ask::now);
  EXPECT_EQ(acquires.add(flow(1), packet, start + Acquires::repeat_after - 1us), Ask::already);
  EXPECT_EQ(acquires.add(flow(1), packet, start + Acquires::repeat_after), Ask::again);
}

TEST(Acquires, AFloodOfFlowsAsksABoundedNumberOfTimesASecond) {
  Acquires acquires;
  unsigned asked = 0;
  for (unsigned i = 0; i < 10'000; ++i) asked += acquires.add(flow(i), packet, Instant{100s}) == Ask::now ? 1u : 0u;
  EXPECT_EQ(asked, Acquires::most_questions);
  EXPECT_EQ(acquires.add(flow(20'000), packet, Instant{101s}), Ask::now);
}

TEST(Acquires, HoldABoundedNumberOfFlowsForABoundedTime) {
  Acquires acquires;
  unsigned held = 0;
  for (unsigned i = 0; i < 10'000; ++i) {
    held += acquires.add(flow(i), packet, Instant{100s} + i * 100ms) == Ask::now ? 1u : 0u;
  }
  EXPECT_EQ(held, Acquires::most_flows);
  const auto forgotten = acquires.forget_old(Instant{100s} + 10'000 * 100ms + Acquires::hold_for);
  ASSERT_EQ(forgotten.size(), Acquires::most_flows);
  EXPECT_EQ(forgotten[0].packet, packet);
  EXPECT_TRUE(acquires.release([](const LeavingFlow&) { return true; }).empty());
}

TEST(Acquires, TheFirstPacketIsReleasedOnceWhenItsFlowIsCarried) {
  Acquires acquires;
  acquires.add(flow(1), packet, Instant{100s});
  acquires.add(flow(2), packet, Instant{100s});
  const auto first = [](const LeavingFlow& waiting) { return waiting == flow(1); };
  const auto released = acquires.release(first);
  ASSERT_EQ(released.size(), 1u);
  EXPECT_EQ(released[0].packet, packet);
  EXPECT_TRUE(acquires.release(first).empty());
}

TEST(Acquires, AForwardedFlowIsNotTheSameAsOneOfThisHost) {
  Acquires acquires;
  LeavingFlow forwarded = flow(1);
  forwarded.routed = true;
  EXPECT_EQ(acquires.add(flow(1), packet, Instant{100s}), Ask::now);
  EXPECT_EQ(acquires.add(forwarded, packet, Instant{100s}), Ask::now);
  const auto released = acquires.release([](const LeavingFlow& waiting) { return waiting.routed; });
  ASSERT_EQ(released.size(), 1u);
  EXPECT_EQ(released[0].flow, forwarded);
}

TEST(Moderation, RestsInAStreamOfSmallTurnsOnly) {
  const struct {
    const char* name;
    std::size_t packets;
    Duration after;
    bool want;
  } cases[] = {
      {"a stream", 3, 20us, true},
      {"turns far apart", 3, Moderation::dense, false},
      {"question and answer", Moderation::dialogue, 20us, false},
      {"batches that are large already", Moderation::enough, 20us, false},
  };
  for (const auto& [name, packets, after, want] : cases) {
    SCOPED_TRACE(name);
    Moderation moderation;
    EXPECT_FALSE(moderation.should_rest(packets, Instant{100s}));
    EXPECT_EQ(moderation.should_rest(packets, Instant{100s} + after), want);
  }
}

}  // namespace
}  // namespace adit::stack
