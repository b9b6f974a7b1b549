#pragma once
// A run that nobody wrote down: operators do what comes to their minds, SAs carry traffic, machines and networks fail;
// then a calm, after which everything must be in order. What happens, and how often, follows from a scenario and a
// seed.

#include <span>

#include "sim/world.h"

namespace adit::sim {

/// What may happen, and for how long.
struct Scenario {
  std::string_view name, what;
  std::size_t nodes = 2;
  Minutes storm{4};
  double loss_most = 0, duplication_most = 0;
  bool delays_vary = true;  ///< so that datagrams overtake each other
  bool partitions = false, crashes = false, outages_of_nssd = false;
  bool nat = false;             ///< in front of the last node
  bool only_refreshes = false;  ///< tunnels are made once, and never deactivated
  double at_both_ends = 0.3;    ///< of the actions: the peer does the same, or another, at about the same time
  Duration between_actions = std::chrono::seconds{3};
  /// both: the first two nodes speak IKEv1 to each other, all others IKEv2.
  enum class Version : std::uint8_t { v1, v2, both } version = Version::v2;
  /// Packets may be lost while one SA replaces another: for a round trip, or not at all.
  enum class Losses : std::uint8_t { none, round_trip } losses = Losses::round_trip;
};
std::span<const Scenario> scenarios();
const Scenario* find_scenario(std::string_view name);

/// What was done to a world, beside what its network did.
struct Deeds {
  std::size_t actions = 0, crashes = 0, crashes_of_iked = 0, restarts_of_stackd = 0, partitions = 0, rebindings = 0,
              outages_of_nssd = 0;
  Deeds& operator+=(const Deeds& other);
};

class Storm {
 public:
  Storm(Seed seed, const Scenario& scenario);

  /// All of it. What did not hold, or nothing.
  std::vector<std::string> run();

  World& world() { return world_; }
  const Scenario& scenario() const { return scenario_; }
  const Deeds& deeds() const { return deeds_; }
  /// The command that repeats this run alone.
  std::string command() const;
  /// For a failure's message.
  std::string replay() const { return world_.replay(); }

 private:
  struct Action;
  static const Action action_table[];
  struct Mishap;
  static const Mishap mishap_table[];

  bool is_over() const { return world_.now() >= Instant{} + scenario_.storm; }
  Dice& dice() { return world_.dice(); }
  Node& any_node() { return world_.node(dice().below(world_.size())); }
  void act(Node& node);
  void plan_action();
  void plan_mishap();
  void calm();
  std::vector<std::string> wait_for_rest();

  // Actions.
  void activate(Node& node);
  void deactivate_tunnel(Node& node);
  void deactivate_ike(Node& node);
  void install_policy(Node& node);
  void refresh_tunnel(Node& node);
  void refresh_ike(Node& node);

  // Mishaps. Each ends by itself, at the latest with the calm.
  void change_weather(Node& node);
  void cut_off(Node& node);
  void crash(Node& node);
  void crash_iked(Node& node);
  void restart_stackd(Node& node);
  void rebind(Node& node);
  void send_nssd_away(Node& node);

  Scenario scenario_;
  Seed seed_;
  World world_;
  Deeds deeds_;
};

}  // namespace adit::sim
