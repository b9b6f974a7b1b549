// Further Child SAs of an IKE SA (RFC 7296 §1.3.1), begun and ended while datagrams are lost.

#include <gtest/gtest.h>

#include "sim/world.h"

namespace adit::sim {
namespace {

using namespace std::chrono_literals;

constexpr unsigned tunnels = 4;
constexpr Faults unkind{.delay_least = 5ms, .delay_most = 80ms, .loss = 0.10, .duplication = 0.10};

WorldChoices with(GroupId pfs) {
  WorldChoices choices{.faults = unkind, .policy_a = {}, .policy_b = {}, .options = {}};
  choices.policy_a.tunnels = choices.policy_b.tunnels = tunnels;
  choices.policy_a.pfs = choices.policy_b.pfs = pfs;
  choices.policy_a.liveness_interval = choices.policy_b.liveness_interval = 60s;
  return choices;
}

TEST(Children, ShareOneIkeSa) {
  for (const GroupId pfs : {GroupId::none, GroupId::curve25519}) {
    for (const Seed seed : seeds(100)) {
      World world{seed, with(pfs)};
      for (unsigned number = 1; number <= tunnels; ++number) {
        world.plan(world.dice().between(0ms, 500ms), [&world, number] { world.a().activate(tunnel_name(number)); });
      }
      world.come_to_rest();
      if (!world.a().installed().empty()) {
        EXPECT_EQ(world.a().installed().size(), tunnels) << world.replay();
        EXPECT_EQ(world.a().ike_tunnels().size(), 1u) << world.replay();
      }
      EXPECT_EQ(world.disagreements_at_rest(), std::vector<std::string>{}) << world.replay();
      if (HasFailure()) return;
    }
  }
}

TEST(Children, BegunAndEndedByBothSidesComeToRestTheSame) {
  FaultCounts faults;
  std::size_t installs = 0;
  for (const Seed seed : seeds(300)) {
    World world{seed, with(seed.value() % 2 == 0 ? GroupId::none : GroupId::curve25519)};
    for (unsigned action = 0; action < 12; ++action) {
      Node& host = world.dice().chance(0.5) ? world.a() : world.b();
      const auto number = static_cast<unsigned>(1 + world.dice().below(tunnels));
      world.plan(world.dice().between(0ms, 3s), [&host, number, choice = world.dice().below(8)] {
        if (choice == 0) return host.deactivate_ike();
        if (choice == 1) return host.deactivate_tunnels();
        host.activate(tunnel_name(number));
      });
    }
    for (unsigned step = 0; step < 40; ++step) {
      world.run_for(100ms);
      EXPECT_EQ(world.disagreements(), std::vector<std::string>{}) << world.replay();
    }
    world.come_to_rest();
    EXPECT_EQ(world.disagreements_at_rest(), std::vector<std::string>{}) << world.replay();
    faults += world.network().counts();
    installs += world.a().installs();
    if (HasFailure()) return;
  }
  EXPECT_GT(installs, 0u);
  EXPECT_TRUE(std::getenv("ADIT_SIM_SEED") != nullptr ||
              (faults.lost > 0 && faults.duplicated > 0 && faults.overtaken > 0));
}

TEST(Children, NarrowedToSeveralSelectorsCarryAllOfThemOverRekeysOfEitherSide) {  // RFC 7296 §2.9, §2.9.2
  TrafficCounts traffic;
  for (const Seed seed : seeds(60)) {
    WorldChoices choices = with(GroupId::none);
    choices.policy_a.allow_on_demand = true;
    choices.policy_a.on_demand = policy::Granularity::rule;
    choices.policy_b.covers_parts = true;
    (seed.value() % 2 == 0 ? choices.policy_a : choices.policy_b).child_lifetime = Minutes{5};
    World world{seed, choices};
    // A packet may come before its SA is there; then none may be lost but by the network.
    world.traffic().set({.pause = 2s, .starts_tunnels = true, .longest_window = 200ms});
    world.traffic().begin();
    world.run_for(20min);
    EXPECT_EQ(world.disagreements(), std::vector<std::string>{}) << world.replay();
    world.come_to_rest();
    EXPECT_EQ(world.disagreements_at_rest(Duplicates::forbidden), std::vector<std::string>{}) << world.replay();
    ASSERT_EQ(world.a().installed().size(), 1u) << world.replay();
    EXPECT_EQ(world.a().installed().begin()->second.remote_ts.size(), tunnels) << world.replay();
    EXPECT_GT(world.a().installed().begin()->first.generation, 2u) << world.replay();
    for (const auto& flow : world.traffic().flows()) EXPECT_GT(flow->accepted, 0u) << world.replay();
    traffic += world.traffic().counts();
    if (HasFailure()) return;
  }
  EXPECT_GT(traffic.replacements, 0u);
}

}  // namespace
}  // namespace adit::sim
