// IKEv1's races, one by one (RFC 2409 §5.5, §5.7): in each, both ends come to rest with one pair, the same one, and no
// flow is without an SA for longer than it takes to say something again.

#include <gtest/gtest.h>

#include <algorithm>

#include "ike/wire/v1/header.h"
#include "sim/world.h"

namespace adit::sim {
namespace {

using namespace std::chrono_literals;

constexpr Faults kind{.delay_least = 20ms, .delay_most = 20ms};

WorldChoices v1_with(policy::HowToInitiate how) {
  WorldChoices choices{.faults = kind, .policy_a = {}, .policy_b = {}, .options = {}};
  for (PolicyChoices* policy : {&choices.policy_a, &choices.policy_b}) {
    policy->how = how;
    policy->liveness_interval = 30s;
  }
  return choices;
}

void refresh_tunnels(Node& node) { node.command(ike::RefreshDynamicTunnel{node.stack(), std::nullopt}); }
void refresh_ike(Node& node) { node.command(ike::RefreshIkeTunnel{node.stack(), std::nullopt}); }

enum class Protocols : std::uint8_t { esp, ah_around_esp };

/// Brings a tunnel up, lets something happen, and expects order after a while.
void expect_order_after(std::uint64_t count, const std::function<void(World&)>& happen,
                        Protocols protocols = Protocols::esp) {
  for (const Seed seed : seeds(count)) {
    WorldChoices choices =
        v1_with(seed.value() % 2 == 0 ? policy::HowToInitiate::main : policy::HowToInitiate::aggressive);
    const bool is_bundle = protocols == Protocols::ah_around_esp;
    choices.policy_a.around_esp = choices.policy_b.around_esp = is_bundle;
    World world{seed, choices};
    world.traffic().set({.keeps_sas = true, .longest_window = 8s});
    world.a().activate(tunnel_name(1));
    world.run_for(30s);
    ASSERT_EQ(world.a().installed().size(), 1u) << world.replay();
    ASSERT_EQ(world.a().installed().begin()->second.ah.has_value(), is_bundle) << world.replay();
    const IkeSpi phase1 = world.a().ike_tunnels().front().initiator_spi;
    const InboundSpi phase2 = world.a().installed().begin()->second.inbound_spi;
    world.traffic().begin();
    world.run_for(2s);
    happen(world);
    world.run_for(2min);
    EXPECT_EQ(world.disagreements_at_rest(Duplicates::forbidden), std::vector<std::string>{}) << world.replay();
    EXPECT_EQ(world.a().installed().size(), 1u) << world.replay();
    EXPECT_EQ(world.b().installed().size(), 1u) << world.replay();
    const auto tunnels = world.a().ike_tunnels();
    const bool is_refreshed =
        std::ranges::any_of(tunnels, [&](const auto& tunnel) { return tunnel.initiator_spi != phase1; }) ||
        world.a().installed().begin()->second.inbound_spi != phase2;
    EXPECT_TRUE(is_refreshed) << world.replay();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(IkeV1, ConvergesWhenBothEndsRefreshPhase2AtOnce) {
  expect_order_after(50, [](World& world) {
    world.plan(world.dice().between(0ms, 60ms), [&] { refresh_tunnels(world.a()); });
    world.plan(world.dice().between(0ms, 60ms), [&] { refresh_tunnels(world.b()); });
  });
}

TEST(IkeV1, ConvergesWhenBothEndsRefreshPhase1AtOnce) {
  expect_order_after(50, [](World& world) {
    world.plan(world.dice().between(0ms, 100ms), [&] { refresh_ike(world.a()); });
    world.plan(world.dice().between(0ms, 100ms), [&] { refresh_ike(world.b()); });
  });
}

TEST(IkeV1, ConvergesWhenBothPhasesAreRefreshedAtOnce) {
  expect_order_after(50, [](World& world) {
    for (Node* node : {&world.a(), &world.b()}) {
      world.plan(world.dice().between(0ms, 200ms), [node] { refresh_tunnels(*node); });
      world.plan(world.dice().between(0ms, 200ms), [node] { refresh_ike(*node); });
    }
  });
}

// Two SPIs at each end, and a Delete of each: none is left over.
TEST(IkeV1, ConvergesWithAhAroundEspWhenBothPhasesAreRefreshedAtOnce) {
  expect_order_after(
      50,
      [](World& world) {
        for (Node* node : {&world.a(), &world.b()}) {
          world.plan(world.dice().between(0ms, 200ms), [node] { refresh_tunnels(*node); });
          world.plan(world.dice().between(0ms, 200ms), [node] { refresh_ike(*node); });
        }
      },
      Protocols::ah_around_esp);
}

// The third message is the second that the refreshing end sends: it is lost, and asked for by message 2.
TEST(IkeV1, ConvergesWhenTheThirdMessageOfQuickModeIsLost) {
  expect_order_after(20, [](World& world) {
    refresh_tunnels(world.a());
    world.run_for(30ms);
    Faults deaf = kind;
    deaf.loss = 1;
    world.plan(15ms, [&world, deaf] { world.network().set(deaf); });
    world.plan(30ms, [&world] { world.network().set(kind); });
  });
}

}  // namespace
}  // namespace adit::sim
