#pragma once
// The same octets on every run (SplitMix64).

#include "base/random.h"

namespace adit::crypto {

class SeededRandom : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_{seed} {}
  void fill(MutableBytes octets) override {
    for (std::uint8_t& octet : octets) octet = next();
  }

 private:
  std::uint8_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return static_cast<std::uint8_t>(mixed >> 56);
  }

  std::uint64_t state_;
};

}  // namespace adit::crypto
