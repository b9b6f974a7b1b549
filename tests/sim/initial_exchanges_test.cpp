// IKE_SA_INIT and IKE_AUTH, and the first Child SA, on networks that are not kind.

#include <gtest/gtest.h>

#include "ike/wire/message.h"
#include "sim/world.h"

namespace adit::sim {
namespace {

using namespace std::chrono_literals;

constexpr Faults unkind{.delay_least = 5ms, .delay_most = 80ms, .loss = 0.15, .duplication = 0.10};

/// Should an end give up after the other has set up the SA, liveness tells the other.
WorldChoices unkind_world() {
  WorldChoices choices{.faults = unkind, .policy_a = {}, .policy_b = {}, .options = {}};
  choices.policy_a.liveness_interval = choices.policy_b.liveness_interval = 60s;
  return choices;
}

void expect_one_tunnel_each(World& world) {
  EXPECT_EQ(world.a().installed().size(), 1u) << world.replay();
  EXPECT_EQ(world.b().installed().size(), 1u) << world.replay();
  EXPECT_EQ(world.disagreements_at_rest(), std::vector<std::string>{}) << world.replay();
}

void expect_nothing_left(World& world) {
  EXPECT_TRUE(world.a().installed().empty() && world.a().ike_tunnels().empty()) << world.replay();
  EXPECT_TRUE(world.b().installed().empty() && world.b().ike_tunnels().empty()) << world.replay();
  EXPECT_EQ(world.disagreements_at_rest(), std::vector<std::string>{}) << world.replay();
}

// Shows RFC 7296 2.1-1.
TEST(InitialExchanges, MakeOneTunnelOnAKindNetwork) {
  World world{Seed{1}, {}};
  EXPECT_EQ(world.a().activate(tunnel_name(1)).status, ike::OperatorAnswer::Status::started) << world.replay();
  world.run_for(5s);
  expect_one_tunnel_each(world);
  EXPECT_EQ(world.network().counts().sent, 4u) << world.replay();
  world.run_for(10min);
  EXPECT_EQ(world.network().counts().sent, 4u) << "an SA at rest says nothing" << world.replay();
}

TEST(InitialExchanges, MakeOneTunnelThroughLossDuplicationAndReordering) {
  FaultCounts faults;
  std::size_t established = 0;
  const std::vector<Seed> all = seeds(300);
  for (const Seed seed : all) {
    World world{seed, unkind_world()};
    world.a().activate(tunnel_name(1));
    world.come_to_rest();
    faults += world.network().counts();
    // So many losses one after another that the responder's half-open SA is over: then both have nothing.
    if (world.a().installed().empty()) {
      expect_nothing_left(world);
    } else {
      expect_one_tunnel_each(world);
      ++established;
    }
    if (HasFailure()) return;
  }
  EXPECT_GE(established * 100, all.size() * 98);
  if (all.size() == 1) return;
  EXPECT_GT(faults.lost, 0u);
  EXPECT_GT(faults.duplicated, 0u);
  EXPECT_GT(faults.overtaken, 0u);
}

TEST(InitialExchanges, GetThroughWhenEveryNthDatagramIsLost) {
  for (const unsigned n : {2u, 3u, 4u}) {
    for (const Seed seed : seeds(20)) {
      WorldChoices choices;
      choices.faults.lose_every = n;
      World world{seed, choices};
      world.a().activate(tunnel_name(1));
      world.run_for(10min);
      EXPECT_GT(world.network().counts().lost, 0u) << world.replay();
      // Every second one lost: the peer's answer is always the second. Nothing can come of it, and nothing may be left.
      if (n == 2) {
        expect_nothing_left(world);
      } else {
        expect_one_tunnel_each(world);
      }
      if (HasFailure()) return;
    }
  }
}

TEST(InitialExchanges, BegunByBothSidesAtOnceLeaveBothWithTheSameSas) {
  std::size_t crossed = 0;
  for (const Seed seed : seeds(200)) {
    World world{seed, unkind_world()};
    world.plan(world.dice().between(0ms, 40ms), [&] { world.a().activate(tunnel_name(1)); });
    world.plan(world.dice().between(0ms, 40ms), [&] { world.b().activate(tunnel_name(1)); });
    world.come_to_rest();
    EXPECT_FALSE(world.a().installed().empty()) << world.replay();
    EXPECT_EQ(world.disagreements_at_rest(), std::vector<std::string>{}) << world.replay();
    if (world.a().statistics().initiated > 0 && world.b().statistics().initiated > 0) ++crossed;
    if (HasFailure()) return;
  }
  EXPECT_GT(crossed, 0u);
}

TEST(InitialExchanges, BeginAgainWithTheGroupThatTheResponderWants) {  // RFC 7296 §1.2
  for (const Seed seed : seeds(100)) {
    WorldChoices choices = unkind_world();
    choices.policy_a.groups = {GroupId::curve25519, GroupId::ecp_256};
    choices.policy_b.groups = {GroupId::ecp_256};
    World world{seed, choices};
    world.a().activate(tunnel_name(1));
    world.come_to_rest();
    if (world.a().installed().empty()) {
      expect_nothing_left(world);
    } else {
      expect_one_tunnel_each(world);
      EXPECT_EQ(world.a().ike_tunnels().front().group, GroupId::ecp_256) << world.replay();
    }
    if (HasFailure()) return;
  }
}

TEST(InitialExchanges, LeaveNothingWhenNoGroupIsCommon) {
  WorldChoices choices;
  choices.policy_a.groups = {GroupId::curve25519};
  choices.policy_b.groups = {GroupId::ecp_256};
  World world{Seed{1}, choices};
  world.a().activate(tunnel_name(1));
  world.run_for(10min);
  expect_nothing_left(world);
  EXPECT_TRUE(world.b().has_told(CatalogueId::no_ike_proposal_chosen)) << world.replay();
}

TEST(InitialExchanges, LeaveNothingWhenTheKeysDiffer) {
  for (const Seed seed : seeds(50)) {
    WorldChoices choices = unkind_world();
    choices.policy_b.shared_key = "another key";
    World world{seed, choices};
    world.a().activate(tunnel_name(1));
    world.come_to_rest();
    expect_nothing_left(world);
    EXPECT_EQ(world.a().installs() + world.b().installs(), 0u) << world.replay();
    if (HasFailure()) return;
  }
}

TEST(InitialExchanges, LeaveNoChildWhenAStackRefuses) {
  for (const Seed seed : seeds(100)) {
    for (const bool at_initiator : {true, false}) {
      World world{seed, unkind_world()};
      (at_initiator ? world.a() : world.b()).refuse_installs();
      world.a().activate(tunnel_name(1));
      world.come_to_rest();
      EXPECT_TRUE(world.a().installed().empty() && world.b().installed().empty()) << world.replay();
      EXPECT_EQ(world.disagreements_at_rest(), std::vector<std::string>{}) << world.replay();
      if (HasFailure()) return;
    }
  }
}

TEST(InitialExchanges, GoThroughInFragments) {  // RFC 7383
  constexpr std::size_t non_esp_marker = 4;     // on port 4500 (RFC 3948 §2.2): there must be room for it
  std::size_t fragments = 0;
  for (const Seed seed : seeds(200)) {
    WorldChoices choices = unkind_world();
    choices.options.fragment_octets = 180;
    World world{seed, choices};
    world.a().activate(tunnel_name(1));
    world.come_to_rest();
    if (world.a().installed().empty()) {
      expect_nothing_left(world);
    } else {
      expect_one_tunnel_each(world);
    }
    for (const ike::Datagram& datagram : world.network().sent()) {
      const auto header = ike::wire::Header::parse(datagram.octets);
      ASSERT_TRUE(header) << world.replay();
      if (header->next_payload == ike::wire::PayloadType::encrypted_fragment) ++fragments;
      if (header->exchange == ike::wire::ExchangeType::ike_sa_init) continue;  // cannot be fragmented (§2.5)
      EXPECT_LE(datagram.octets.size() + non_esp_marker, choices.options.fragment_octets) << world.replay();
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(fragments, 0u);
}

TEST(InitialExchanges, AreBegunByTrafficOnce) {
  for (const Seed seed : seeds(50)) {
    WorldChoices choices = unkind_world();
    choices.policy_a.allow_on_demand = true;
    World world{seed, choices};
    for (const Duration after : {Duration{0ms}, Duration{1ms}, Duration{50ms}, Duration{3s}}) {
      world.plan(after, [&] { world.a().send_packet(*IpAddress::parse("10.1.0.7"), *IpAddress::parse("10.2.0.9")); });
    }
    world.come_to_rest();
    if (world.a().installed().empty()) {
      expect_nothing_left(world);
    } else {
      expect_one_tunnel_each(world);
      const contract::InstallChildSa& pair = world.a().installed().begin()->second;
      EXPECT_TRUE(pair.local_ts.front().addresses.contains(*IpAddress::parse("10.1.0.7"))) << world.replay();
      EXPECT_TRUE(pair.remote_ts.front().addresses.contains(*IpAddress::parse("10.2.0.9"))) << world.replay();
    }
    if (HasFailure()) return;
  }
}

TEST(InitialExchanges, GoTheSameWayEveryTimeForOneSeed) {
  const auto run = [](Seed seed) {
    World world{seed, unkind_world()};
    world.a().activate(tunnel_name(1));
    world.run_for(1min);
    return world.network().sent();
  };
  EXPECT_EQ(run(Seed{7}), run(Seed{7}));
  EXPECT_NE(run(Seed{7}), run(Seed{8}));
}

}  // namespace
}  // namespace adit::sim
