#pragma once
// A bound on how often others can make this side do something.

#include "base/time.h"

namespace adit::ike {

class PerSecond {
 public:
  /// Whether once more is within so many in a second; counts it.
  bool admits(unsigned most, Instant now) {
    if (now >= begun_ + Seconds{1}) {
      begun_ = now;
      count_ = 0;
    }
    return ++count_ <= most;
  }

 private:
  unsigned count_ = 0;
  Instant begun_{};
};

}  // namespace adit::ike
