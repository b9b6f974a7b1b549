#include "daemons/wall_timer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

namespace adit::daemons {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;

TEST(WallTimer, ComesInItsSecondAndForOneThatHasPassedAtOnce) {
  EventLoop loop;
  std::optional<WallTime> came;
  WallTimer timer{loop, [&] { came = std::chrono::floor<Seconds>(system_clock::now()); }};
  for (const Seconds away : {2s, -3600s}) {
    const WallTime asked = std::chrono::floor<Seconds>(system_clock::now());
    const WallTime instant = asked + away;
    came.reset();
    ASSERT_TRUE(timer.await(instant));
    while (!came && loop.context().run_one_for(10s) != 0) continue;
    ASSERT_TRUE(came);
    EXPECT_GE(*came, instant);
    EXPECT_LE(*came, asked + 10s);
  }
}

TEST(WallTimer, ComesForTheLastInstantAloneAndNotWhenItIsCancelled) {
  EventLoop loop;
  int times = 0;
  WallTimer timer{loop, [&] { ++times; }};
  const WallTime now = std::chrono::floor<Seconds>(system_clock::now());
  ASSERT_TRUE(timer.await(now - 1s));
  ASSERT_TRUE(timer.await(now + 3600s));
  loop.context().run_for(50ms);
  EXPECT_EQ(times, 0);
  ASSERT_TRUE(timer.await(now - 1s));
  timer.cancel();
  loop.context().run_for(50ms);
  EXPECT_EQ(times, 0);
}

}  // namespace
}  // namespace adit::daemons
