#pragma once
// Nodes and the network between them, on one clock and one seed; and what must hold of them, looked at after every
// step.

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/invariants.h"
#include "sim/node.h"
#include "sim/traffic.h"

namespace adit::sim {

using Seed = StrongId<struct SeedTag, std::uint64_t>;

/// The seeds of a test: 1 to `count`, or the one that ADIT_SIM_SEED names. ADIT_SIM_SCALE multiplies the count, for a
/// long run over night; a build with sanitizers runs a share of them.
std::vector<Seed> seeds(std::uint64_t count);

/// Two sites and one kind of policy each: A and B.
struct WorldChoices {
  Faults faults;
  PolicyChoices policy_a, policy_b;
  ike::EngineOptions options;
};

/// Any number of sites.
struct WorldPlan {
  struct Place {
    Site site;
    PolicyChoices policy;
    ike::EngineOptions options;
    std::vector<std::size_t> peers;  ///< places of the plan; each must be the other's peer
  };
  Faults faults;
  std::vector<Place> places;
  bool keeps_sent = true;  ///< Network::sent() has what was sent
};

class World {
 public:
  World(Seed seed, const WorldChoices& choices);
  World(const WorldPlan& plan, Seed seed);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Node& a() { return *nodes_.at(0); }
  Node& b() { return *nodes_.at(1); }
  Node& node(std::size_t number) { return *nodes_.at(number); }
  std::size_t size() const { return nodes_.size(); }
  /// The nodes that a node's policy names.
  const std::vector<std::size_t>& peers_of(std::size_t number) const { return peers_.at(number); }
  Network& network() { return network_; }
  Traffic& traffic() { return traffic_; }
  Trace& trace() { return trace_; }
  Dice& dice() { return dice_; }
  Instant now() const { return clockwork_.now(); }
  void run_for(Duration time) { clockwork_.run_for(time); }
  /// Time with the faults in force, then time without: whoever thinks the other gone has found out.
  void come_to_rest();
  /// Plans something for later.
  void plan(Duration after, std::function<void()> what) { clockwork_.plan(after, std::move(what)); }
  std::size_t steps() const;

  /// What did not hold after some step, once each; or nothing.
  const std::vector<std::string>& disagreements() const { return breaches_; }
  /// The same and, for a world that has come to rest: every pair has its counterpart, and the engines report what their
  /// stacks have.
  std::vector<std::string> disagreements_at_rest(Duplicates duplicates = Duplicates::allowed) const;

  /// For a failure's message: the command that repeats the run, what does not hold, and the trace.
  std::string replay() const;
  /// The command, where it is not a test's.
  void repeat_with(std::string command) { command_ = std::move(command); }

 private:
  void after_step(Node& node);
  void breach(std::string what);
  std::string command() const;

  Seed seed_;
  std::string command_;
  Clockwork clockwork_;
  Dice dice_;
  Trace trace_{clockwork_};
  Network network_;
  Surroundings around_{clockwork_, dice_, trace_, network_};
  std::vector<std::unique_ptr<Node>> nodes_;
  Nodes all_;
  std::vector<std::vector<std::size_t>> peers_;
  Traffic traffic_{around_, [this](std::string what) { breach(std::move(what)); }};
  std::vector<std::string> breaches_;
  std::set<std::string> told_;
};

}  // namespace adit::sim
