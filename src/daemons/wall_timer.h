#pragma once
// Waits for an instant of the calendar, and hears when the calendar's clock is set: a timer that knows the instant
// alone would sleep on for as long as the clock was put back.

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>

#include "base/time.h"
#include "daemons/event_loop.h"

namespace adit::daemons {

class WallTimer {
 public:
  /// `look` is called when the instant has come, and when the clock was set before that. Throws std::system_error when
  /// the kernel gives no timer.
  WallTimer(EventLoop& loop, std::function<void()> look);

  /// Takes the place of the instant before, also of one that has passed. False: the clock was set since it was awaited
  /// last, so that what the instant was computed from is to be looked at again; the timer is set all the same.
  bool await(WallTime instant);
  /// Awaits nothing.
  void cancel();

 private:
  void await_wake();

  boost::asio::posix::stream_descriptor clock_;
  std::function<void()> look_;
};

}  // namespace adit::daemons
