#include "base/system_random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace adit {

void SystemRandom::fill(MutableBytes octets) {
  while (!octets.empty()) {
    const ssize_t filled = ::getrandom(octets.data(), octets.size(), 0);
    if (filled < 0 && errno == EINTR) continue;
    if (filled <= 0) std::abort();
    octets = octets.subspan(static_cast<std::size_t>(filled));
  }
}

}  // namespace adit
