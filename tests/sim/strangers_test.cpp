// Datagrams of others: floods from addresses that nobody has, recorded datagrams sent again, octets that were changed.

#include <gtest/gtest.h>

#include "sim/world.h"

namespace adit::sim {
namespace {

using namespace std::chrono_literals;

/// The first datagram of a world in which A begins: an IKE_SA_INIT request.
ike::Datagram init_request(World& world) {
  world.a().activate(tunnel_name(1));
  return world.network().sent().front();
}

/// The same request with another initiator SPI, from an address and port that nobody has.
ike::Datagram forged(const ike::Datagram& request, Dice& dice) {
  ike::Datagram datagram = request;
  std::swap(datagram.local, datagram.remote);
  for (std::size_t i = 0; i < 8; ++i) datagram.octets[i] = static_cast<std::uint8_t>(1 + dice.below(255));
  datagram.remote = {IpAddress::v4(0xcb007100 + static_cast<std::uint32_t>(dice.below(256))),
                     static_cast<std::uint16_t>(1024 + dice.below(60000))};
  return datagram;
}

TEST(Strangers, ThatFloodAResponderMakeItAskForCookies) {  // RFC 7296 §2.6
  for (const Seed seed : seeds(20)) {
    // The rules of the sites let their own addresses in alone: the flood comes with A's address, from other ports.
    WorldChoices choices;
    choices.options.cookie_threshold = 8;
    choices.options.half_open_limit = 16;
    choices.options.half_open_per_address = 1000;
    World other{seed, choices};
    const ike::Datagram request = init_request(other);
    World world{seed, choices};
    for (unsigned i = 0; i < 200; ++i) {
      ike::Datagram datagram = forged(request, world.dice());
      datagram.remote.address = site_a().address;
      world.plan(Duration{i * 1ms}, [&world, datagram] { world.b().receive(datagram); });
    }
    world.run_for(150ms);
    EXPECT_GT(world.b().statistics().cookies_sent, 0u) << world.replay();
    EXPECT_LE(world.b().statistics().half_open, choices.options.half_open_limit) << world.replay();
    world.a().activate(tunnel_name(1));
    world.run_for(2min);
    EXPECT_EQ(world.b().installed().size(), 1u) << world.replay();
    EXPECT_EQ(world.b().statistics().half_open, 0u) << "half-open SAs end" << world.replay();
    EXPECT_EQ(world.disagreements_at_rest(), std::vector<std::string>{}) << world.replay();
    if (HasFailure()) return;
  }
}

TEST(Strangers, WithAddressesThatNoRuleKnowsCostNothing) {
  World world{Seed{3}, {}};
  const ike::Datagram request = init_request(world);
  for (unsigned i = 0; i < 100; ++i) world.b().receive(forged(request, world.dice()));
  EXPECT_EQ(world.b().statistics().half_open, 0u) << world.replay();
}

TEST(Strangers, ThatSendRecordedDatagramsAgainChangeNothing) {
  for (const Seed seed : seeds(50)) {
    World world{seed, {}};
    world.a().activate(tunnel_name(1));
    world.run_for(5s);
    const std::vector<ike::Datagram> recorded = world.network().sent();
    for (unsigned i = 0; i < 60; ++i) {
      const ike::Datagram datagram = recorded[world.dice().below(recorded.size())];
      world.plan(world.dice().between(0ms, 10min), [&world, datagram] { world.network().send(datagram); });
    }
    world.run_for(15min);
    EXPECT_EQ(world.a().installs(), 1u) << world.replay();
    EXPECT_EQ(world.b().installs(), 1u) << world.replay();
    EXPECT_EQ(world.a().ike_tunnels().size(), 1u) << world.replay();
    EXPECT_EQ(world.disagreements_at_rest(), std::vector<std::string>{}) << world.replay();
    if (HasFailure()) return;
  }
}

TEST(Strangers, ThatChangeOctetsOfProtectedDatagramsChangeNothing) {
  std::size_t changed = 0;
  for (const Seed seed : seeds(50)) {
    WorldChoices choices;
    choices.policy_a.liveness_interval = 30s;
    World world{seed, choices};
    world.a().activate(tunnel_name(1));
    world.run_for(40s);
    const std::vector<ike::Datagram> recorded = world.network().sent();
    for (unsigned i = 0; i < 200; ++i) {
      ike::Datagram datagram = recorded[world.dice().below(recorded.size())];
      if (datagram.octets.size() < 28) continue;
      for (std::uint64_t times = 1 + world.dice().below(3); times > 0; --times) {
        datagram.octets[world.dice().below(datagram.octets.size())] ^=
            static_cast<std::uint8_t>(1 + world.dice().below(255));
      }
      if (world.dice().chance(0.1)) datagram.octets.resize(world.dice().below(datagram.octets.size()));
      ++changed;
      world.plan(world.dice().between(0ms, 5min), [&world, datagram] { world.network().send(datagram); });
    }
    world.run_for(10min);
    EXPECT_EQ(world.a().installs(), 1u) << world.replay();
    EXPECT_EQ(world.b().installs(), 1u) << world.replay();
    EXPECT_EQ(world.b().statistics().half_open, 0u) << world.replay();
    EXPECT_EQ(world.disagreements_at_rest(), std::vector<std::string>{}) << world.replay();
    if (HasFailure()) return;
  }
  EXPECT_GT(changed, 0u);
}

}  // namespace
}  // namespace adit::sim
