#pragma once
// All IKE state of one shard, and nothing else: no socket, no clock, no randomness of its own (docs/architecture.md).
// Something happens: handle() takes it in and gives back what has to be done. The same engine runs in iked, in the
// tests, in the fuzzers, in the benchmark, and many at a time in the simulator.

#include <memory>
#include <optional>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "ike/engine/options.h"
#include "ike/engine/step.h"
#include "ike/engine/views.h"

namespace adit::ike {

class Engine {
 public:
  Engine(EngineOptions options, Random& random);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Takes one input in at a time that never goes back. Bounded work for any Datagram.
  Step handle(Input input, Instant now);
  /// When TimePassed is due; nothing when no timer runs.
  std::optional<Instant> next_deadline() const;

  std::vector<IkeTunnelView> ike_tunnels(const StackName& stack) const;
  std::vector<DynamicTunnelView> dynamic_tunnels(const StackName& stack) const;
  Statistics statistics() const;
  /// Pairs that a stack has for a moment longer: another has taken over, and packets of the peer may be under way.
  std::vector<contract::ChildSaName> leaving(const StackName& stack) const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace adit::ike
