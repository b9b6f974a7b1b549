// How SAs end: by either side, by both, by a crash, by silence, by their lifetime. Nothing may be left at one end
// alone.

#include <gtest/gtest.h>

#include "sim/world.h"

namespace adit::sim {
namespace {

using namespace std::chrono_literals;

constexpr Faults unkind{.delay_least = 5ms, .delay_most = 80ms, .loss = 0.10, .duplication = 0.10};

/// A world with a tunnel, made on a kind network; then the faults begin.
void establish(World& world, const Faults& faults = unkind) {
  world.a().activate(tunnel_name(1));
  world.run_for(5s);
  ASSERT_EQ(world.a().installed().size(), 1u) << world.replay();
  ASSERT_EQ(world.b().installed().size(), 1u) << world.replay();
  world.network().set(faults);
}

/// Both ends send all the time: who sends nothing need not know that its peer has gone (RFC 7296 §2.4).
void keep_busy(World& world) {
  world.traffic().set({.pause = 5s, .longest_window = 24h});
  world.traffic().begin();
}

void expect_rest(World& world) {
  EXPECT_EQ(world.disagreements_at_rest(), std::vector<std::string>{}) << world.replay();
}

void expect_no_children(World& world) {
  EXPECT_TRUE(world.a().installed().empty() && world.b().installed().empty()) << world.replay();
  expect_rest(world);
}

void expect_nothing_left(World& world) {
  EXPECT_TRUE(world.a().ike_tunnels().empty() && world.b().ike_tunnels().empty()) << world.replay();
  expect_no_children(world);
}

TEST(Endings, OfAnIkeSaByEitherSideLeaveNothing) {
  FaultCounts faults;
  for (const Seed seed : seeds(200)) {
    World world{seed, {}};
    establish(world);
    (seed.value() % 2 == 0 ? world.a() : world.b()).deactivate_ike();
    world.run_for(10min);
    faults += world.network().counts();
    expect_nothing_left(world);
    if (HasFailure()) return;
  }
  EXPECT_TRUE(std::getenv("ADIT_SIM_SEED") != nullptr || (faults.lost > 0 && faults.duplicated > 0));
}

TEST(Endings, OfAChildSaByEitherSideLeaveTheIkeSa) {
  for (const Seed seed : seeds(200)) {
    World world{seed, {}};
    establish(world);
    (seed.value() % 2 == 0 ? world.a() : world.b()).deactivate_tunnels();
    world.run_for(10min);
    expect_no_children(world);
    EXPECT_EQ(world.a().ike_tunnels().size(), world.b().ike_tunnels().size()) << world.replay();
    if (HasFailure()) return;
  }
}

TEST(Endings, ByBothSidesAtOnceLeaveNothing) {  // RFC 7296 §2.25.1, §2.25.2
  for (const Seed seed : seeds(300)) {
    World world{seed, {}};
    establish(world);
    const auto end = [&](Node& host) {
      world.plan(world.dice().between(0ms, 60ms),
                 [&host, ike = world.dice().chance(0.5)] { ike ? host.deactivate_ike() : host.deactivate_tunnels(); });
    };
    end(world.a());
    end(world.b());
    world.run_for(10min);
    expect_no_children(world);
    if (HasFailure()) return;
  }
}

TEST(Endings, WhileTheInitialExchangesRunLeaveBothSidesTheSame) {
  for (const Seed seed : seeds(300)) {
    WorldChoices choices{.faults = unkind, .policy_a = {}, .policy_b = {}, .options = {}};
    choices.policy_a.liveness_interval = choices.policy_b.liveness_interval = 60s;
    World world{seed, choices};
    world.a().activate(tunnel_name(1));
    Node& host = world.dice().chance(0.5) ? world.a() : world.b();
    world.plan(world.dice().between(0ms, 400ms), [&host] { host.deactivate_ike(); });
    world.come_to_rest();
    expect_rest(world);
    if (HasFailure()) return;
  }
}

TEST(Endings, OfAPeerThatCrashedAreFoundBySilence) {  // RFC 7296 §2.4
  for (const Seed seed : seeds(100)) {
    WorldChoices choices;
    choices.policy_a.liveness_interval = 30s;
    World world{seed, choices};
    keep_busy(world);
    establish(world);
    world.b().crash_and_restart();
    world.run_for(20min);
    expect_nothing_left(world);
    EXPECT_TRUE(world.a().has_told(CatalogueId::peer_is_dead)) << world.replay();
    if (HasFailure()) return;
  }
}

TEST(Endings, OfAPeerThatCrashedAreFollowedByANewTunnelWhereThePolicyWantsOne) {
  for (const Seed seed : seeds(100)) {
    WorldChoices choices;
    choices.policy_a.liveness_interval = 30s;
    choices.policy_a.auto_activate = true;
    World world{seed, choices};
    keep_busy(world);
    world.run_for(10s);
    world.network().set({.loss = 0.05, .duplication = 0.05});
    ASSERT_EQ(world.b().installed().size(), 1u) << world.replay();
    world.b().crash_and_restart();
    world.run_for(20min);
    EXPECT_EQ(world.a().installed().size(), 1u) << world.replay();
    EXPECT_EQ(world.b().installed().size(), 1u) << world.replay();
    EXPECT_EQ(world.a().installs(), 2u) << world.replay();
    expect_rest(world);
    if (HasFailure()) return;
  }
}

TEST(Endings, OfAPeerThatCrashedAndBeginsAnewNeedNoSilence) {  // INITIAL_CONTACT, RFC 7296 §2.4
  for (const Seed seed : seeds(100)) {
    World world{seed, {}};
    establish(world, {.duplication = 0.2});
    world.b().crash_and_restart();
    world.b().activate(tunnel_name(1));
    world.run_for(1min);  // a half-open SA that a duplicate began is over by then
    EXPECT_EQ(world.a().installed().size(), 1u) << world.replay();
    EXPECT_EQ(world.a().ike_tunnels().size(), 1u) << world.replay();
    expect_rest(world);
    if (HasFailure()) return;
  }
}

TEST(Endings, NobodyIsAskedForASignOfLifeWhoIsHeardOrWhomNobodySendsTo) {  // RFC 7296 §2.4
  WorldChoices choices;
  choices.policy_a.liveness_interval = choices.policy_b.liveness_interval = 30s;
  for (const bool busy : {true, false}) {
    for (const Seed seed : seeds(20)) {
      World world{seed, choices};
      if (busy) keep_busy(world);
      establish(world, {});
      const std::size_t before = world.network().counts().sent;
      world.run_for(1h);
      EXPECT_EQ(world.a().installed().size(), 1u) << world.replay();
      EXPECT_EQ(world.network().counts().sent, before) << world.replay();
      if (HasFailure()) return;
    }
  }
}

TEST(Endings, ByLifetimeLeaveBothSidesTheSame) {
  for (const Seed seed : seeds(50)) {
    WorldChoices choices;
    choices.policy_a.ike_lifetime = Minutes{10 + seed.value() % 5};
    choices.policy_b.ike_lifetime = Minutes{10 + seed.value() % 3};
    choices.policy_a.child_lifetime = choices.policy_b.child_lifetime = Minutes{5 + seed.value() % 10};
    World world{seed, choices};
    establish(world);
    world.run_for(40min);
    expect_rest(world);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace adit::sim
