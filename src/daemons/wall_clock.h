#pragma once
// Calendar time as an Instant that counts from 1970, and a time line that begins there and never goes back.

#include <chrono>

#include "base/time.h"

namespace adit::daemons {

inline Instant wall_now() {
  return Instant{std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())};
}

inline WallTime wall_second() { return std::chrono::floor<Seconds>(std::chrono::system_clock::now()); }

/// Begins at calendar time and follows the steady clock: an operator reads its instants as dates, and a clock that is
/// set does not make timers jump.
class SteadyTimeLine {
 public:
  Instant now() const {
    return begun_ + std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - steady_);
  }

 private:
  Instant begun_ = wall_now();
  std::chrono::steady_clock::time_point steady_ = std::chrono::steady_clock::now();
};

}  // namespace adit::daemons
