#include "daemons/wall_timer.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <ctime>
#include <system_error>

namespace adit::daemons {
namespace {

int open_clock() {
  const int clock = ::timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (clock < 0) throw std::system_error{errno, std::generic_category(), "timerfd_create"};
  return clock;
}

int set(int clock, std::time_t second) {
  const itimerspec when{.it_interval = {}, .it_value = {.tv_sec = second, .tv_nsec = 0}};
  return ::timerfd_settime(clock, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, nullptr);
}

}  // namespace

WallTimer::WallTimer(EventLoop& loop, std::function<void()> look)
    : clock_{loop.context(), open_clock()}, look_{std::move(look)} {
  await_wake();
}

bool WallTimer::await(WallTime instant) {
  // ECANCELED (timerfd_create(2)): the clock was set, and nobody has heard of it yet.
  return set(clock_.native_handle(), std::chrono::system_clock::to_time_t(instant)) == 0 || errno != ECANCELED;
}

void WallTimer::cancel() { set(clock_.native_handle(), 0); }

void WallTimer::await_wake() {
  clock_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& failure) {
    if (failure) return;
    std::uint64_t expirations = 0;
    const bool has_come = ::read(clock_.native_handle(), &expirations, sizeof expirations) > 0;
    const bool was_set = !has_come && errno == ECANCELED;
    await_wake();
    if (has_come || was_set) look_();
  });
}

}  // namespace adit::daemons
