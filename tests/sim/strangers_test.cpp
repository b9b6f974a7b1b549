// Datagrams of others: floods from addresses that nobody has, recorded datagrams sent again, octets that were changed.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

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

/// A policy whose KeyExchangeRules let anybody begin, from any address.
policy::PolicyPointer open_to_all(const policy::PolicySnapshot& policy) {
  policy::PolicySnapshot open = policy;
  for (policy::KeyExchangeRule& rule : open.key_exchange.rules) rule.remote_locations.clear();
  return std::make_shared<const policy::PolicySnapshot>(std::move(open));
}

/// What the IKE SAs of a node hold, in octets.
std::size_t memory_of(const Node& node) {
  std::size_t octets = 0;
  for (const ike::IkeTunnelView& tunnel : node.ike_tunnels()) octets += tunnel.memory;
  return octets;
}

TEST(Strangers, AHundredThousandOfThemLeaveMemoryBoundedAndAPeerComesThrough) {  // RFC 7296 §2.6
  constexpr std::size_t count = 100'000, octets_an_sa = 4096;
  constexpr Duration apart = 200us, until_peer_comes = 10s;
  WorldChoices choices;
  choices.options.cookie_threshold = 16;  // small, as the invariants look at each SA after each step
  choices.options.half_open_limit = 32;
  World other{Seed{5}, choices};
  const ike::Datagram request = init_request(other);
  World world{Seed{5}, choices};
  world.b().install(open_to_all(world.b().policy()));

  std::size_t octets_in = 0, most_sas = 0, most_octets = 0, seen = 0;
  std::function<void()> flood = [&] {
    ike::Datagram datagram = forged(request, world.dice());
    datagram.remote.address = IpAddress::v4(0x0b000000u + static_cast<std::uint32_t>(world.dice().below(0x50000000)));
    octets_in += datagram.octets.size();
    world.b().receive(datagram);
    most_sas = std::max(most_sas, world.b().statistics().ike_sas);
    most_octets = std::max(most_octets, memory_of(world.b()));
    if (++seen < count) world.plan(apart, flood);
  };
  world.plan(apart, flood);
  world.run_for(until_peer_comes);
  EXPECT_GE(world.b().statistics().half_open, choices.options.cookie_threshold) << "the flood is on" << world.replay();
  world.a().activate(tunnel_name(1));
  world.run_for(count * apart - until_peer_comes - 1s);
  EXPECT_LT(seen, count) << "it still is";
  EXPECT_EQ(world.a().installed().size(), 1u) << world.replay();
  EXPECT_EQ(world.b().installed().size(), 1u) << world.replay();
  world.run_for(2s);
  EXPECT_EQ(seen, count);

  const std::size_t most = choices.options.half_open_limit + 1;  // and the peer's
  EXPECT_LE(most_sas, most);
  EXPECT_LE(most_octets, most * octets_an_sa);
  EXPECT_GT(world.b().statistics().cookies_sent, count / 2);
  // A forged address is answered by no more than was sent from it: nobody floods another by way of us.
  std::size_t octets_out = 0;
  for (const ike::Datagram& sent : world.network().sent()) {
    if (sent.local.address == site_b().address && sent.remote.address != site_a().address) {
      octets_out += sent.octets.size();
    }
  }
  EXPECT_GT(octets_out, 0u);
  EXPECT_LE(octets_out, octets_in);

  world.run_for(2min);
  EXPECT_EQ(world.b().statistics().half_open, 0u) << "half-open SAs end" << world.replay();
  EXPECT_EQ(world.b().statistics().ike_sas, 1u) << world.replay();
  EXPECT_EQ(world.disagreements_at_rest(), std::vector<std::string>{}) << world.replay();
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
