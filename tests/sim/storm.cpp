#include "sim/storm.h"

#include <fmt/format.h>

#include <algorithm>

namespace adit::sim {
namespace {

using namespace std::chrono_literals;

/// Both ends agree so long after the last fault: a silence is looked into after 30 s, a request is given up 254 s
/// later, and the AutoActivate rules try again a minute after that.
constexpr Duration time_to_rest = 10min;
// A second apart: a rekey may be on its way at any one of them, or a peer asked that is gone (126 s until it is dead)
constexpr unsigned looks_for_rest = 240;
constexpr Duration traffic_is_through = 5s;
constexpr Faults kind_network{.delay_least = 5ms, .delay_most = 80ms};
constexpr Faults even_network{.delay_least = 20ms, .delay_most = 20ms};
constexpr Duration delay_most_of_all = 300ms;
constexpr Duration shortest_partition = 100ms, usual_partition = 20s, longest_partition = 6min;
constexpr Duration stack_share = 60ms;  // of a round trip: both stacks take requests one after another

constexpr Scenario table[] = {
    {.name = "storm",
     .what = "everything at once",
     .nodes = 3,
     .loss_most = 0.2,
     .duplication_most = 0.2,
     .partitions = true,
     .crashes = true,
     .outages_of_nssd = true,
     .nat = true},
    {.name = "kind",
     .what = "nothing fails, nothing overtakes: SAs are replaced, and no packet is lost",
     .delays_vary = false,
     .only_refreshes = true,
     .losses = Scenario::Losses::none},
    {.name = "collisions",
     .what = "both ends act at about the same time; nothing fails",
     .at_both_ends = 0.9,
     .between_actions = 1s},
    {.name = "weather", .what = "loss, duplication, reordering", .loss_most = 0.3, .duplication_most = 0.3},
    {.name = "partition", .what = "the network falls apart and heals", .nodes = 3, .partitions = true},
    {.name = "crash",
     .what = "nodes, iked and stackd end and come back",
     .nodes = 3,
     .loss_most = 0.05,
     .crashes = true},
    {.name = "v1-kind",
     .what = "IKEv1: nothing fails, nothing overtakes; SAs are replaced",
     .delays_vary = false,
     .only_refreshes = true,
     .version = Scenario::Version::v1},
    {.name = "v1-collisions",
     .what = "IKEv1: both ends act at about the same time; nothing fails",
     .at_both_ends = 0.9,
     .between_actions = 1s,
     .version = Scenario::Version::v1},
    {.name = "v1-weather",
     .what = "IKEv1: loss, duplication, reordering; no Delete is answered there, so little of the first",
     .loss_most = 0.02,
     .duplication_most = 0.3,
     .version = Scenario::Version::v1},
    {.name = "v1-beside-v2",
     .what = "two nodes speak IKEv1 to each other and IKEv2 to a third: loss, duplication, reordering",
     .nodes = 3,
     .loss_most = 0.02,
     .duplication_most = 0.3,
     .version = Scenario::Version::both},
    {.name = "nat", .what = "a NAT in front of a node loses its mappings", .loss_most = 0.05, .nat = true},
};

template <class T>
const T& one_of(Dice& dice, std::span<const T> all) {
  return all[dice.below(all.size())];
}

Minutes one_of(Dice& dice, std::initializer_list<int> minutes) {
  return Minutes{*(minutes.begin() + dice.below(minutes.size()))};
}

/// The same at every node, so that they understand each other; lifetimes are each node's own.
PolicyChoices choose_policy(Dice& dice, const Scenario& scenario) {
  PolicyChoices policy;
  policy.liveness_interval = 30s;
  policy.signatures = scenario.outages_of_nssd ? dice.chance(0.5) : dice.chance(0.2);
  policy.pfs = dice.chance(0.3) ? GroupId::curve25519 : GroupId::none;
  policy.tunnels = static_cast<unsigned>(1 + dice.below(3));
  policy.auto_activate = dice.chance(0.3);
  policy.allow_on_demand = dice.chance(0.3);
  policy.ah = !scenario.nat && dice.chance(0.15);  // it passes no NAT
  if (scenario.version != Scenario::Version::v2) {
    policy.how = dice.chance(0.7) ? policy::HowToInitiate::main : policy::HowToInitiate::aggressive;
    policy.around_esp = !policy.ah && dice.chance(0.3);
  }
  return policy;
}

WorldPlan choose_plan(Seed seed, const Scenario& scenario) {
  Dice dice{~seed.value()};
  WorldPlan plan{.faults = scenario.delays_vary ? kind_network : even_network, .places = {}, .keeps_sent = false};
  const PolicyChoices common = choose_policy(dice, scenario);
  const bool has_nat = scenario.nat && (scenario.nodes == 2 || dice.chance(0.3));
  const bool all_meet = dice.chance(0.5);
  for (std::size_t i = 0; i < scenario.nodes; ++i) {
    PolicyChoices policy = common;
    if (scenario.only_refreshes) policy.auto_activate = i == 0;  // else both begin, and each tunnel is there twice
    policy.ike_lifetime = one_of(dice, {2, 3, 20, 480});
    policy.child_lifetime = one_of(dice, {3, 5, 240});
    if (!scenario.nat && dice.chance(0.2)) policy.reauth_interval = Minutes{3};  // a NAT may hide the peer
    if (dice.chance(0.2)) policy.child_lifesize_kbytes = 1000 * (1 + dice.below(4));
    ike::EngineOptions options;
    if (dice.chance(0.2)) options.fragment_octets = 300;
    const bool is_behind_nat = has_nat && i + 1 == scenario.nodes;
    plan.places.push_back({.site = is_behind_nat ? behind_nat(site_of(i)) : site_of(i),
                           .policy = policy,
                           .options = options,
                           .peers = {}});
  }
  if (scenario.version == Scenario::Version::both) {
    for (std::size_t i = 0; i < scenario.nodes; ++i) {
      for (std::size_t j = 0; j < scenario.nodes; ++j) {
        if (i > 1 || j > 1) plan.places[i].policy.v2_peers.push_back(site_of(j).name);
      }
    }
  }
  for (std::size_t i = 0; i < scenario.nodes; ++i) {
    for (std::size_t j = i + 1; j < scenario.nodes; ++j) {
      if (!all_meet && j != i + 1 && dice.chance(0.4)) continue;  // a chain holds them together
      plan.places[i].peers.push_back(j);
      plan.places[j].peers.push_back(i);
    }
  }
  return plan;
}

}  // namespace

std::span<const Scenario> scenarios() { return table; }

const Scenario* find_scenario(std::string_view name) {
  const auto found = std::ranges::find(table, name, &Scenario::name);
  return found == std::end(table) ? nullptr : found;
}

Deeds& Deeds::operator+=(const Deeds& other) {
  actions += other.actions;
  crashes += other.crashes;
  crashes_of_iked += other.crashes_of_iked;
  restarts_of_stackd += other.restarts_of_stackd;
  partitions += other.partitions;
  rebindings += other.rebindings;
  outages_of_nssd += other.outages_of_nssd;
  return *this;
}

struct Storm::Action {
  std::string_view name;
  unsigned weight;
  bool refreshes;  ///< replaces SAs, and ends none
  void (Storm::*perform)(Node&);
};

// One more action: a line here, and what it does.
const Storm::Action Storm::action_table[] = {
    {"activate", 40, false, &Storm::activate},
    {"deactivate a dynamic tunnel", 12, false, &Storm::deactivate_tunnel},
    {"deactivate an IKE tunnel", 6, false, &Storm::deactivate_ike},
    {"install the policy again", 4, true, &Storm::install_policy},
    {"refresh a dynamic tunnel", 25, true, &Storm::refresh_tunnel},
    {"refresh an IKE tunnel", 10, true, &Storm::refresh_ike},
};

struct Storm::Mishap {
  std::string_view name;
  unsigned weight;
  bool Scenario::* when;
  void (Storm::*happen)(Node&);
};

const Storm::Mishap Storm::mishap_table[] = {
    {"a partition", 30, &Scenario::partitions, &Storm::cut_off},
    {"a crash", 12, &Scenario::crashes, &Storm::crash},
    {"a crash of iked", 12, &Scenario::crashes, &Storm::crash_iked},
    {"a restart of stackd", 6, &Scenario::crashes, &Storm::restart_stackd},
    {"a rebinding", 20, &Scenario::nat, &Storm::rebind},
    {"an outage of nssd", 10, &Scenario::outages_of_nssd, &Storm::send_nssd_away},
    {"other weather", 40, &Scenario::delays_vary, &Storm::change_weather},
};

Storm::Storm(Seed seed, const Scenario& scenario)
    : scenario_{scenario}, seed_{seed}, world_{choose_plan(seed, scenario), seed} {
  world_.repeat_with(command());
  Traffic::Choices traffic;
  traffic.starts_tunnels = world_.a().policy().filter.allow_on_demand && !scenario_.only_refreshes;
  traffic.is_cut = scenario_.partitions;
  traffic.keeps_sas = scenario_.losses == Scenario::Losses::none;
  if (scenario_.losses == Scenario::Losses::round_trip) {
    traffic.longest_window = 2 * delay_most_of_all + stack_share;
  }
  // Where one datagram in five is lost and more, a round trip takes until one has been repeated, four times at most:
  // 2, 4, 8 and 16 seconds on (of an IKE_AUTH in eight fragments one try in 17 comes through the worst weather, and
  // three repetitions were not enough in 4 of 800 runs); and where a partition comes on top, until it is mended.
  constexpr double many = 0.2;
  if (scenario_.loss_most >= many) {
    *traffic.longest_window += 15 * ike::EngineOptions{}.initial_wait + 8 * delay_most_of_all;
    if (scenario_.partitions) *traffic.longest_window += longest_partition;
  }
  // No Delete of IKEv1 is answered: a lost one is said again a second later, and after two more; a lost third message
  // of quick mode is asked for after two, twice at most here.
  const bool loses_deletes = scenario_.version != Scenario::Version::v2 && scenario_.loss_most > 0;
  if (loses_deletes) *traffic.longest_window += 6s;
  world_.traffic().set(traffic);
}

std::string Storm::command() const {
  return fmt::format("sim_run --scenario {} --nodes {} --minutes {} --first {} --seeds 1", scenario_.name,
                     scenario_.nodes, scenario_.storm.count(), seed_.value());
}

std::vector<std::string> Storm::run() {
  world_.traffic().begin();
  plan_action();
  plan_mishap();
  world_.run_for(scenario_.storm);
  if (!world_.disagreements().empty()) return world_.disagreements();
  calm();
  world_.run_for(time_to_rest);
  return wait_for_rest();
}

void Storm::plan_action() {
  world_.plan(dice().between(Duration{0}, 2 * scenario_.between_actions), [this] {
    if (is_over()) return;
    act(any_node());
    plan_action();
  });
}

void Storm::act(Node& node) {
  const auto fits = [&](const Action& action) { return action.refreshes || !scenario_.only_refreshes; };
  unsigned sum = 0;
  for (const Action& action : action_table) sum += fits(action) ? action.weight : 0;
  auto drawn = dice().below(sum);
  const Action* chosen = nullptr;
  for (const Action& action : action_table) {
    if (!fits(action)) continue;
    chosen = &action;
    if (drawn < action.weight) break;
    drawn -= action.weight;
  }
  const auto perform = [this, chosen](Node& at) {
    ++deeds_.actions;
    world_.trace().note(at.site().name, fmt::format("operator: {}", chosen->name));
    (this->*chosen->perform)(at);
  };
  perform(node);
  if (!dice().chance(scenario_.at_both_ends)) return;
  const auto& peers = world_.peers_of(node.number());
  Node& peer = world_.node(peers[dice().below(peers.size())]);
  world_.plan(dice().between(Duration{0}, 100ms), [this, perform, &peer, same = dice().chance(0.7)] {
    if (is_over()) return;
    if (same) return perform(peer);
    act(peer);
  });
}

void Storm::activate(Node& node) {
  const auto& rules = node.policy().local_dyn_vpn;
  if (!rules.empty()) node.activate(rules[dice().below(rules.size())].name);
}

void Storm::deactivate_tunnel(Node& node) {
  const auto rows = node.dynamic_tunnels();
  if (rows.empty()) return;
  node.command(ike::DeactivateDynamicTunnel{node.stack(), rows[dice().below(rows.size())].name.tunnel});
}

void Storm::deactivate_ike(Node& node) {
  const auto rows = node.ike_tunnels();
  if (rows.empty()) return;
  node.command(ike::DeactivateIkeTunnel{node.stack(), rows[dice().below(rows.size())].tunnel});
}

void Storm::install_policy(Node& node) { node.install_again(); }

void Storm::refresh_tunnel(Node& node) {
  const auto rows = node.dynamic_tunnels();
  if (rows.empty()) return;
  node.command(ike::RefreshDynamicTunnel{node.stack(), rows[dice().below(rows.size())].name.tunnel});
}

void Storm::refresh_ike(Node& node) {
  const auto rows = node.ike_tunnels();
  if (rows.empty()) return;
  node.command(ike::RefreshIkeTunnel{node.stack(), rows[dice().below(rows.size())].tunnel});
}

void Storm::plan_mishap() {
  unsigned sum = 0;
  for (const Mishap& mishap : mishap_table) sum += scenario_.*mishap.when ? mishap.weight : 0;
  if (sum == 0) return;
  world_.plan(dice().between(Duration{0}, 30s), [this, sum] {
    if (is_over()) return;
    auto drawn = dice().below(sum);
    for (const Mishap& mishap : mishap_table) {
      if (!(scenario_.*mishap.when)) continue;
      if (drawn < mishap.weight) {
        (this->*mishap.happen)(any_node());
        break;
      }
      drawn -= mishap.weight;
    }
    plan_mishap();
  });
}

void Storm::change_weather(Node&) {
  Faults faults = kind_network;
  const auto share = [&] { return static_cast<double>(dice().below(101)) / 100; };
  faults.loss = scenario_.loss_most * share();
  faults.duplication = scenario_.duplication_most * share();
  if (dice().chance(0.2)) faults.delay_most = delay_most_of_all;
  world_.network().set(faults);
  world_.trace().note("net",
                      fmt::format("weather: loss {:.0f} %, duplication {:.0f} %, delay up to {} ms", faults.loss * 100,
                                  faults.duplication * 100,
                                  std::chrono::duration_cast<std::chrono::milliseconds>(faults.delay_most).count()));
}

void Storm::cut_off(Node& node) {
  ++deeds_.partitions;
  const auto& peers = world_.peers_of(node.number());
  const std::size_t one = node.number(), other = peers[dice().below(peers.size())];
  world_.trace().note("net",
                      fmt::format("--- {} and {} are cut off", node.site().name, world_.node(other).site().name));
  world_.network().partition().cut(one, other);
  world_.plan(dice().between(shortest_partition, dice().chance(0.3) ? longest_partition : usual_partition),
              [this, one, other] {
                world_.trace().note("net", "--- the cut is mended");
                world_.network().partition().mend(one, other);
              });
}

void Storm::crash(Node& node) {
  if (!node.has_engine()) return;
  ++deeds_.crashes;
  node.crash();
  world_.plan(dice().between(Duration{0}, 30s), [&node] { node.restart(); });
}

void Storm::crash_iked(Node& node) {
  if (!node.is_up()) return;
  ++deeds_.crashes_of_iked;
  node.crash_iked();
  world_.plan(dice().between(Duration{0}, 5s), [&node] { node.restart_iked(); });
}

void Storm::restart_stackd(Node& node) {
  if (!node.is_up()) return;
  ++deeds_.restarts_of_stackd;
  node.restart_stackd();
}

void Storm::rebind(Node&) {
  Node& node = world_.node(world_.size() - 1);
  if (!node.site().outside) return;
  ++deeds_.rebindings;
  // Mostly other ports; at times the provider gives another address too.
  const auto octet = static_cast<std::uint32_t>(100 + dice().below(100));
  world_.network().rebind(node.number(),
                          dice().chance(0.3) ? std::optional{IpAddress::v4(0xc6336400 + octet)} : std::nullopt);
}

void Storm::send_nssd_away(Node& node) {
  ++deeds_.outages_of_nssd;
  node.nssd_goes_away();
  world_.plan(dice().between(Duration{0}, 20s), [&node] { node.nssd_comes_back(); });
}

void Storm::calm() {
  world_.trace().note("--", "the calm begins");
  world_.network().set(scenario_.delays_vary ? kind_network : even_network);
  world_.network().partition().heal();
  for (std::size_t i = 0; i < world_.size(); ++i) {
    Node& node = world_.node(i);
    node.nssd_comes_back();
    if (node.has_engine()) continue;
    // A crashed stack has no pairs: to restart both is right for it, and iked alone where the stack carries on.
    if (node.stack_model().is_up()) {
      node.restart_iked();
    } else {
      node.restart();
    }
  }
}

std::vector<std::string> Storm::wait_for_rest() {
  std::vector<std::string> found;
  for (unsigned look = 0; look < looks_for_rest; ++look) {
    found = world_.disagreements_at_rest(Duplicates::forbidden);
    for (const std::string& stuck : world_.traffic().stuck_for(traffic_is_through)) found.push_back(stuck);
    if (found.empty() || !world_.disagreements().empty()) return found;
    world_.run_for(1s);
  }
  return found;
}

}  // namespace adit::sim
