#pragma once
// All chance of a simulated run, from one seed.

#include "base/random.h"
#include "base/time.h"

namespace adit::sim {

/// The same octets on every run (SplitMix64).
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_{seed} {}
  void fill(MutableBytes octets) override {
    for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(next() >> 56);
  }
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
  }

 private:
  std::uint64_t state_;
};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_{seed} {}

  bool chance(double probability) {
    return static_cast<double>(random_.next() >> 11) < probability * static_cast<double>(std::uint64_t{1} << 53);
  }
  std::uint64_t below(std::uint64_t bound) { return random_.next() % bound; }
  Duration between(Duration least, Duration most) {
    return least + Duration{below(static_cast<std::uint64_t>((most - least).count()) + 1)};
  }

 private:
  SeededRandom random_;
};

}  // namespace adit::sim
