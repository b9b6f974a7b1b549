#pragma once
// Time as the pure core sees it: an instant that the shell hands in. No clock can be read here.

#include <chrono>

namespace adit {

/// Names the time line of an Engine. It has no now(): whoever runs the engine says what time it is.
struct EngineClock {
  using duration = std::chrono::microseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<EngineClock>;
  static constexpr bool is_steady = true;
};
using Instant = EngineClock::time_point;
using Duration = EngineClock::duration;
using Seconds = std::chrono::seconds;
using Minutes = std::chrono::minutes;
/// Calendar time, for what an operator or a certificate means by it.
using WallTime = std::chrono::sys_seconds;

}  // namespace adit
