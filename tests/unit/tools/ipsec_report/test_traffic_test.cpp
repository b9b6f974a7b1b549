#include "tools/ipsec/report/test_traffic.h"

#include <gtest/gtest.h>

#include "tools/ipsec/report/arguments.h"
#include "tools/ipsec/report/filters.h"

namespace adit::tools::ipsec {
namespace {

using policy::Direction;

TEST(TestTraffic, IsReadFromItsWords) {
  const auto tcp = TestTraffic::parse({"10.1.0.1", "10.2.0.1", "TCP", "1024", "80", "out", "7"});
  ASSERT_TRUE(tcp) << tcp.error();
  EXPECT_EQ(tcp->packet.protocol, IpProtocol::tcp);
  EXPECT_EQ(tcp->packet.source_port, 1024);
  EXPECT_EQ(tcp->packet.destination_port, 80);
  EXPECT_EQ(tcp->direction, Direction::outbound);
  EXPECT_EQ(tcp->security_class, 7);
  EXPECT_EQ(tcp->paths().size(), 1u);

  const auto ping = TestTraffic::parse({"2001:db8::1", "2001:db8::2", "icmpv6", "128", "1", "routed"});
  ASSERT_TRUE(ping) << ping.error();
  EXPECT_EQ(ping->packet.source_port, 128 << 8 | 1);
  EXPECT_EQ(ping->packet.destination_port, 128 << 8 | 1);
  EXPECT_EQ(ping->paths().size(), 2u) << "both directions";
  EXPECT_TRUE(ping->paths().front().routed);

  const auto piece = TestTraffic::parse({"10.1.0.1", "10.2.0.1", "17", "fragment"});
  ASSERT_TRUE(piece) << piece.error();
  EXPECT_TRUE(piece->packet.is_fragment);
  EXPECT_TRUE(piece->packet.ports_hidden);
}

TEST(TestTraffic, SaysWhatIsWrongWithItsWords) {
  const struct {
    std::vector<std::string> words;
    const char* says;
  } cases[] = {
      {{"10.1.0.1", "10.2.0.1"}, "SOURCE DESTINATION PROTOCOL"},
      {{"10.1.0", "10.2.0.1", "tcp"}, "10.1.0 is no address"},
      {{"10.1.0.1", "2001:db8::1", "tcp", "1", "2"}, "two families"},
      {{"10.1.0.1", "10.2.0.1", "tpc", "1", "2"}, "tpc is no protocol"},
      {{"10.1.0.1", "10.2.0.1", "256"}, "256 is no protocol"},
      {{"10.1.0.1", "10.2.0.1", "tcp", "1"}, "source and destination port, 0 to 65535"},
      {{"10.1.0.1", "10.2.0.1", "icmp", "8", "256"}, "type and code, 0 to 255"},
      {{"10.1.0.1", "10.2.0.1", "esp", "up"}, "up is none of"},
      {{"10.1.0.1", "10.2.0.1", "esp", "256"}, "256 is none of"},
  };
  for (const auto& [words, says] : cases) {
    const auto traffic = TestTraffic::parse(words);
    ASSERT_FALSE(traffic) << says;
    EXPECT_NE(traffic.error().find(says), std::string::npos) << traffic.error();
  }
}

policy::FilterPolicy two_rules() {
  policy::FilterPolicy policy;
  policy::Filter web;
  web.rule = "web";
  web.extension = 1;
  web.direction = Direction::outbound;
  web.source = web.destination = IpRange::all(IpFamily::v4);
  web.service = {
      .protocol = IpProtocol::tcp, .source_ports = PortRange::all(), .destination_ports = PortRange::of(443)};
  web.action = policy::FilterAction::permit;
  policy::Filter rest = web;
  rest.rule = "rest";
  rest.service = {};
  rest.action = policy::FilterAction::deny;
  policy.filters = {web, rest};
  return policy;
}

TEST(TestTraffic, IsDecidedByTheFirstFilterAndSaysWhyOthersWerePassedOver) {
  const policy::FilterPolicy policy = two_rules();
  const auto http = TestTraffic::parse({"10.1.0.1", "10.2.0.1", "tcp", "1024", "80"});
  const auto paths = http->paths();
  EXPECT_EQ(decide(policy, *http, paths[0]).text, "inbound: denied, no rule matches");
  const Decision decision = decide(policy, *http, paths[1]);
  EXPECT_EQ(decision.text, "outbound: denied by rest 1");
  EXPECT_EQ(decision.passed_over, std::vector<std::string>{"web 1: destination port or type"});

  const auto https = TestTraffic::parse({"10.1.0.1", "10.2.0.1", "tcp", "1024", "443", "out"});
  EXPECT_EQ(decide(policy, *https, https->paths()[0]).text, "outbound: permitted by web 1");
  const FilterTable table{policy, {}, {}, {}};
  EXPECT_EQ(matching_entries(table, *https).size(), 3u) << "web, rest and the implicit deny";
  EXPECT_EQ(matching_entries(table, *http).size(), 3u) << "the implicit deny inbound; rest and that outbound";
}

TEST(Arguments, TakeTheTestedPacketAloneOrNothing) {
  const auto parsed = [](std::vector<const char*> words) {
    words.insert(words.begin(), "ipsec");
    return parse_arguments(static_cast<int>(words.size()), words.data());
  };
  const auto test = parsed({"-t", "10.1.0.1", "10.2.0.1", "udp", "500", "500", "-p", "east"});
  ASSERT_TRUE(test) << test.error().text;
  EXPECT_EQ(test->primary, Primary::traffic_test);
  EXPECT_EQ(test->stack, "east");
  EXPECT_EQ(test->traffic.packet.source_port, 500);
  EXPECT_FALSE(parsed({"-t", "10.1.0.1", "10.2.0.1", "esp", "-f", "display"}));
  EXPECT_FALSE(parsed({"-t", "10.1.0.1", "10.2.0.1", "esp", "-n", "rule"}));
}

}  // namespace
}  // namespace adit::tools::ipsec
