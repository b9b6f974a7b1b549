#include "daemons/pagent/file_watch.h"

#include <gtest/gtest.h>

#include <thread>

#include "daemons/wall_clock.h"
#include "folder.h"

namespace adit::daemons::pagent {
namespace {

using namespace std::chrono_literals;

TEST(FileWatch, CountsWhatHasChangedSinceTheReadingBeganAsChanged) {
  EventLoop loop;
  const test::Folder folder;
  FileWatch watch{loop, [] {}};
  const WallTime begun = wall_second();
  const std::string edited = folder.write("edited", "while hosts were looked up");
  std::this_thread::sleep_for(2100ms);  // they took long
  watch.watch({edited}, begun, 60s);
  EXPECT_TRUE(watch.has_changed());
  watch.go_on(begun);
  EXPECT_TRUE(watch.has_changed());

  const WallTime again = wall_second();
  watch.watch({edited}, again, 60s);
  EXPECT_FALSE(watch.has_changed()) << "it was read after its last change";
  const std::string named = folder.write("named", "by a policy");
  watch.watch_also({edited, named}, again);
  EXPECT_TRUE(watch.has_changed());
  watch.watch({edited, folder.path() + "/none"}, again, 60s);
  EXPECT_FALSE(watch.has_changed()) << "what is missing has not changed";
  folder.write("none", "is there");
  EXPECT_TRUE(watch.has_changed());
}

}  // namespace
}  // namespace adit::daemons::pagent
