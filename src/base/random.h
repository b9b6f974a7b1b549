#pragma once
// Where the pure core gets its randomness from: the system's generator in a daemon, a seed in the simulator.

#include <concepts>

#include "base/bytes.h"

namespace adit {

class Random {
 public:
  Random() = default;
  Random(const Random&) = delete;
  Random& operator=(const Random&) = delete;
  virtual ~Random() = default;
  virtual void fill(MutableBytes octets) = 0;

  template <std::unsigned_integral T>
  T number() {
    std::uint8_t octets[sizeof(T)];
    fill(octets);
    std::uint64_t value = 0;
    for (const std::uint8_t octet : octets) value = value << 8 | octet;
    return static_cast<T>(value);
  }
  ByteString octets(std::size_t count) {
    ByteString result(count);
    fill(result);
    return result;
  }
};

}  // namespace adit
