#pragma once
// A bound on what anybody can make this side do by datagrams that belong to no IKE SA.

#include "base/time.h"

namespace adit::ike {

/// At most so many times in a second.
class PerSecond {
 public:
  explicit PerSecond(unsigned most) : most_{most} {}

  /// Whether once more is within the bound; counts it.
  bool admits(Instant now) {
    if (now >= begun_ + Seconds{1}) {
      begun_ = now;
      count_ = 0;
    }
    return ++count_ <= most_;
  }

 private:
  unsigned most_;
  unsigned count_ = 0;
  Instant begun_{};
};

}  // namespace adit::ike
