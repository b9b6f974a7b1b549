#pragma once
// Two hosts and the network between them, on one clock and one seed; and what must hold of them at any time.

#include <string>
#include <vector>

#include "sim/host.h"

namespace adit::sim {

using Seed = StrongId<struct SeedTag, std::uint64_t>;

/// The seeds of a test: 1 to `count`, or the one that ADIT_SIM_SEED names. ADIT_SIM_SCALE multiplies the count, for a
/// long run over night.
std::vector<Seed> seeds(std::uint64_t count);

struct WorldChoices {
  Faults faults;
  PolicyChoices policy_a, policy_b;
  ike::EngineOptions options;
};

class World {
 public:
  World(Seed seed, const WorldChoices& choices);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Host& a() { return a_; }
  Host& b() { return b_; }
  Network& network() { return network_; }
  Dice& dice() { return dice_; }
  Instant now() const { return clockwork_.now(); }
  void run_for(Duration time) { clockwork_.run_for(time); }
  /// Time with the faults in force, then time without: whoever thinks the other gone has found out.
  void come_to_rest();
  /// Plans something for later.
  void plan(Duration after, std::function<void()> what) { clockwork_.plan(after, std::move(what)); }

  /// What does not hold, or nothing. At any time: a pair that both stacks have carries the same keys, selectors and
  /// transforms, crosswise.
  std::vector<std::string> disagreements() const;
  /// The same and, for a world that has come to rest: every pair has its counterpart, and the engines report what their
  /// stacks have.
  std::vector<std::string> disagreements_at_rest() const;

  /// For a failure's message: the command that repeats the run, what does not hold, and both logs.
  std::string replay() const;

 private:
  Seed seed_;
  Clockwork clockwork_;
  Dice dice_;
  Network network_;
  Host a_, b_;
};

}  // namespace adit::sim
