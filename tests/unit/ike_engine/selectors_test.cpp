// Traffic selectors of Child SAs: several on a side, the packet's own first, narrowed by either end, kept over rekeys,
// and in transport mode through NATs (RFC 7296 §2.9, §2.23.1).

#include "hand_made_peer.h"
#include "ike/v2/nat_detection.h"

namespace adit::ike {
namespace {

using wire::ExchangeType;
using wire::NotifyType;
using wire::PayloadType;

constexpr std::uint8_t tcp = IpProtocol::tcp;

TrafficSelector part(const std::string& text, std::uint8_t prefix, std::uint8_t protocol = IpProtocol::any,
                     PortRange ports = PortRange::all()) {
  return {.protocol = protocol, .ports = ports, .addresses = IpRange::of_prefix(address(text), prefix)};
}

const TrafficSelector east_net = part("10.1.0.0", 24), west_net = part("10.2.0.0", 24);
const TrafficSelectors east_parts = {part("10.1.0.0", 26), part("10.1.0.128", 26)};
const TrafficSelectors west_parts = {part("10.2.0.0", 27), part("10.2.0.64", 27), part("10.2.0.128", 27)};

/// The payloads with other selectors.
wire::Payloads with_selectors(const wire::Payloads& payloads, const TrafficSelectors& initiator,
                              const TrafficSelectors& responder) {
  wire::Payloads changed;
  for (const wire::Payload& payload : payloads.items()) {
    const bool is_i = payload.type == PayloadType::traffic_selectors_initiator;
    const bool is_r = payload.type == PayloadType::traffic_selectors_responder;
    if (is_i || is_r) {
      changed.add(payload.type, wire::TrafficSelectorPayload{is_i ? initiator : responder});
    } else {
      changed.add(payload.type, payload.body);
    }
  }
  return changed;
}

std::string selectors_of(const wire::Payloads& payloads) {
  const auto* tsi = payloads.find<wire::TrafficSelectorPayload>(PayloadType::traffic_selectors_initiator);
  const auto* tsr = payloads.find<wire::TrafficSelectorPayload>(PayloadType::traffic_selectors_responder);
  if (tsi == nullptr || tsr == nullptr) return "none";
  return to_string(tsi->selectors) + " | " + to_string(tsr->selectors);
}

std::string selectors_of(const contract::InstallChildSa& pair) {
  return to_string(pair.local_ts) + " | " + to_string(pair.remote_ts);
}

PacketSelectors packet_to(const char* destination, std::uint16_t port = 80) {
  return {.source = address("10.1.0.5"),
          .destination = address(destination),
          .protocol = tcp,
          .source_port = 1024,
          .destination_port = port};
}

/// East, whose on-demand SAs take their addresses from the rule or from the packet.
policy::PolicyPointer east_policy(policy::Granularity addresses, const Side& side = east()) {
  policy::PolicySnapshot snapshot = *make_policy(side);
  for (policy::Filter& filter : snapshot.filter.filters) {
    policy::LocalStart start = *filter.local_start;
    start.local_address = start.remote_address = addresses;
    filter.local_start = std::make_shared<const policy::LocalStart>(start);
  }
  return std::make_shared<const policy::PolicySnapshot>(std::move(snapshot));
}

/// West, and a peer that asks it for Child SAs.
struct AskedByPeer {
  AskedByPeer() : host{west(), {}, 1}, peer{host, Role::initiator} {
    peer.begin(peer.init_payloads());
    first = peer.ask(ExchangeType::ike_auth, with_selectors(peer.auth_payloads(), east_parts, west_parts));
  }
  std::vector<Said> rekey(const TrafficSelectors& initiator, const TrafficSelectors& responder) {
    Writer spi;
    spi.u32(peer.child_spi.value());
    wire::Payloads payloads;
    payloads.add(wire::Notify{.protocol = std::to_underlying(wire::ProtocolId::esp),
                              .spi = std::move(spi).take(),
                              .type = NotifyType::rekey_sa});
    peer.child_spi = Spi{peer.child_spi.value() + 1};
    const wire::Payloads asked = with_selectors(peer.child_payloads(), initiator, responder);
    for (const wire::Payload& payload : asked.items()) payloads.add(payload.type, payload.body);
    payloads.add(wire::Nonce{ByteString(32, 7)});
    return peer.ask(ExchangeType::create_child_sa, payloads);
  }
  Host host;
  HandMadePeer peer;
  std::vector<Said> first;
};

const char* const all_parts = "10.1.0.0/26, 10.1.0.128/26 | 10.2.0.0/27, 10.2.0.64/27, 10.2.0.128/27";
const char* const all_parts_of_west = "10.2.0.0/27, 10.2.0.64/27, 10.2.0.128/27 | 10.1.0.0/26, 10.1.0.128/26";

TEST(ChildSa, HoldsAllOfTheSelectorsThatAPeerProposes) {  // RFC 7296 §2.9
  AskedByPeer net;
  ASSERT_EQ(net.first.size(), 1u) << net.host.told();
  EXPECT_EQ(selectors_of(net.first.front().payloads), all_parts);
  ASSERT_EQ(net.host.installed.size(), 1u);
  EXPECT_EQ(selectors_of(net.host.installed.begin()->second), all_parts_of_west);
  EXPECT_EQ(to_string(net.host.children().front().remote_ts), "10.1.0.0/26, 10.1.0.128/26");
}

// Shows RFC 7296 2.9.2-3.
TEST(ChildSa, KeepsItsSelectorsOverARekeyOfThePeers) {  // RFC 7296 §2.9.2
  AskedByPeer net;
  const std::vector<Said> narrower = net.rekey(east_parts, {west_parts[0], west_parts[1]});
  ASSERT_EQ(narrower.size(), 1u);
  EXPECT_TRUE(narrower.front().has(NotifyType::ts_unacceptable));
  net.peer.child_spi = Spi{net.peer.child_spi.value() - 1};
  const std::vector<Said> same = net.rekey({east_parts[1], east_parts[0]}, west_parts);
  ASSERT_EQ(same.size(), 1u);
  EXPECT_EQ(selectors_of(same.front().payloads), all_parts);
}

// Shows RFC 7296 2.9.2-1, 2.9.2-2.
TEST(ChildSa, AsksForAllOfItsSelectorsInARekey) {
  AskedByPeer net;
  net.host.feed(RefreshDynamicTunnel{net.host.stack(), std::nullopt});
  const Said request = net.peer.take_one();
  ASSERT_TRUE(request.has(NotifyType::rekey_sa));
  EXPECT_EQ(selectors_of(request.payloads), all_parts_of_west);
}

TEST(ChildSa, StaysUnderAPolicyThatCoversAllOfItsSelectors) {
  AskedByPeer net;
  net.host.feed(PolicyInstalled{make_policy(net.host.side)});
  EXPECT_EQ(net.host.children().front().state, ChildState::active);
  Side narrower = net.host.side;
  narrower.net = "10.3.0.0";
  net.host.feed(PolicyInstalled{make_policy(narrower)});
  EXPECT_TRUE(net.host.installed.empty() || net.host.children().front().state != ChildState::active);
}

/// East, which asks a peer.
struct Asking {
  explicit Asking(policy::PolicyPointer policy) : host{east(), {}, 1}, peer{host, Role::responder} {
    peer.establish_as_responder();
    host.feed(PolicyInstalled{std::move(policy)});
  }
  Said asked_for(const PacketSelectors& packet) {
    host.feed(contract::Acquire{host.stack(), "nets", packet});
    return peer.take_one();
  }
  void answer(const Said& request, const TrafficSelectors& initiator, const TrafficSelectors& responder) {
    peer.child_spi = Spi{peer.child_spi.value() + 1};
    wire::Payloads payloads = with_selectors(peer.child_payloads(), initiator, responder);
    payloads.add(wire::Nonce{ByteString(32, 4)});
    peer.answer(request, payloads);
  }
  Host host;
  HandMadePeer peer;
};

// Shows RFC 7296 2.9-1.
TEST(OnDemand, AsksForThePacketsOwnSelectorsFirst) {  // RFC 7296 §2.9
  const struct {
    policy::Granularity addresses;
    const char* want;
  } cases[] = {
      {policy::Granularity::packet, "10.1.0.5[tcp/1024], 10.1.0.5 | 10.2.0.9[tcp/80], 10.2.0.9"},
      {policy::Granularity::rule, "10.1.0.5[tcp/1024], 10.1.0.0/24 | 10.2.0.9[tcp/80], 10.2.0.0/24"},
  };
  for (const auto& [addresses, want] : cases) {
    Host host{east(), {}, 1};
    HandMadePeer peer{host, Role::responder};
    host.feed(PolicyInstalled{east_policy(addresses)});
    host.feed(contract::Acquire{host.stack(), "nets", packet_to("10.2.0.9")});
    peer.answer_init(peer.take_one());
    EXPECT_EQ(selectors_of(peer.take_one().payloads), want);
  }
}

TEST(Activation, AsksForTheRulesSelectorsAlone) {
  Host host{east(), {}, 1};
  HandMadePeer peer{host, Role::responder};
  host.feed(ActivateRule{host.stack(), "net-to-net"});
  peer.answer_init(peer.take_one());
  EXPECT_EQ(selectors_of(peer.take_one().payloads), "10.1.0.0/24 | 10.2.0.0/24");
}

TEST(OnDemand, TakesAnAnswerOfSeveralSelectorsWithinThoseAskedFor) {
  const auto policy = east_policy(policy::Granularity::packet);
  const struct {
    const char* name;
    TrafficSelectors own, peers;
    const char* want;  // or nullptr
  } cases[] = {
      {"as asked", {part("10.1.0.5", 32)}, {part("10.2.0.9", 32)}, "10.1.0.5 | 10.2.0.9"},
      {"with the packet's own",
       {part("10.1.0.5", 32, tcp, PortRange::of(1024)), part("10.1.0.5", 32)},
       {part("10.2.0.9", 32, tcp, PortRange::of(80)), part("10.2.0.9", 32)},
       "10.1.0.5 | 10.2.0.9"},
      {"the packet's own alone",
       {part("10.1.0.5", 32, tcp, PortRange::of(1024))},
       {part("10.2.0.9", 32, tcp, PortRange::of(80))},
       "10.1.0.5[tcp/1024] | 10.2.0.9[tcp/80]"},
      {"two ports",
       {part("10.1.0.5", 32, tcp)},
       {part("10.2.0.9", 32, tcp, PortRange::of(443)), part("10.2.0.9", 32, tcp, PortRange::of(80))},
       "10.1.0.5[tcp] | 10.2.0.9[tcp/80], 10.2.0.9[tcp/443]"},
      {"one of two not asked for", {part("10.1.0.5", 32)}, {part("10.2.0.9", 32), part("10.2.0.10", 32)}, nullptr},
      {"wider", {part("10.1.0.5", 32)}, {west_net}, nullptr},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Asking net{policy};
    const Said request = net.asked_for(packet_to("10.2.0.9"));
    net.answer(request, c.own, c.peers);
    ASSERT_EQ(net.host.installed.size(), c.want == nullptr ? 1u : 2u) << net.host.told();
    if (c.want != nullptr) {
      EXPECT_EQ(selectors_of(net.host.installed.rbegin()->second), c.want);
    } else {
      EXPECT_NE(net.peer.take_one().payloads.find<wire::Delete>(), nullptr) << "the peer has an SA that nobody uses";
    }
  }
}

TEST(OnDemand, TakesNoMoreSelectorsThanAPacketMayBeHeldAgainst) {
  Asking net{east_policy(policy::Granularity::packet)};
  const Said request = net.asked_for(packet_to("10.2.0.9"));
  TrafficSelectors many;
  for (std::uint16_t i = 0; i <= most_traffic_selectors; ++i) {
    many.push_back(part("10.2.0.9", 32, tcp, PortRange::of(static_cast<std::uint16_t>(80 + 2 * i))));
  }
  net.answer(request, {part("10.1.0.5", 32)}, many);
  EXPECT_EQ(net.host.installed.size(), 1u);
}

TEST(OnDemand, AsksAgainForAPacketThatTheNarrowedSaDoesNotCarry) {  // RFC 7296 §2.9
  Host host{east(), {}, 1};
  HandMadePeer peer{host, Role::responder};
  host.feed(PolicyInstalled{east_policy(policy::Granularity::rule)});
  host.feed(contract::Acquire{host.stack(), "nets", packet_to("10.2.0.9")});
  peer.answer_init(peer.take_one());
  peer.answer(peer.take_one(), with_selectors(peer.auth_payloads(), {east_net}, {part("10.2.0.9", 32)}));
  ASSERT_EQ(host.installed.size(), 1u) << host.told();

  host.feed(contract::Acquire{host.stack(), "nets", packet_to("10.2.0.9", 443)});
  EXPECT_TRUE(host.out.empty()) << "that one is carried";
  host.feed(contract::Acquire{host.stack(), "nets", packet_to("10.2.0.10")});
  host.feed(contract::Acquire{host.stack(), "nets", packet_to("10.2.0.10", 443)});
  EXPECT_EQ(selectors_of(peer.take_one().payloads), "10.1.0.5[tcp/1024], 10.1.0.0/24 | 10.2.0.10[tcp/80], 10.2.0.0/24");
}

TEST(TwoEnds, AgreeOnAllThatBothCoverWhereAPacketAsks) {
  TwoEngines net;
  net.east_host.feed(PolicyInstalled{east_policy(policy::Granularity::rule)});
  Side narrower = west();
  narrower.net = "10.2.0.0";
  net.west_host.feed(PolicyInstalled{make_policy(narrower)});
  net.east_host.feed(contract::Acquire{net.east_host.stack(), "nets", packet_to("10.2.0.9")});
  net.settle();
  ASSERT_EQ(net.east_host.installed.size(), 1u) << net.east_host.told() << net.west_host.told();
  EXPECT_EQ(selectors_of(net.east_host.installed.begin()->second), "10.1.0.0/24 | 10.2.0.0/24");
  EXPECT_EQ(selectors_of(net.west_host.installed.begin()->second), "10.2.0.0/24 | 10.1.0.0/24");
}

// Shows RFC 7296 2.23.1-2, 2.23.1-5.
TEST(TransportMode, AsksForThePacketsProtocolAndPortsFirst) {  // RFC 7296 §2.23.1
  Side side = east();
  side.encap = policy::EncapsulationChoice::transport;
  Host host{side, {}, 1};
  HandMadePeer peer{host, Role::responder};
  host.feed(contract::Acquire{host.stack(),
                              "nets",
                              {.source = address(side.address),
                               .destination = address(side.peer_address),
                               .protocol = IpProtocol::udp,
                               .source_port = 1024,
                               .destination_port = 53}});
  peer.answer_init(peer.take_one());
  const Said request = peer.take_one();
  EXPECT_TRUE(request.has(NotifyType::use_transport_mode));
  EXPECT_EQ(selectors_of(request.payloads),
            "198.51.100.1[udp/1024], 198.51.100.1 | 198.51.100.2[udp/53], 198.51.100.2");
}

/// West, which a NAT may hide or hide a peer from, asked for a Child SA in transport mode.
struct TransportThroughNat {
  TransportThroughNat(const Side& side, bool host_is_behind, bool peer_is_behind)
      : host{side, {}, 2}, peer{host, Role::initiator} {
    peer.announce = [this, host_is_behind, peer_is_behind](wire::Payloads& payloads) {
      const auto hash = [&](bool is_right, const Endpoint& endpoint) {
        return is_right ? v2::nat_detection_hash(peer.spi_i, IkeSpi{}, endpoint) : ByteString(20, 1);
      };
      payloads.add(wire::Notify{.type = NotifyType::nat_detection_source_ip, .data = hash(!peer_is_behind, peer.here)});
      payloads.add(
          wire::Notify{.type = NotifyType::nat_detection_destination_ip, .data = hash(!host_is_behind, peer.there)});
    };
    peer.begin(peer.init_payloads());
    peer.here.port = peer.there.port = 4500;
  }
  std::vector<Said> ask(const TrafficSelectors& own, const TrafficSelectors& hosts) {
    wire::Payloads payloads = with_selectors(peer.auth_payloads(), own, hosts);
    payloads.add(wire::Notify{.type = NotifyType::use_transport_mode});
    return peer.ask(ExchangeType::ike_auth, payloads);
  }
  Host host;
  HandMadePeer peer;
};

Side west_in(policy::EncapsulationChoice encap) {
  Side side = west();
  side.encap = encap;
  side.allow_nat = true;
  return side;
}

TEST(TransportMode, SubstitutesAllAddressesOfASideWithANatInFrontOfIt) {  // RFC 7296 §2.23.1
  const TrafficSelectors inside = {part("192.168.0.7", 32, tcp, PortRange::of(1024)),
                                   part("192.168.0.7", 32, IpProtocol::udp)};
  const TrafficSelectors honest = {part(west().address, 32, tcp, PortRange::of(80)),
                                   part(west().address, 32, IpProtocol::udp, PortRange::of(53))};
  const TrafficSelectors outside = {part("203.0.113.8", 32, tcp, PortRange::of(80)),
                                    part("203.0.113.8", 32, IpProtocol::udp, PortRange::of(53))};
  const char* const want = "198.51.100.2[tcp/80], 198.51.100.2[udp/53] | 198.51.100.1[tcp/1024], 198.51.100.1[udp]";
  for (const bool host_is_behind : {false, true}) {
    SCOPED_TRACE(host_is_behind);
    TransportThroughNat net{west_in(policy::EncapsulationChoice::transport), host_is_behind, true};
    const auto said = net.ask(inside, host_is_behind ? outside : honest);
    ASSERT_EQ(net.host.installed.size(), 1u) << net.host.told();
    const contract::InstallChildSa& pair = net.host.installed.begin()->second;
    EXPECT_EQ(pair.mode, contract::EncapsulationMode::transport);
    EXPECT_EQ(selectors_of(pair), want);
    EXPECT_TRUE(said.front().has(NotifyType::use_transport_mode));
    EXPECT_EQ(selectors_of(said.front().payloads),
              "198.51.100.1[tcp/1024], 198.51.100.1[udp] | 198.51.100.2[tcp/80], 198.51.100.2[udp/53]");
  }
}

TEST(TransportMode, DoesNotTakeAnotherHostsAddressForOursWithoutANatInFrontOfUs) {  // RFC 7296 §2.23.1
  TransportThroughNat net{west_in(policy::EncapsulationChoice::transport), false, true};
  const auto said = net.ask({part("192.168.0.7", 32)}, {part("10.2.0.9", 32)});
  ASSERT_EQ(said.size(), 1u);
  EXPECT_TRUE(said.front().has(NotifyType::ts_unacceptable));
  EXPECT_TRUE(net.host.installed.empty());
}

TEST(TransportMode, GivesWayToTunnelModeByTheAddressesSentWhereTheRuleWantsThat) {  // RFC 7296 §2.23.1
  TransportThroughNat net{west_in(policy::EncapsulationChoice::tunnel), false, true};
  const auto said = net.ask({part("10.1.0.7", 32)}, {part("10.2.0.9", 32)});
  ASSERT_EQ(net.host.installed.size(), 1u) << net.host.told();
  EXPECT_FALSE(said.front().has(NotifyType::use_transport_mode));
  EXPECT_EQ(net.host.installed.begin()->second.mode, contract::EncapsulationMode::tunnel);
  EXPECT_EQ(selectors_of(net.host.installed.begin()->second), "10.2.0.9 | 10.1.0.7");
}

}  // namespace
}  // namespace adit::ike
