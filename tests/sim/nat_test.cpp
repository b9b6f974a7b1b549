// A NAT in front of one node, which gives it other ports at a bad time (RFC 7296 §2.23).

#include <gtest/gtest.h>

#include "sim/world.h"

namespace adit::sim {
namespace {

using namespace std::chrono_literals;

/// B is behind a NAT, and has a tunnel to A. Each datagram takes 20 ms.
struct BehindNat {
  BehindNat() {
    world.b().activate(tunnel_name(1));
    world.run_for(1s);
  }

  static WorldPlan plan() {
    PolicyChoices policy;
    policy.liveness_interval = 30s;
    WorldPlan plan{.faults = {.delay_least = 20ms, .delay_most = 20ms}, .places = {}};
    plan.places.push_back({.site = site_a(), .policy = policy, .options = {}, .peers = {1}});
    plan.places.push_back({.site = behind_nat(site_b()), .policy = policy, .options = {}, .peers = {0}});
    return plan;
  }

  World world{plan(), Seed{1}};
};

TEST(Nat, InFrontOfTheInitiatorLetsATunnelThrough) {
  BehindNat net;
  ASSERT_EQ(net.world.a().installed().size(), 1u) << net.world.replay();
  EXPECT_TRUE(net.world.a().installed().begin()->second.udp) << net.world.replay();
  net.world.run_for(10min);
  EXPECT_EQ(net.world.disagreements_at_rest(), std::vector<std::string>{}) << net.world.replay();
  EXPECT_EQ(net.world.network().counts().unsolicited, 0u) << "keep-alives hold the mapping" << net.world.replay();
}

TEST(Nat, ThatRebindsBetweenRequestAndResponseIsAnsweredAtTheNewPort) {  // RFC 7296 §2.11
  BehindNat net;
  net.world.b().deactivate_tunnels();
  net.world.run_for(30ms);  // the request has arrived, the response is on its way to the old port
  net.world.network().rebind(1, std::nullopt);
  net.world.run_for(5s);
  EXPECT_EQ(net.world.network().counts().unsolicited, 1u) << net.world.replay();
  EXPECT_TRUE(net.world.b().dynamic_tunnels().empty()) << "the repeated request was answered" << net.world.replay();
  EXPECT_EQ(net.world.b().ike_tunnels().size(), 1u) << net.world.replay();
  EXPECT_EQ(net.world.disagreements_at_rest(), std::vector<std::string>{}) << net.world.replay();
}

TEST(Nat, KeepAlivesOfAnSaThatIsBeingDeletedDoNotSpin) {
  BehindNat net;
  net.world.traffic().set({.longest_window = 24h});  // what the other end sends tells it that nobody is there
  net.world.traffic().begin();
  net.world.network().partition().cut(0, 1);
  net.world.b().deactivate_ike();
  net.world.run_for(10min);
  EXPECT_TRUE(net.world.b().ike_tunnels().empty()) << net.world.replay();
  EXPECT_EQ(net.world.disagreements_at_rest(), std::vector<std::string>{}) << net.world.replay();
}

}  // namespace
}  // namespace adit::sim
