// The user-space data plane on real devices and sockets: two hosts in network namespaces, SAs installed by hand.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

#include "datagram_stream.h"
#include "stack/user/ike_channel.h"
#include "stack/user/socket_address.h"
#include "two_hosts.h"
#include "wire_tap.h"

namespace adit::test {
namespace {

using contract::EncapsulationMode;

constexpr std::size_t octets_100mb = 100'000'000;

int ping(Host& from, const IpAddress& to, const char* options = "-c 3 -i 0.05 -W 2") {
  return from.space().shell(fmt::format("ping {} {}", options, to.to_string()));
}

void install_both(TwoHosts& net, const Protection& protection, std::uint64_t tunnel) {
  for (Host* host : {&net.east, &net.west}) ASSERT_EQ(host->install(protection, tunnel).refused, std::nullopt);
}

struct DataPlaneTest : testing::Test {
  void SetUp() override {
    if (!may_make_namespaces()) GTEST_SKIP() << "needs root and /dev/net/tun";
  }
};

/// A host 10.1.0.9 behind east, its gateway; west itself is 10.2.0.1. Made before a data plane that is to start anew
/// in the test: its namespace keeps descriptors that there are.
struct BehindEast : NetworkNamespace {
  BehindEast() = default;
  explicit BehindEast(Host& east) { join(east); }
  void join(Host& east) {
    EXPECT_EQ(
        east.space().shell(fmt::format("sysctl -q -w net.ipv4.ip_forward=1 && "
                                       "ip link add lan type veth peer name lan netns {} && ip link set lan up && "
                                       "ip addr add 10.1.0.254/24 dev lan",
                                       holder())),
        0);
    EXPECT_EQ(shell("ip addr add 10.1.0.9/24 dev lan && ip link set lan up && ip route add default via 10.1.0.254"), 0);
  }
};

const Protection tunnel_v4{.name = "tunnel"};

TEST_F(DataPlaneTest, PingPassesTheTunnelAndIsCounted) {
  TwoHosts net{tunnel_v4};
  install_both(net, tunnel_v4, 1);
  EXPECT_EQ(ping(net.east, data_address(2, tunnel_v4)), 0) << state_of(net.east) << state_of(net.west);
  EXPECT_GE(net.east.counters(1).inbound_packets, 3u);
  EXPECT_GE(net.east.counters(1).outbound_packets, 3u);
  EXPECT_NE(state_of(net.west).find("nets.2 3"), std::string::npos) << state_of(net.west);
}

const std::vector<Protection> ways{
    {.name = "Tunnel4In4"},
    {.name = "Tunnel4In4Udp", .is_udp = true},
    {.name = "Tunnel4In4Cbc",
     .encryption = EncryptionId::aes_cbc,
     .integrity = IntegrityId::hmac_sha2_256_128,
     .extended = true},
    {.name = "Tunnel6In6", .inner = IpFamily::v6, .outer = IpFamily::v6},
    {.name = "Tunnel6In6Udp", .inner = IpFamily::v6, .outer = IpFamily::v6, .is_udp = true},
    {.name = "Tunnel4In6", .inner = IpFamily::v4, .outer = IpFamily::v6},
    {.name = "Tunnel6In4Udp", .inner = IpFamily::v6, .outer = IpFamily::v4, .is_udp = true},
    {.name = "Transport4", .mode = EncapsulationMode::transport},
    {.name = "Transport4Udp", .mode = EncapsulationMode::transport, .is_udp = true},
    {.name = "Transport6", .outer = IpFamily::v6, .mode = EncapsulationMode::transport},
    {.name = "Transport6Udp", .outer = IpFamily::v6, .mode = EncapsulationMode::transport, .is_udp = true},
    {.name = "EspNullTunnel4In4", .encryption = EncryptionId::null, .integrity = IntegrityId::hmac_sha2_256_128},
    {.name = "EspNullTransport6",
     .outer = IpFamily::v6,
     .mode = EncapsulationMode::transport,
     .encryption = EncryptionId::null,
     .integrity = IntegrityId::aes_xcbc_96},
    {.name = "EspGmacTunnel4In4", .encryption = EncryptionId::null_auth_aes_gmac},
    {.name = "EspGmacTransport4",
     .mode = EncapsulationMode::transport,
     .encryption = EncryptionId::null_auth_aes_gmac,
     .extended = true},
    {.name = "AhTunnel4In4", .encryption = EncryptionId::none, .integrity = IntegrityId::hmac_sha2_256_128},
    {.name = "AhTunnel6In6",
     .inner = IpFamily::v6,
     .outer = IpFamily::v6,
     .encryption = EncryptionId::none,
     .integrity = IntegrityId::hmac_sha2_512_256,
     .extended = true},
    {.name = "AhTunnel4In6",
     .inner = IpFamily::v4,
     .outer = IpFamily::v6,
     .encryption = EncryptionId::none,
     .integrity = IntegrityId::hmac_sha2_384_192},
    {.name = "AhTransport4",
     .mode = EncapsulationMode::transport,
     .encryption = EncryptionId::none,
     .integrity = IntegrityId::hmac_sha1_96,
     .extended = true},
    {.name = "AhTransport6",
     .outer = IpFamily::v6,
     .mode = EncapsulationMode::transport,
     .encryption = EncryptionId::none,
     .integrity = IntegrityId::aes_xcbc_96},
    {.name = "AhGmacTransport4",
     .mode = EncapsulationMode::transport,
     .encryption = EncryptionId::none,
     .integrity = IntegrityId::aes_128_gmac},
    {.name = "AhAroundEspTunnel4In4", .encryption = EncryptionId::aes_cbc, .around = IntegrityId::hmac_sha1_96},
    {.name = "AhAroundEspTunnel6In6",
     .inner = IpFamily::v6,
     .outer = IpFamily::v6,
     .encryption = EncryptionId::aes_cbc,
     .integrity = IntegrityId::hmac_sha2_512_256,
     .around = IntegrityId::hmac_sha2_512_256,
     .extended = true},
    {.name = "AhAroundEspTransport4",
     .mode = EncapsulationMode::transport,
     .encryption = EncryptionId::aes_cbc,
     .around = IntegrityId::hmac_sha2_256_128,
     .extended = true},
    {.name = "AhAroundEspTransport6",
     .outer = IpFamily::v6,
     .mode = EncapsulationMode::transport,
     .encryption = EncryptionId::aes_cbc,
     .around = IntegrityId::aes_xcbc_96},
};

struct EveryWay : DataPlaneTest, testing::WithParamInterface<Protection> {};
INSTANTIATE_TEST_SUITE_P(Of, EveryWay, testing::ValuesIn(ways),
                         [](const auto& parameter) { return parameter.param.name; });

TEST_P(EveryWay, CarriesTcpIntactInBothDirections) {
  TwoHosts net{GetParam()};
  install_both(net, GetParam(), 1);
  const IpAddress east = data_address(1, GetParam()), west = data_address(2, GetParam());
  // The first of each kind at full length; the others show that their headers are right.
  const bool is_long = GetParam().name == "Tunnel4In4" || GetParam().name == "Tunnel6In6Udp";
  const std::size_t octets = is_long ? octets_100mb : 10'000'000;
  WireTap tap{net.west.space()};
  EXPECT_EQ(transfer(net.east, east, net.west, west, octets), octets) << state_of(net.east) << state_of(net.west);
  EXPECT_EQ(transfer(net.west, west, net.east, east, octets), octets) << state_of(net.east) << state_of(net.west);
  EXPECT_EQ(ping(net.east, west), 0) << state_of(net.east) << state_of(net.west);
  EXPECT_EQ(tap.in_clear(), 0u) << "packets on the wire that are not protected, nor neighbour discovery";
  EXPECT_EQ(tap.esp() != 0, !GetParam().is_in_ah());
  EXPECT_EQ(tap.ah() != 0, GetParam().is_in_ah());
}

TEST_P(EveryWay, ShowsOnTheWireWhatIsNotEncryptedAndNothingElse) {
  TwoHosts net{GetParam()};
  install_both(net, GetParam(), 1);
  WireTap tap{net.west.space()};
  const std::string word = "nobody should read this";
  std::string hex;
  for (const char c : word.substr(0, 16)) hex += fmt::format("{:02x}", static_cast<unsigned>(c));
  ASSERT_EQ(ping(net.east, data_address(2, GetParam()), ("-c 1 -W 2 -p " + hex).c_str()), 0) << state_of(net.west);
  const bool is_encrypted = !GetParam().is_ah() && GetParam().encryption != EncryptionId::null &&
                            GetParam().encryption != EncryptionId::null_auth_aes_gmac;
  EXPECT_EQ(tap.shows(as_bytes(word.substr(0, 16))), !is_encrypted);
}

TEST_F(DataPlaneTest, AhCoversOptionsOfIpv4AndRoutersMayWriteIntoThem) {  // RFC 4302 §3.3.3.1.1.2
  const Protection transport{.mode = EncapsulationMode::transport,
                             .encryption = EncryptionId::none,
                             .integrity = IntegrityId::hmac_sha2_256_128};
  TwoHosts net{transport};
  install_both(net, transport, 1);
  // Record route: each end adds its address to what it sends and receives.
  EXPECT_EQ(ping(net.east, data_address(2, transport), "-R -c 2 -i 0.05 -W 2"), 0)
      << state_of(net.east) << state_of(net.west);
  EXPECT_GE(net.west.counters(1).inbound_packets, 2u);
}

TEST_F(DataPlaneTest, AhCoversExtensionHeadersOfIpv6) {  // RFC 4302 §3.3.3.1.2.2
  const Protection transport{.outer = IpFamily::v6,
                             .mode = EncapsulationMode::transport,
                             .encryption = EncryptionId::none,
                             .integrity = IntegrityId::hmac_sha2_256_128};
  TwoHosts net{transport};
  install_both(net, transport, 1);
  // An unknown option that routers may change and must pass over: before AH in the hop-by-hop header, behind it in the
  // destination options.
  constexpr std::array<std::uint8_t, 8> options{0, 0, 0x3e, 4, 1, 2, 3, 4};
  int from = -1, to = -1;
  sockaddr_storage name{};
  const socklen_t size = stack::user::write_name(name, data_address(2, transport), 7007);
  net.west.space().run([&] {
    to = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    setsockopt(to, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ASSERT_EQ(bind(to, reinterpret_cast<sockaddr*>(&name), size), 0);
  });
  net.east.space().run([&] {
    from = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    for (const int kind : {IPV6_HOPOPTS, IPV6_DSTOPTS}) {
      ASSERT_EQ(setsockopt(from, IPPROTO_IPV6, kind, options.data(), options.size()), 0) << kind;
    }
    ASSERT_EQ(sendto(from, "covered", 7, 0, reinterpret_cast<sockaddr*>(&name), size), 7);
  });
  std::array<char, 16> buffer{};
  EXPECT_EQ(recv(to, buffer.data(), buffer.size(), 0), 7) << state_of(net.east) << state_of(net.west);
  EXPECT_EQ(std::string_view{buffer.data()}, "covered");
  EXPECT_EQ(net.west.counters(1).not_authentic, 0u);
  EXPECT_EQ(net.west.counters(1).inbound_packets, 1u);
  close(from);
  close(to);
}

TEST_F(DataPlaneTest, ClearTextThatShouldBeProtectedIsDroppedInBothDirections) {
  TwoHosts net{tunnel_v4};
  {
    WireTap tap{net.west.space()};
    EXPECT_NE(ping(net.east, data_address(2, tunnel_v4), "-c 2 -i 0.05 -W 1"), 0) << "there is no SA";
    EXPECT_EQ(tap.in_clear(), 0u) << "left in clear";
  }
  // East sends in clear, as an attacker on the wire would; west must not take it.
  ASSERT_EQ(net.west.install(tunnel_v4, 1).refused, std::nullopt);
  net.east.permit_everything();
  WireTap tap{net.west.space()};
  EXPECT_NE(ping(net.east, data_address(2, tunnel_v4), "-c 2 -i 0.05 -W 1"), 0);
  EXPECT_GE(tap.in_clear(), 2u) << "the test did not send what it should";
  EXPECT_EQ(net.west.plane_counters().tun_reads, 0u) << "west answered";
}

TEST_F(DataPlaneTest, WhatNoRulePermitsIsDropped) {
  TwoHosts net{tunnel_v4};
  install_both(net, tunnel_v4, 1);
  EXPECT_NE(ping(net.east, wire_address(2, IpFamily::v4), "-c 1 -W 1"), 0);
  EXPECT_EQ(ping(net.east, wire_address(1, IpFamily::v4), "-c 1 -W 1"), 0) << "between own addresses: not filtered";
}

/// A policy whose filters log: those of the tunnel, and a ping between the hosts themselves.
std::shared_ptr<policy::PolicySnapshot> logging_policy(unsigned host) {
  auto snapshot = std::make_shared<policy::PolicySnapshot>(*policy_for(tunnel_v4, host));
  auto& filters = snapshot->filter.filters;
  for (policy::Filter& filter : filters) {
    if (filter.rule == "nets") filter.logging = policy::FilterLogging::all;
  }
  policy::Filter ping;
  ping.rule = "ping";
  ping.routing = policy::Routing::local;
  ping.service = {.protocol = IpProtocol::icmp};
  ping.action = policy::FilterAction::permit;
  ping.logging = policy::FilterLogging::all;
  for (const auto direction : {policy::Direction::outbound, policy::Direction::inbound}) {
    const bool leaves = direction == policy::Direction::outbound;
    ping.extension = leaves ? 1 : 2;
    ping.direction = direction;
    ping.source = IpRange::of(wire_address(leaves ? host : 3 - host, IpFamily::v4));
    ping.destination = IpRange::of(wire_address(leaves ? 3 - host : host, IpFamily::v4));
    filters.push_back(ping);
  }
  return snapshot;
}

/// The first that a host has logged of a decision about packets to an address.
std::unique_ptr<stack::LoggedPacket> logged(Host& host, stack::LoggedAs as, const IpAddress& destination) {
  return host.events().wait_for<stack::LoggedPacket>(
      [&](const stack::LoggedPacket& packet) { return packet.as == as && packet.packet.destination == destination; });
}

TEST_F(DataPlaneTest, WhatFiltersLogNamesTheirRulesAndThePackets) {
  TwoHosts net{tunnel_v4};
  for (Host* host : {&net.east, &net.west}) host->set_policy(logging_policy(host->number()));
  const IpAddress east_wire = wire_address(1, IpFamily::v4), west_wire = wire_address(2, IpFamily::v4);
  const IpAddress west_data = data_address(2, tunnel_v4);

  EXPECT_EQ(ping(net.east, west_wire, "-c 1 -W 2"), 0);
  const auto permitted = logged(net.west, stack::LoggedAs::permitted, west_wire);
  ASSERT_TRUE(permitted);
  EXPECT_EQ(permitted->rule, "ping");
  EXPECT_EQ(permitted->extension, 2u);
  EXPECT_EQ(permitted->interface, "wire");
  EXPECT_EQ(permitted->octets, 84u);
  EXPECT_EQ(permitted->packet.source, east_wire);
  EXPECT_EQ(permitted->packet.protocol, IpProtocol::icmp);
  EXPECT_EQ(permitted->path.direction, policy::Direction::inbound);
  EXPECT_FALSE(permitted->path.routed);

  // No rule is for that host: the implicit deny has no name.
  const IpAddress elsewhere = *IpAddress::parse("198.51.100.77");
  EXPECT_NE(ping(net.east, elsewhere, "-c 1 -W 1"), 0);
  const auto implicit = logged(net.east, stack::LoggedAs::denied, elsewhere);
  ASSERT_TRUE(implicit);
  EXPECT_EQ(implicit->rule, "");
  EXPECT_EQ(implicit->path.direction, policy::Direction::outbound);

  // West's rule for the tunnel meets it in clear, and then out of the tunnel.
  net.east.permit_everything();
  EXPECT_NE(ping(net.east, west_data, "-c 1 -W 1"), 0);
  const auto in_clear = logged(net.west, stack::LoggedAs::no_tunnel, west_data);
  ASSERT_TRUE(in_clear);
  EXPECT_EQ(in_clear->rule, "nets");
  net.east.set_policy(logging_policy(1));
  install_both(net, tunnel_v4, 1);
  EXPECT_EQ(ping(net.east, west_data, "-c 1 -W 2"), 0);
  const auto out_of_tunnel = logged(net.west, stack::LoggedAs::permitted, west_data);
  ASSERT_TRUE(out_of_tunnel);
  EXPECT_EQ(out_of_tunnel->rule, "nets");
  EXPECT_EQ(out_of_tunnel->interface, "adit0");

  // A rule for clear text stands before that of the tunnel, for packets to this host alone.
  auto clear_text = logging_policy(2);
  policy::Filter before = clear_text->filter.filters.back();
  before.rule = "before";
  before.source = data_range(1, tunnel_v4);
  before.destination = data_range(2, tunnel_v4);
  clear_text->filter.filters.insert(clear_text->filter.filters.begin(), before);
  net.west.set_policy(clear_text);
  EXPECT_NE(ping(net.east, west_data, "-c 1 -W 1"), 0);
  const auto mismatch = logged(net.west, stack::LoggedAs::mismatch, west_data);
  ASSERT_TRUE(mismatch) << state_of(net.west);
  EXPECT_EQ(mismatch->rule, "before");

  // A rule that denies, whichever way the packet goes: the kernel's rules do not see it.
  auto denying = logging_policy(2);
  before.rule = "never";
  before.routing = policy::Routing::either;
  before.action = policy::FilterAction::deny;
  denying->filter.filters.insert(denying->filter.filters.begin(), before);
  net.west.set_policy(denying);
  EXPECT_NE(ping(net.east, west_data, "-c 1 -W 1"), 0);
  const auto denied = logged(net.west, stack::LoggedAs::denied, west_data);
  ASSERT_TRUE(denied) << state_of(net.west);
  EXPECT_EQ(denied->rule, "never");
  EXPECT_EQ(denied->interface, "adit0");
  EXPECT_FALSE(denied->path.routed);
}

TEST_F(DataPlaneTest, WhatAnIpSecRuleSendsIsLoggedByWhatBecomesOfIt) {
  TwoHosts net{tunnel_v4};
  BehindEast behind{net.east};
  const IpAddress west_data = data_address(2, tunnel_v4);
  const auto count = [&](stack::LoggedAs as) {
    return net.east.events().count<stack::LoggedPacket>(
        [as](const stack::LoggedPacket& packet) { return packet.as == as && packet.rule == "nets"; });
  };
  using enum policy::FilterLogging;
  for (const auto logging : {permit, deny, all}) {
    auto changed = std::make_shared<policy::PolicySnapshot>(*logging_policy(1));
    for (policy::Filter& filter : changed->filter.filters) filter.logging = logging;
    net.east.set_policy(changed);
    const std::size_t before = count(stack::LoggedAs::no_tunnel);
    EXPECT_NE(ping(net.east, west_data, "-c 1 -W 1"), 0);
    EXPECT_EQ(count(stack::LoggedAs::permitted), 0u) << "there is no tunnel";
    EXPECT_EQ(count(stack::LoggedAs::no_tunnel) - before, logging == permit ? 0u : 1u);
  }
  const auto dropped = logged(net.east, stack::LoggedAs::no_tunnel, west_data);
  ASSERT_TRUE(dropped);
  EXPECT_EQ(dropped->path.direction, policy::Direction::outbound);
  EXPECT_EQ(dropped->interface, "adit0");
  EXPECT_FALSE(dropped->path.routed);

  install_both(net, tunnel_v4, 1);
  EXPECT_EQ(ping(net.east, west_data, "-c 1 -W 2"), 0);
  const auto sent = logged(net.east, stack::LoggedAs::permitted, west_data);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->rule, "nets");
  EXPECT_EQ(sent->octets, 84u);
  EXPECT_EQ(sent->path.direction, policy::Direction::outbound);
}

/// What a ping to an address is told, if anything.
bool is_told(const NetworkNamespace& from, const std::string& to) {
  return from.shell(fmt::format("ping -c 1 -W 1 {} 2>&1 | grep -q -i -e filtered -e prohibited", to)) == 0;
}

TEST_F(DataPlaneTest, DiscardActionIcmpTellsSendersOfWhatIsDropped) {
  const Protection protection{.net_bits = 24};
  TwoHosts net{protection};
  BehindEast behind{net.east};
  for (const auto action : {policy::DiscardAction::icmp, policy::DiscardAction::silent}) {
    SCOPED_TRACE(static_cast<int>(action));
    const bool is_icmp = action == policy::DiscardAction::icmp;
    for (Host* host : {&net.east, &net.west}) {
      auto changed = std::make_shared<policy::PolicySnapshot>(*policy_for(protection, host->number()));
      changed->filter.implicit_discard = action;
      for (policy::Filter& filter : changed->filter.filters) filter.discard = action;
      host->set_policy(changed);
    }
    EXPECT_EQ(is_told(behind, "10.2.0.1"), is_icmp) << "of an IpSec rule without a tunnel";
    EXPECT_EQ(is_told(net.east.space(), "10.2.0.1"), is_icmp) << "of an IpSec rule without a tunnel, from the host";
    EXPECT_EQ(is_told(behind, "198.51.100.2"), is_icmp) << "of the implicit deny";
    EXPECT_EQ(is_told(behind, "10.1.0.254"), is_icmp) << "of the implicit deny, for the gateway";
  }
}

TEST_F(DataPlaneTest, WhatATunnelBroughtIsNotQuotedInClear) {
  const Protection protection{.net_bits = 24};
  TwoHosts net{protection};
  BehindEast behind{net.east};
  install_both(net, protection, 1);
  auto denying = std::make_shared<policy::PolicySnapshot>(*policy_for(protection, 1));
  denying->filter.implicit_discard = policy::DiscardAction::icmp;
  policy::Filter deny = denying->filter.filters.back();  // of the nets, inbound
  deny.rule = "deny";
  deny.action = policy::FilterAction::deny;
  deny.discard = policy::DiscardAction::icmp;
  deny.direction = policy::Direction::outbound;  // towards the net behind
  deny.routing = policy::Routing::routed;
  deny.vpn = nullptr;
  denying->filter.filters.insert(denying->filter.filters.begin(), deny);
  net.east.set_policy(denying);
  WireTap tap{net.west.space()};
  EXPECT_NE(ping(net.west, *IpAddress::parse("10.1.0.9"), "-c 2 -i 0.05 -W 1"), 0);
  EXPECT_GE(net.east.counters(1).inbound_packets, 2u);
  EXPECT_EQ(tap.in_clear(), 0u);
}

TEST_F(DataPlaneTest, AFloodOfPacketsIsNoFloodOfMessagesAndFilterLoggingOffMakesNone) {
  TwoHosts net{tunnel_v4};
  auto silent = logging_policy(2);
  silent->filter.logging = false;
  net.east.set_policy(logging_policy(1));
  net.west.set_policy(silent);
  const IpAddress west_wire = wire_address(2, IpFamily::v4);
  EXPECT_EQ(ping(net.east, west_wire, "-f -c 3000 -W 1"), 0);
  ASSERT_TRUE(logged(net.east, stack::LoggedAs::permitted, west_wire));
  EXPECT_LT(net.east.events().count<stack::LoggedPacket>(), 1500u);
  // What west logs next is the first that it logs: nothing of the flood.
  net.west.set_policy(logging_policy(2));
  EXPECT_EQ(ping(net.east, west_wire, "-c 1 -s 100 -W 2"), 0);
  const auto first = logged(net.west, stack::LoggedAs::permitted, west_wire);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->octets, 128u);
}

TEST_F(DataPlaneTest, ReplayedPacketsAreDroppedAndCounted) {
  const Protection kinds[] = {
      {.is_udp = false},
      {.is_udp = true},
      {.encryption = EncryptionId::none, .integrity = IntegrityId::hmac_sha2_256_128},
  };
  for (const Protection& protection : kinds) {
    TwoHosts net{protection};
    install_both(net, protection, 1);
    WireTap tap{net.west.space()};
    ASSERT_EQ(ping(net.east, data_address(2, protection), "-c 1 -W 2"), 0);
    const auto before = net.west.counters(1);
    ASSERT_EQ(before.replayed, 0u);
    ASSERT_GT(tap.replay_into(net.east.space()), 0u);
    // A packet behind the replayed one: when it is answered, the replayed one has been judged.
    ASSERT_EQ(ping(net.east, data_address(2, protection), "-c 1 -W 2"), 0);
    EXPECT_GE(net.west.counters(1).replayed, 1u);
    EXPECT_EQ(net.west.counters(1).inbound_packets, before.inbound_packets + 1);
  }
}

TEST_F(DataPlaneTest, AFlowWithoutSaIsAskedForAndItsFirstPacketArrivesLater) {
  TwoHosts net{tunnel_v4, OnDemand::yes};
  ASSERT_EQ(net.west.install(tunnel_v4, 1).refused, std::nullopt);
  std::thread sender{[&] {
    EXPECT_EQ(ping(net.east, data_address(2, tunnel_v4), "-c 1 -W 5"), 0) << state_of(net.east) << state_of(net.west);
  }};
  const auto acquire = net.east.events().wait_for<contract::Acquire>();
  EXPECT_NE(acquire, nullptr);
  if (acquire) {
    EXPECT_EQ(acquire->filter_rule, "nets");
    EXPECT_EQ(acquire->packet.to_string(), "icmp 10.1.0.1[8:0] -> 10.2.0.1[8:0]");
    EXPECT_EQ(acquire->stack.text, "host1");
  }
  EXPECT_EQ(net.east.install(tunnel_v4, 1).refused, std::nullopt);
  sender.join();
}

TEST_F(DataPlaneTest, ASaEndsAtItsTimeOrItsOctetsAndTrafficStops) {  // RFC 4301 §4.4.2.1
  using stack::user::LimitReached;
  const contract::Lifetimes by_time{.hard = Seconds{2}, .soft_octets = std::nullopt, .hard_octets = std::nullopt};
  const contract::Lifetimes by_octets{.hard = std::nullopt, .soft_octets = 500, .hard_octets = 1000};
  for (const auto& lifetimes : {by_time, by_octets}) {
    const Protection protection{.lifetimes = lifetimes};
    TwoHosts net{protection};
    install_both(net, protection, 1);
    ASSERT_EQ(ping(net.east, data_address(2, protection), "-c 1 -W 2"), 0);
    WireTap tap{net.west.space()};
    // Of more packets than the limit takes, the first pass and the rest do not.
    if (lifetimes.hard_octets) {
      EXPECT_EQ(ping(net.east, data_address(2, protection), "-c 20 -i 0.02 -W 1 -s 200"), 0);
    }
    for (Host* host : {&net.east, &net.west}) {
      // West answered what it got, and that was less than its limit.
      if (lifetimes.hard_octets && host == &net.west) continue;
      const auto limit =
          host->events().wait_for<LimitReached>([&](const LimitReached& reached) { return reached.limit.hard; });
      ASSERT_NE(limit, nullptr);
      EXPECT_EQ(limit->limit.name.tunnel.value(), 1u);
      EXPECT_LE(limit->counters.outbound_octets, lifetimes.hard_octets.value_or(UINT64_MAX));
    }
    EXPECT_NE(ping(net.east, data_address(2, protection), "-c 1 -W 1"), 0);
    EXPECT_EQ(tap.in_clear(), 0u);
  }
}

// Shows RFC 7296 2.8.1-2.
TEST_F(DataPlaneTest, TheNewestGenerationCarriesAndTheOldOneIsStillHeard) {
  TwoHosts net{tunnel_v4};
  install_both(net, tunnel_v4, 1);
  ASSERT_EQ(net.west.install(tunnel_v4, 1, 2).refused, std::nullopt);  // rekeyed: east does not know yet
  EXPECT_EQ(net.east.install(tunnel_v4, 1, 2).refused, std::nullopt);
  EXPECT_EQ(ping(net.east, data_address(2, tunnel_v4)), 0);
  for (Host* host : {&net.east, &net.west}) host->remove(1, 1);
  EXPECT_EQ(ping(net.east, data_address(2, tunnel_v4)), 0);
  for (Host* host : {&net.east, &net.west}) host->remove(1, 2);
  EXPECT_NE(ping(net.east, data_address(2, tunnel_v4), "-c 1 -W 1"), 0);
}

/// What the two iked tell their stacks in a rekey (RFC 7296 §2.8), each word with traffic before and after it.
void rekey(Host& initiator, Host& responder, const Protection& protection, std::uint32_t replaced,
           const std::function<bool()>& traffic_goes_on) {
  using contract::SendingBegins;
  ASSERT_EQ(responder.install(protection, 1, replaced + 1, SendingBegins::when_peer_is_ready).refused, std::nullopt);
  ASSERT_TRUE(traffic_goes_on()) << "before the initiator has the response";
  ASSERT_EQ(initiator.install(protection, 1, replaced + 1).refused, std::nullopt);
  ASSERT_TRUE(traffic_goes_on()) << "with both pairs at both ends";
  responder.remove(1, replaced);
  ASSERT_TRUE(traffic_goes_on()) << "after the responder has removed the old pair";
  initiator.remove(1, replaced);
  ASSERT_TRUE(traffic_goes_on()) << "after both have removed the old pair";
}

TEST_F(DataPlaneTest, ARekeyLosesNoPacketOfAContinuousStream) {
  const Protection kinds[] = {
      {.is_udp = false},
      {.is_udp = true},
      {.encryption = EncryptionId::none, .integrity = IntegrityId::hmac_sha2_256_128},
  };
  for (const Protection& protection : kinds) {
    TwoHosts net{protection};
    install_both(net, protection, 1);
    const IpAddress east = data_address(1, protection), west = data_address(2, protection);
    DatagramStream eastward{net.west, west, net.east, east}, westward{net.east, east, net.west, west};
    // The second time for the one who has to wait for the other's first packet on the new pair, and then sends on it.
    const auto traffic_goes_on = [&] {
      return westward.advances() && eastward.advances() && westward.advances() && eastward.advances();
    };
    for (std::uint32_t generation = 1; generation <= 8; ++generation) {
      SCOPED_TRACE(generation);
      const bool by_east = generation % 2 == 0;
      rekey(by_east ? net.east : net.west, by_east ? net.west : net.east, protection, generation, traffic_goes_on);
      if (HasFatalFailure()) break;
    }
    EXPECT_EQ(westward.finish(), 0u) << state_of(net.east) << state_of(net.west);
    EXPECT_EQ(eastward.finish(), 0u) << state_of(net.east) << state_of(net.west);
    EXPECT_GT(net.east.counters(1).outbound_packets, 0u) << "of the last generation";
    EXPECT_GT(net.west.counters(1).outbound_packets, 0u) << "of the last generation";
  }
}

TEST_F(DataPlaneTest, APairThatIsRetiredIsHeardButDoesNotSend) {  // RFC 7296 §2.8.1
  TwoHosts net{tunnel_v4};
  install_both(net, tunnel_v4, 1);
  ASSERT_EQ(net.east.install(tunnel_v4, 1, 2).refused, std::nullopt);
  ASSERT_EQ(net.west.install(tunnel_v4, 1, 2).refused, std::nullopt);
  net.east.plane().retire({{.stack = {}, .name = {.tunnel = DynamicTunnelId{1}, .generation = 2}}});
  EXPECT_EQ(ping(net.east, data_address(2, tunnel_v4)), 0) << state_of(net.east) << state_of(net.west);
  EXPECT_EQ(net.east.counters(1).outbound_packets, 3u) << "of the first generation";
  EXPECT_EQ(net.east.counters(1).inbound_packets, 0u) << "of the first generation: west answers on the second";
}

// Shows RFC 7296 2-3,
// RFC 3947 4-4.
TEST_F(DataPlaneTest, IkeDatagramsGoThroughBothPortsAndSurviveARestartOfIked) {
  using stack::user::IkeChannel;
  using stack::user::IkeDatagram;
  TwoHosts net{tunnel_v4};
  const auto exchange = [&](IkeChannel& from, IkeChannel& to, const IkeDatagram& sent) {
    ASSERT_EQ(from.write({&sent, 1}).value_or(0), 1u);
    for (int i = 0; i < 200; ++i) {
      const auto got = to.read_batch();
      ASSERT_TRUE(got.has_value());
      if (got->empty()) {
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
        continue;
      }
      EXPECT_EQ((*got)[0], (IkeDatagram{.local = sent.remote, .remote = sent.local, .octets = sent.octets}));
      return;
    }
    FAIL() << sent.local.to_string() << " -> " << sent.remote.to_string() << " did not arrive\n"
           << state_of(net.east) << state_of(net.west);
  };
  for (int life = 0; life < 2; ++life) {
    auto east = IkeChannel::connect(net.east.ike_socket()), west = IkeChannel::connect(net.west.ike_socket());
    ASSERT_TRUE(east && west);
    for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
      for (const std::uint16_t port : {std::uint16_t{500}, std::uint16_t{4500}}) {
        exchange(*east, *west,
                 {.local = {.address = wire_address(1, family), .port = port},
                  .remote = {.address = wire_address(2, family), .port = port},
                  .octets = ByteString(1000, static_cast<std::uint8_t>(port))});
      }
    }
  }
}

TEST_F(DataPlaneTest, AStrangerCannotTakeThePlaceOfIked) {
  using stack::user::IkeChannel;
  TwoHosts net{tunnel_v4};
  ASSERT_EQ(::chmod(net.east.ike_socket().c_str(), 0666), 0);  // as if he were of the socket's group
  auto iked = IkeChannel::connect(net.east.ike_socket());
  ASSERT_TRUE(iked.has_value());
  std::thread{[&] {
    constexpr uid_t nobody = 65534;
    ASSERT_EQ(::syscall(SYS_setresuid, nobody, nobody, nobody), 0);  // of this thread alone
    auto stranger = IkeChannel::connect(net.east.ike_socket());
    ASSERT_TRUE(stranger.has_value());
    pollfd ended{.fd = stranger->fd(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&ended, 1, 5000), 1);
    EXPECT_FALSE(stranger->read_batch().has_value()) << "the connection was not closed";
  }}.join();
  EXPECT_TRUE(iked->read_batch().has_value()) << "iked's connection was closed";
}

TEST_F(DataPlaneTest, ARestartTakesOverAndLeavesNothingButFilters) {
  TwoHosts net{tunnel_v4};
  ASSERT_EQ(net.west.install(tunnel_v4, 1).refused, std::nullopt);
  for (int life = 0; life < 2; ++life) {
    net.east.stop();
    EXPECT_NE(net.east.space().shell("ip link show adit0"), 0);
    EXPECT_NE(net.east.space().shell("ip rule | grep fwmark"), 0);
    EXPECT_NE(net.east.space().shell("ip -6 rule | grep fwmark"), 0);
    {
      WireTap tap{net.west.space()};
      EXPECT_NE(ping(net.east, data_address(2, tunnel_v4), "-c 2 -i 0.05 -W 1"), 0);
      EXPECT_EQ(tap.in_clear(), 0u) << "left in clear between an end and the next start";
    }
    net.east.start();
    EXPECT_NE(ping(net.east, wire_address(2, IpFamily::v4), "-c 1 -W 1"), 0) << "closed until the policy comes";
    net.east.set_policy(policy_for(tunnel_v4, 1));
    for (Host* host : {&net.east, &net.west}) {
      EXPECT_EQ(host->install(tunnel_v4, 10 + static_cast<unsigned>(life)).refused, std::nullopt);
    }
    EXPECT_EQ(ping(net.east, data_address(2, tunnel_v4)), 0) << state_of(net.east) << state_of(net.west);
  }
}

TEST_F(DataPlaneTest, FiltersGoWhenTheyAreToldTo) {
  TwoHosts net{tunnel_v4};
  net.east.stop();
  EXPECT_EQ(net.east.space().shell("nft list table inet adit"), 0);
  net.east.start(stack::user::Options::AtStop::remove_filters);
  net.east.stop();
  EXPECT_NE(net.east.space().shell("nft list table inet adit"), 0);
}

constexpr auto keep = stack::user::Options::AtStop::keep_filters;

TEST_F(DataPlaneTest, AStartThatPermitsUntilThePolicyDoesNotOpenWhatIsClosed) {
  using stack::user::StandingFilters;
  TwoHosts net{tunnel_v4};
  EXPECT_EQ(net.east.plane().filters_at_start(), StandingFilters::closed);
  net.east.stop();
  net.east.start(keep, stack::UntilPolicy::permit);
  EXPECT_EQ(net.east.plane().filters_at_start(), StandingFilters::kept);
  WireTap tap{net.west.space()};
  EXPECT_NE(ping(net.east, data_address(2, tunnel_v4), "-c 2 -i 0.05 -W 1"), 0);
  EXPECT_NE(ping(net.east, wire_address(2, IpFamily::v4), "-c 2 -i 0.05 -W 1"), 0);
  EXPECT_EQ(tap.in_clear(), 0u) << "a restart opened the host";
}

TEST_F(DataPlaneTest, WhereNoFiltersStandAStartPermitsOrDeniesAsItIsTold) {
  using stack::user::StandingFilters;
  TwoHosts net{tunnel_v4};
  net.east.stop();
  net.west.stop();
  for (Host* host : {&net.east, &net.west}) ASSERT_EQ(host->space().shell("nft delete table inet adit"), 0);
  const auto starts = [&](stack::UntilPolicy choice, StandingFilters wanted, int answered) {
    net.east.start(keep, choice);
    EXPECT_EQ(net.east.plane().filters_at_start(), wanted);
    const int status = ping(net.east, wire_address(2, IpFamily::v4), "-c 1 -W 1");
    EXPECT_EQ(status != 0, answered != 0);
  };
  starts(stack::UntilPolicy::permit, StandingFilters::open, 0);
  // Its default filter permits all: who denies does not take over that.
  net.east.space().run([&] { ASSERT_TRUE(net.east.plane().set_default_filter().has_value()); });
  net.east.stop();
  starts(stack::UntilPolicy::permit, StandingFilters::kept, 0);
  net.east.stop();
  starts(stack::UntilPolicy::deny, StandingFilters::closed, 1);
  net.east.stop();
  starts(stack::UntilPolicy::permit, StandingFilters::kept, 1);
  net.east.stop();
  ASSERT_EQ(net.east.space().shell("nft delete table inet adit && nft add table inet adit"), 0);
  starts(stack::UntilPolicy::deny, StandingFilters::closed, 1);  // a table of somebody else's, and empty
}

TEST_F(DataPlaneTest, WhatAPolicyEndsIsThereUntilItIsInForceAndStaysWhenItIsRefused) {
  TwoHosts net{tunnel_v4};
  install_both(net, tunnel_v4, 1);
  const auto ended = [] {
    return std::vector{contract::RemoveChildSa{.stack = {}, .name = {.tunnel = DynamicTunnelId{1}, .generation = 1}}};
  };
  net.east.space().run([&] {  // a thread that may not change the filters
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, 2> none{};
    ASSERT_EQ(syscall(SYS_capset, &header, none.data()), 0);
    EXPECT_FALSE(net.east.plane().set_policy(policy_for(tunnel_v4, 1), ended()).has_value());
  });
  EXPECT_EQ(ping(net.east, data_address(2, tunnel_v4)), 0) << state_of(net.east);
  net.east.space().run(
      [&] { EXPECT_TRUE(net.east.plane().set_policy(policy_for(tunnel_v4, 1), ended()).has_value()); });
  EXPECT_NE(ping(net.east, data_address(2, tunnel_v4), "-c 1 -W 1"), 0);
  EXPECT_EQ(net.east.counters(1).outbound_packets, 0u) << "it is there still";
}

TEST_F(DataPlaneTest, AFilterTableThatSomebodyHasChangedIsReplacedAllTheSame) {
  TwoHosts net{tunnel_v4};
  install_both(net, tunnel_v4, 1);
  for (const char* change : {"nft delete table inet adit", "nft flush chain inet adit input",
                             "nft add chain inet adit mine && nft add rule inet adit mine accept",
                             "nft flush table inet adit && nft delete chain inet adit local_in"}) {
    SCOPED_TRACE(change);
    ASSERT_EQ(net.east.space().shell(change), 0);
    net.east.set_policy(policy_for(tunnel_v4, 1));
    EXPECT_EQ(ping(net.east, data_address(2, tunnel_v4)), 0) << state_of(net.east) << state_of(net.west);
    EXPECT_NE(ping(net.east, wire_address(2, IpFamily::v4), "-c 1 -W 1"), 0);
    EXPECT_NE(net.east.space().shell("nft list chain inet adit mine | grep accept"), 0);
  }
}

TEST_F(DataPlaneTest, AGatewayForwardsForTheNetBehindIt) {
  const Protection protection{.net_bits = 24};
  TwoHosts net{protection};
  install_both(net, protection, 1);
  BehindEast behind{net.east};
  EXPECT_EQ(behind.shell("ping -c 3 -i 0.05 -W 2 10.2.0.1"), 0) << state_of(net.east) << state_of(net.west);
  EXPECT_GE(net.east.counters(1).outbound_packets, 3u);
  // Large packets: the gateway tells the sender the tunnel's MTU, and the sender's kernel heeds it.
  EXPECT_EQ(behind.shell("ping -c 3 -i 0.05 -W 2 -s 3000 -M dont 10.2.0.1"), 0)
      << state_of(net.east) << state_of(net.west);
  EXPECT_NE(behind.shell("ping -c 1 -W 1 198.51.100.2"), 0) << "no rule lets it be forwarded";
  for (Host* host : {&net.east, &net.west}) host->remove(1);
  WireTap tap{net.west.space()};
  EXPECT_NE(behind.shell("ping -c 2 -i 0.05 -W 1 10.2.0.1"), 0);
  EXPECT_EQ(tap.in_clear(), 0u) << "forwarded in clear";
}

TEST_F(DataPlaneTest, EspAndAhOfAHostBehindAGatewayGoIntoTheTunnelToo) {
  const Protection protection{.net_bits = 24};
  TwoHosts net{protection};
  install_both(net, protection, 1);
  BehindEast behind{net.east};
  behind.run([] {
    for (const int protocol : {IPPROTO_ESP, IPPROTO_AH}) {
      const int from = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, protocol);
      sockaddr_storage name{};
      const socklen_t size = stack::user::write_name(name, *IpAddress::parse("10.2.0.1"), 0);
      const std::array<std::uint8_t, 40> octets{4, 4, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1};
      EXPECT_EQ(sendto(from, octets.data(), octets.size(), 0, reinterpret_cast<sockaddr*>(&name), size), 40);
      close(from);
    }
  });
  EXPECT_EQ(behind.shell("ping -c 1 -W 2 10.2.0.1"), 0) << state_of(net.east);  // has come behind them
  EXPECT_EQ(net.west.counters(1).inbound_packets, 3u) << state_of(net.east) << state_of(net.west);
}

/// East's policy has a tunnel for what it sends itself, and one for what it forwards, between the same nets.
std::shared_ptr<policy::PolicySnapshot> policy_by_way(const Protection& protection, unsigned host) {
  auto snapshot = std::make_shared<policy::PolicySnapshot>(*policy_for(protection, host));
  std::vector<policy::Filter> made;
  for (const bool is_forwarded : {false, true}) {
    for (policy::Filter filter : snapshot->filter.filters) {
      if (filter.rule != "nets") continue;
      filter.rule = is_forwarded ? "forwarded" : "here";
      filter.routing = is_forwarded ? policy::Routing::routed : policy::Routing::local;
      made.push_back(std::move(filter));
    }
  }
  std::erase_if(snapshot->filter.filters, [](const policy::Filter& filter) { return filter.rule == "nets"; });
  snapshot->filter.filters.insert(snapshot->filter.filters.end(), made.begin(), made.end());
  return snapshot;
}

TEST_F(DataPlaneTest, WhatIsForwardedAndWhatIsNotTakeTheTunnelsOfTheirOwnRules) {
  const Protection here{.rule = "here", .net_bits = 24}, forwarded{.rule = "forwarded", .net_bits = 24};
  TwoHosts net{here};
  net.east.set_policy(policy_by_way(here, 1));
  // To west all is its own; which of the two, the address of the other side says.
  auto at_west = policy_by_way(here, 2);
  const auto tell_apart = [&](const char* forwarded_address, const char* own_address) {
    auto changed = std::make_shared<policy::PolicySnapshot>(*at_west);
    for (policy::Filter& filter : changed->filter.filters) {
      if (filter.rule != "here" && filter.rule != "forwarded") continue;
      filter.routing = policy::Routing::local;
      IpRange& other = filter.direction == policy::Direction::outbound ? filter.destination : filter.source;
      other = IpRange::of(*IpAddress::parse(filter.rule == "here" ? own_address : forwarded_address));
    }
    net.west.set_policy(changed);
  };
  tell_apart("10.1.0.9", "10.1.0.1");
  BehindEast behind{net.east};
  install_both(net, here, 1);
  install_both(net, forwarded, 2);
  EXPECT_EQ(ping(net.east, data_address(2, here)), 0) << state_of(net.east) << state_of(net.west);
  EXPECT_EQ(net.east.counters(1).outbound_packets, 3u);
  EXPECT_EQ(net.east.counters(2).outbound_packets, 0u);
  EXPECT_EQ(behind.shell("ping -c 3 -i 0.05 -W 2 10.2.0.1"), 0) << state_of(net.east) << state_of(net.west);
  EXPECT_EQ(net.east.counters(1).outbound_packets, 3u) << "forwarded by the tunnel of the local rule";
  EXPECT_EQ(net.east.counters(2).outbound_packets, 3u);

  // West sends by the wrong one of the two, each way; east takes neither.
  tell_apart("10.1.0.1", "10.1.0.9");
  EXPECT_NE(ping(net.west, data_address(1, here), "-c 1 -W 1"), 0);
  EXPECT_NE(ping(net.west, *IpAddress::parse("10.1.0.9"), "-c 1 -W 1"), 0);
  EXPECT_EQ(net.east.counters(1).inbound_packets, 4u) << "not the test's: it did not come";
  EXPECT_EQ(net.east.counters(2).inbound_packets, 4u) << "not the test's: it did not come";
  EXPECT_EQ(net.east.plane_counters().drops[stack::Drop::selectors_violated], 2u) << state_of(net.east);
}

TEST_F(DataPlaneTest, RulesForFragmentsHoldWhereConnectionsAreTracked) {
  TwoHosts net{tunnel_v4};
  BehindEast behind{net.east};
  net.west.permit_everything();
  const auto policy_that_denies = [](bool fragments) {
    auto snapshot = std::make_shared<policy::PolicySnapshot>();
    policy::Filter filter;
    filter.rule = "fragments";
    filter.source = filter.destination = IpRange::all(IpFamily::v4);
    filter.routing = policy::Routing::either;
    filter.action = policy::FilterAction::deny;
    filter.fragments_only = true;
    if (fragments) snapshot->filter.filters.push_back(filter);
    filter.rule = "all";
    filter.action = policy::FilterAction::permit;
    filter.fragments_only = false;
    for (const auto direction : {policy::Direction::inbound, policy::Direction::outbound}) {
      filter.direction = direction;
      snapshot->filter.filters.push_back(filter);
    }
    return snapshot;
  };
  const auto passes = [&](const char* options) {
    return behind.shell(fmt::format("ping -c 1 -W 1 {} 198.51.100.2", options)) == 0;
  };
  for (const bool is_tracked : {false, true}) {
    SCOPED_TRACE(is_tracked);
    if (is_tracked) {
      ASSERT_EQ(net.east.space().shell(
                    "nft add table inet other; nft add chain inet other f { type filter hook forward priority 10\\; }; "
                    "nft add rule inet other f ct state established accept"),
                0);
    }
    net.east.set_policy(policy_that_denies(false));
    EXPECT_TRUE(passes("-s 3000")) << state_of(net.east);
    net.east.set_policy(policy_that_denies(true));
    EXPECT_TRUE(passes("-s 1000")) << state_of(net.east);
    EXPECT_FALSE(passes("-s 3000")) << state_of(net.east);
    EXPECT_NE(state_of(net.east).find("fragments.0 3"), std::string::npos) << state_of(net.east);
  }
}

TEST_F(DataPlaneTest, AClassOfInterfacesIsAskedForBesideATunnel) {
  constexpr std::uint8_t of_wire = 5;
  const Protection protection{.net_bits = 24};
  BehindEast behind;
  TwoHosts net{protection};
  behind.join(net.east);
  net.east.stop();
  net.east.security_classes = {{"wire", of_wire}};
  net.east.start();
  install_both(net, protection, 1);
  const auto policy_with = [&](policy::FilterAction action, policy::Direction direction, std::uint8_t security_class) {
    auto snapshot = std::make_shared<policy::PolicySnapshot>(*policy_for(protection, 1));
    auto& filters = snapshot->filter.filters;
    policy::Filter before = filters.back();  // of the nets, inbound
    if (direction == policy::Direction::outbound) std::swap(before.source, before.destination);
    before.rule = "before";
    before.direction = direction;
    before.action = action;
    before.vpn = nullptr;
    before.security_class = security_class;
    filters.insert(filters.begin(), before);
    return snapshot;
  };
  using policy::Direction;
  using policy::FilterAction;
  WireTap tap{net.west.space()};
  for (const std::uint8_t other : {of_wire, std::uint8_t{6}}) {
    SCOPED_TRACE(other);
    // What would leave by the wire leaves in clear: forwarded and its own.
    net.east.set_policy(policy_with(FilterAction::permit, Direction::outbound, other));
    const std::size_t before = tap.in_clear();
    EXPECT_EQ(behind.shell("ping -c 1 -W 1 10.2.0.1") == 0, other != of_wire) << state_of(net.east);
    EXPECT_EQ(ping(net.east, data_address(2, protection), "-c 1 -W 1") == 0, other != of_wire) << state_of(net.east);
    EXPECT_EQ(tap.in_clear() - before, other == of_wire ? 2u : 0u);
    // What came by the wire is refused, in a tunnel, too.
    net.east.set_policy(policy_with(FilterAction::deny, Direction::inbound, other));
    EXPECT_EQ(ping(net.west, data_address(1, protection), "-c 1 -W 1") == 0, other != of_wire) << state_of(net.east);
    EXPECT_EQ(ping(net.west, *IpAddress::parse("10.1.0.9"), "-c 1 -W 1") == 0, other != of_wire) << state_of(net.east);
  }
}

TEST_F(DataPlaneTest, TheKernelTakesEveryKindOfFilter) {
  TwoHosts net{tunnel_v4};
  auto snapshot = std::make_shared<policy::PolicySnapshot>(*policy_for(tunnel_v4, 1));
  snapshot->filter.implicit_discard = policy::DiscardAction::icmp;
  auto& filters = snapshot->filter.filters;
  const policy::ServiceSelector services[] = {
      {},
      {.opaque = true},
      {.protocol = IpProtocol::tcp, .source_ports = PortRange::all(), .destination_ports = {1, 1023}},
      {.protocol = IpProtocol::udp, .source_ports = PortRange::of(53), .destination_ports = PortRange::all()},
      {.protocol = IpProtocol::icmp, .source_ports = {0x0300, 0x03ff}, .destination_ports = {0x0300, 0x03ff}},
      {.protocol = IpProtocol::icmpv6,
       .source_ports = PortRange::of(0x8000),
       .destination_ports = PortRange::of(0x8000)},
      {.protocol = 89, .source_ports = {0x0100, 0x03ff}, .destination_ports = {0x0100, 0x03ff}},
      {.protocol = IpProtocol::mobility, .source_ports = {0x0500, 0x05ff}, .destination_ports = {0x0500, 0x05ff}},
      {.protocol = IpProtocol::esp},
  };
  const auto each = [](auto... values) { return std::vector{values...}; };
  for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
    const IpRange few = family == IpFamily::v4 ? IpRange{*IpAddress::parse("10.9.0.1"), *IpAddress::parse("10.9.0.6")}
                                               : IpRange{*IpAddress::parse("fd00::1"), *IpAddress::parse("fd00::6")};
    for (const auto& service : services) {
      for (const auto direction : each(policy::Direction::inbound, policy::Direction::outbound)) {
        for (const auto action :
             each(policy::FilterAction::permit, policy::FilterAction::deny, policy::FilterAction::ipsec)) {
          for (const auto routing : each(policy::Routing::local, policy::Routing::routed, policy::Routing::either)) {
            const bool is_routed = routing != policy::Routing::local && action != policy::FilterAction::ipsec;
            filters.push_back({.rule = "every kind",
                               .extension = static_cast<std::uint32_t>(filters.size()),
                               .direction = direction,
                               .source = few,
                               .destination = IpRange::all(family),
                               .service = service,
                               .connect = service.protocol == IpProtocol::tcp ? policy::ConnectQualifier::inbound
                                                                              : policy::ConnectQualifier::none,
                               .routing = routing,
                               .fragments_only = is_routed,
                               .action = action,
                               .logging = policy::FilterLogging::all,
                               .discard = policy::DiscardAction::icmp});
          }
        }
      }
    }
  }
  EXPECT_NO_THROW(net.east.set_policy(snapshot));
  install_both(net, tunnel_v4, 1);
  EXPECT_EQ(ping(net.east, data_address(2, tunnel_v4)), 0) << state_of(net.east) << state_of(net.west);
}

TEST_F(DataPlaneTest, APathNarrowerThanTheTunnelCarriesTcpAndItsSenderLearnsOfIt) {  // RFC 4301 §8.2
  const Protection kinds[] = {
      {.name = "ESP"},
      {.name = "UDP", .is_udp = true},
      {.name = "AH", .encryption = EncryptionId::none, .integrity = IntegrityId::hmac_sha2_512_256},
  };
  for (Protection protection : kinds) {
    for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
      SCOPED_TRACE(fmt::format("{} over {}", protection.name, family == IpFamily::v4 ? "IPv4" : "IPv6"));
      protection.inner = protection.outer = family;
      TwoHosts net{protection};
      install_both(net, protection, 1);
      // As if a router on the way had said so by ICMP: the device itself takes more.
      const std::string change = family == IpFamily::v4 ? "ip route replace 198.51.100.2/32 dev wire mtu 1400"
                                                        : "ip route replace 2001:db8:100::2/128 dev wire mtu 1400";
      ASSERT_EQ(net.east.space().shell(change), 0);
      const IpAddress east = data_address(1, protection), west = data_address(2, protection);
      constexpr std::size_t octets = 2'000'000;
      EXPECT_EQ(transfer(net.east, east, net.west, west, octets), octets) << state_of(net.east) << state_of(net.west);
      const auto trouble = net.east.events().wait_for<stack::user::Trouble>();
      ASSERT_NE(trouble, nullptr);
      EXPECT_TRUE(trouble->reason.starts_with("the path takes 1400 octets: adit0 takes 13")) << trouble->reason;
      EXPECT_NE(net.east.space().shell("ip link show adit0 | grep mtu.1390"), 0);
    }
  }
}

TEST_F(DataPlaneTest, ASecondOneInTheStackFailsAndHarmsNothing) {
  TwoHosts net{tunnel_v4};
  install_both(net, tunnel_v4, 1);
  net.east.space().run([] {
    stack::user::Options options;
    auto second = stack::user::DataPlane::start(options, nullptr);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error(), "make TUN device adit0: Device or resource busy");
    options.tun_name = "adit1";
    second = stack::user::DataPlane::start(options, nullptr);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error(), "bind UDP port 500, IPv4: Address already in use");
  });
  EXPECT_EQ(ping(net.east, data_address(2, tunnel_v4)), 0) << state_of(net.east) << state_of(net.west);
}

TEST_F(DataPlaneTest, APeerThatMovedIsReported) {
  const Protection protection{.is_udp = true};
  TwoHosts net{protection};
  install_both(net, protection, 1);
  // West hears from another port than the SA names: as behind a NAT that has started anew.
  ASSERT_EQ(
      net.west.space().shell("nft add table ip nat; nft add chain ip nat in { type filter hook prerouting priority "
                             "raw\\; }; nft add rule ip nat in udp dport 4500 udp sport set 4999 udp checksum set 0"),
      0);
  EXPECT_EQ(ping(net.east, data_address(2, protection), "-c 1 -W 1"), 0) << state_of(net.west);
  const auto moved = net.west.events().wait_for<contract::PeerMoved>();
  ASSERT_NE(moved, nullptr);
  EXPECT_EQ(moved->from.to_string(), "198.51.100.1[4999]");
  EXPECT_EQ(moved->name.tunnel.value(), 1u);
}

}  // namespace
}  // namespace adit::test
