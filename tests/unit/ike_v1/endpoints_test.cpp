// Who may have the traffic of a rule: a peer at its security endpoint, and with its RemoteIdentity (reference §3.3,
// §4.7).

#include "v1_pair.h"

namespace adit::ike {
namespace {

TEST(EndpointsV1, ARuleIsForThePeerAtItsSecurityEndpoint) {
  Side b = v1_west();
  b.remote_endpoint = "198.51.100.9";
  V1Pair net{v1_east(), b};
  net.up();
  net.pass(Seconds{20});
  EXPECT_TRUE(net.west_host.installed.empty()) << told(net);
  EXPECT_TRUE(net.east_host.installed.empty());
  EXPECT_TRUE(net.west_host.has_told(CatalogueId::no_filter_rule_for_traffic));
  EXPECT_NE(net.east_host.told().find("INVALID-ID-INFORMATION"), std::string::npos) << told(net);
}

TEST(EndpointsV1, ARuleForAnotherIdentityIsNotBegun) {
  Side a = v1_east();
  a.filter_for = "198.51.100.9";
  V1Pair net{a, v1_west()};
  net.up();
  net.pass(Seconds{20});
  EXPECT_TRUE(net.east_host.installed.empty()) << told(net);
  EXPECT_TRUE(net.west_host.installed.empty());
  EXPECT_NE(net.east_host.told().find("RemoteIdentity"), std::string::npos) << told(net);
}

TEST(EndpointsV1, ARuleForThePeersIdentityIs) {
  Side a = v1_east(), b = v1_west();
  a.filter_for = a.peer_address;
  b.filter_for = b.peer_address;
  V1Pair net{a, b};
  net.up();
  expect_one_v1_tunnel(net);
}

}  // namespace
}  // namespace adit::ike
