// Two SAs for the same traffic: which of them goes, when, and what carries the traffic meanwhile.

#include <algorithm>

#include "two_engines.h"

namespace adit::ike {
namespace {

constexpr std::size_t exchange_at = 18, flags_at = 19;  // octets of the IKE header (RFC 7296 §3.1)
constexpr std::uint8_t ike_auth = 35, informational = 37, response_flag = 0x20, initiator_flag = 0x08;

bool is_auth_response(const Datagram& datagram) {
  return datagram.octets.size() > flags_at && datagram.octets[exchange_at] == ike_auth &&
         (datagram.octets[flags_at] & response_flag) != 0;
}

TEST(Doubles, OfAnSaThatTheInitiatorHasNotHeardOfYetAreNotChosenBetween) {  // RFC 7296 §2.8
  for (std::uint64_t round = 0; round < 8; ++round) {                       // the nonces choose, so either SA
    SCOPED_TRACE(round);
    TwoEngines net;
    for (std::uint64_t i = 0; i < round; ++i) net.east_host.random.number<std::uint64_t>();
    net.activate();
    ASSERT_EQ(net.east_host.installed.size(), 1u);
    const contract::ChildSaName old_here = net.east_host.installed.begin()->first;
    const contract::ChildSaName old_there = net.west_host.installed.begin()->first;

    net.west_host.feed(RefreshIkeTunnel{net.west_host.stack(), std::nullopt});
    const auto lose_auth_responses = [](const Datagram& datagram) { return !is_auth_response(datagram); };
    for (int tenth = 0; tenth < 200; ++tenth) {
      for (Host* host : {&net.east_host, &net.west_host}) host->pass_time_to(host->now + Duration{100'000});
      net.settle(lose_auth_responses);
      ASSERT_TRUE(net.east_host.retired.empty()) << "nothing else is at both ends";
      ASSERT_TRUE(net.east_host.installed.contains(old_here));
      ASSERT_TRUE(net.west_host.installed.contains(old_there));
    }
    EXPECT_EQ(net.east_host.installed.size(), 2u) << "east answered, and is not heard";
    EXPECT_EQ(net.west_host.installed.size(), 1u);

    net.pass(Seconds{60});
    EXPECT_EQ(net.east_host.installed.size(), 1u) << net.east_host.told();
    EXPECT_EQ(net.west_host.installed.size(), 1u) << net.west_host.told();
    EXPECT_FALSE(net.east_host.installed.contains(old_here));
  }
}

TEST(Doubles, LetTheOneThatIsClosedSendNoMoreWhileItsDeleteIsUnanswered) {
  TwoEngines net;
  for (Host* host : {&net.east_host, &net.west_host}) {
    host->feed(PolicyInstalled{make_policy(host->side)});
    host->feed(StackUp{host->stack()});
    host->feed(ActivateRule{host->stack(), "net-to-net"});
  }
  net.settle();
  ASSERT_EQ(net.east_host.installed.size(), 2u);
  net.east_host.feed(DeactivateIkeTunnel{net.east_host.stack(), net.east_host.ike().front().tunnel});
  ASSERT_EQ(net.east_host.retired.size(), 1u) << "the other one carries the traffic";
  EXPECT_EQ(net.east_host.installed.size(), 2u) << "what the peer sends by it is still taken";

  net.east_host.feed(DeactivateIkeTunnel{net.east_host.stack(), std::nullopt});
  EXPECT_EQ(net.east_host.retired.size(), 1u) << "the last one has none beside it";
}

// West rekeys what east has just made by a rekey, and has not had east's Delete of the one before when that is looked
// at.
TEST(Doubles, AreNotAnSaAndThoseThatReplacedIt) {
  TwoEngines net;
  net.activate();
  const auto rekey = [&](Host& host, const std::function<bool(Datagram&)>& passes) {
    host.feed(RefreshDynamicTunnel{host.stack(), std::nullopt});
    net.settle(passes);
  };
  rekey(net.east_host, [](Datagram&) { return true; });
  net.pass(Seconds{1});
  const auto lose_deletes_of_east = [](const Datagram& datagram) {
    const std::uint8_t flags = datagram.octets[flags_at];
    return datagram.octets[exchange_at] != informational || (flags & response_flag) != 0 ||
           (flags & initiator_flag) == 0;
  };
  rekey(net.east_host, lose_deletes_of_east);
  rekey(net.west_host, lose_deletes_of_east);
  const contract::ChildSaName newest = net.west_host.children().back().name;
  ASSERT_EQ(newest.generation, 4u);
  for (Host* host : {&net.east_host, &net.west_host}) host->pass_time_to(host->now + Duration{1'200'000});
  net.settle(lose_deletes_of_east);
  EXPECT_EQ(std::ranges::count(net.west_host.retired, newest, &contract::RetireChildSa::name), 0);
  net.pass(Seconds{30});
  EXPECT_TRUE(net.west_host.installed.contains(newest));
  EXPECT_EQ(net.west_host.installed.size(), 1u);
  EXPECT_EQ(net.east_host.installed.size(), 1u);
}

}  // namespace
}  // namespace adit::ike
