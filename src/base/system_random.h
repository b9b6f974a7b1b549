#pragma once
// The system's generator. The shell's: pure code takes any Random.

#include "base/random.h"

namespace adit {

class SystemRandom final : public Random {
 public:
  /// Ends the process when the kernel gives none: there is no safe way on without.
  void fill(MutableBytes octets) override;
};

}  // namespace adit
