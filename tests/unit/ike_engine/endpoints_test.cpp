// Who may have the traffic of a rule: a peer at its security endpoint, and with its RemoteIdentity (reference §3.3,
// §4.7).

#include <gtest/gtest.h>

#include "two_engines.h"

namespace adit::ike {
namespace {

TEST(Endpoints, ARuleIsForThePeerAtItsSecurityEndpoint) {
  for (const bool pretends_nat : {false, true}) {
    SCOPED_TRACE(pretends_nat);
    Side a = east(), b = west();
    a.allow_nat = b.allow_nat = true;
    a.force_udp = pretends_nat;  // then its NAT detection says that it is behind one
    b.remote_endpoint = "198.51.100.9";
    TwoEngines net{a, b};
    net.activate();
    net.pass(Seconds{20});
    EXPECT_TRUE(net.west_host.installed.empty()) << net.west_host.told();
    EXPECT_TRUE(net.east_host.installed.empty());
    EXPECT_TRUE(net.west_host.has_told(CatalogueId::no_filter_rule_for_traffic));
  }
}

TEST(Endpoints, ARuleForAnotherIdentityHasNoChild) {
  Side a = east();
  a.filter_for = "198.51.100.9";
  TwoEngines net{a, west()};
  net.activate();  // the first child, asked for before the peer has said who it is
  net.pass(Seconds{5});
  EXPECT_TRUE(net.east_host.installed.empty()) << net.east_host.told();
  EXPECT_TRUE(net.west_host.installed.empty()) << "it hears that nobody uses it";
  EXPECT_NE(net.east_host.told().find("RemoteIdentity"), std::string::npos) << net.east_host.told();
  ASSERT_EQ(net.east_host.ike().size(), 1u) << "the IKE SA is as good as before";
  const std::size_t carried = net.carried.size();
  net.east_host.feed(ActivateRule{net.east_host.stack(), "net-to-net"});
  net.settle();
  EXPECT_TRUE(net.east_host.installed.empty());
  EXPECT_EQ(net.carried.size(), carried) << "the peer is not even asked";
}

TEST(Endpoints, ARuleForThePeersIdentityHas) {
  Side a = east(), b = west();
  a.filter_for = a.peer_address;
  b.filter_for = b.peer_address;
  TwoEngines net{a, b};
  net.activate();
  EXPECT_EQ(net.east_host.installed.size(), 1u) << net.east_host.told();
  EXPECT_EQ(net.west_host.installed.size(), 1u);
}

}  // namespace
}  // namespace adit::ike
