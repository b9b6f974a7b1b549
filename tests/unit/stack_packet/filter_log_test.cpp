#include "stack/filter_log.h"

#include <gtest/gtest.h>

#include "hex.h"

namespace adit::stack {
namespace {

// 10.1.0.1[1024] -> 10.2.0.1[80], 1500 octets by its header, of which the log has 40.
const ByteString beginning = from_hex(
    "450005dc00010000400600000a0100010a020001"
    "0400005000000001000000005002000000000000");

std::shared_ptr<policy::FilterPolicy> web_policy() {
  auto policy = std::make_shared<policy::FilterPolicy>();
  policy::Filter& web = policy->filters.emplace_back();
  web.rule = "web";
  web.extension = 2;
  web.direction = policy::Direction::inbound;
  web.source = web.destination = IpRange::all(IpFamily::v4);
  web.service = {.protocol = IpProtocol::tcp, .source_ports = PortRange::all(), .destination_ports = PortRange::of(80)};
  web.security_class = 7;
  return policy;
}

TEST(FilterLog, NamesTheFilterThatThePolicyFindsForThePacket) {
  const policy::FilterIndex policy{web_policy()};
  const auto logged = read_logged("local_in deny", beginning, 7, &policy);
  ASSERT_TRUE(logged);
  EXPECT_EQ(logged->as, LoggedAs::denied);
  EXPECT_EQ(logged->rule, "web");
  EXPECT_EQ(logged->extension, 2u);
  EXPECT_EQ(logged->packet.destination_port, 80);
  EXPECT_EQ(logged->octets, 1500u);
  EXPECT_FALSE(logged->path.routed);
}

TEST(FilterLog, TheImplicitDenyHasNoRule) {
  const policy::FilterIndex policy{web_policy()};
  for (const auto& logged : {read_logged("routed_out implicit", beginning, 7, &policy),
                             read_logged("local_in implicit", beginning, 0, &policy),
                             read_logged("local_in implicit", beginning, 7, nullptr)}) {
    ASSERT_TRUE(logged);
    EXPECT_EQ(logged->rule, "");
  }
}

TEST(FilterLog, TakesNothingThatIsNotOurs) {
  for (const char* prefix : {"", "local_in", "local_in why", "elsewhere deny"}) {
    EXPECT_FALSE(read_logged(prefix, beginning, 0, nullptr)) << prefix;
  }
  EXPECT_FALSE(read_logged("local_in deny", Bytes{beginning}.first(19), 0, nullptr));
  EXPECT_FALSE(read_logged("local_in deny", from_hex("60000000000000000000000000000000000000000000"), 0, nullptr));
}

}  // namespace
}  // namespace adit::stack
