#include "base/log_gathering.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/log.h"

namespace adit::log {
namespace {

LogRecord kept(const char* errors) { return {CatalogueId::policy_kept, {{"stack", "east"}, {"errors", errors}}}; }

TEST(LogGathering, HasWhatItsOwnThreadWritesUntilItHasFinished) {
  for (const auto mode : {Gathering::Mode::tells, Gathering::Mode::keeps_back}) {
    EXPECT_TRUE(Gathering::tells(kept("0"))) << "nothing is gathered";
    Gathering gathering{mode};
    write(kept("1"));
    EXPECT_EQ(Gathering::tells(kept("2")), mode == Gathering::Mode::tells);
    std::thread{[] { EXPECT_TRUE(Gathering::tells(kept("3"))); }}.join();
    EXPECT_EQ(gathering.finish(), (std::vector{kept("1"), kept("2")}));
    write(kept("4"));
    EXPECT_TRUE(gathering.finish().empty());
  }
}

TEST(LogGathering, TellsAgainWhatWasGoneInBetween) {
  const std::vector first{kept("1"), kept("2")}, second{kept("2"), kept("3")};
  EXPECT_EQ(news_among(first, {}), first);
  EXPECT_TRUE(news_among(first, first).empty());
  EXPECT_EQ(news_among(second, first), std::vector{kept("3")});
  EXPECT_EQ(news_among(first, second), std::vector{kept("1")});
}

}  // namespace
}  // namespace adit::log
