// Which rule a packet, a negotiation or a peer falls under.

#include "policy/match.h"

#include <fmt/format.h>

#include "base/distinguished_name.h"
#include "sources.h"

namespace adit::policy {
namespace {

IpAddress address(const char* text) { return *IpAddress::parse(text); }
IpRange range(const char* first, const char* last) { return {address(first), address(last)}; }

constexpr PacketPath out_local{.direction = Direction::outbound};
constexpr PacketPath in_local{.direction = Direction::inbound};
constexpr PacketPath out_routed{.direction = Direction::outbound, .routed = true};

PacketSelectors tcp(const char* from, std::uint16_t from_port, const char* to, std::uint16_t to_port) {
  return {.source = address(from),
          .destination = address(to),
          .protocol = IpProtocol::tcp,
          .source_port = from_port,
          .destination_port = to_port};
}

Filter plain(Direction direction, FilterAction action = FilterAction::permit) {
  Filter filter;
  filter.rule = "rule";
  filter.direction = direction;
  filter.source = range("10.1.0.0", "10.1.255.255");
  filter.destination = range("10.2.0.0", "10.2.255.255");
  filter.action = action;
  if (action == FilterAction::ipsec) {
    filter.vpn = std::make_shared<const DynVpnAction>();
    filter.local_start = std::make_shared<const LocalStart>();
  }
  return filter;
}

TEST(Matches, LooksAtDirectionAddressesAndRouting) {
  Filter filter = plain(Direction::outbound);
  const PacketSelectors packet = tcp("10.1.0.1", 1024, "10.2.0.1", 80);
  EXPECT_TRUE(matches(filter, packet, out_local));
  EXPECT_FALSE(matches(filter, packet, in_local));
  EXPECT_FALSE(matches(filter, packet, out_routed));
  EXPECT_FALSE(matches(filter, tcp("10.3.0.1", 1024, "10.2.0.1", 80), out_local));
  EXPECT_FALSE(matches(filter, tcp("10.1.0.1", 1024, "10.1.0.1", 80), out_local));
  EXPECT_FALSE(matches(filter, tcp("2001:db8::1", 1024, "2001:db8::2", 80), out_local));
  filter.routing = Routing::either;
  EXPECT_TRUE(matches(filter, packet, out_routed));
  filter.routing = Routing::routed;
  EXPECT_FALSE(matches(filter, packet, out_local));
}

TEST(Matches, LooksAtTheSecurityClassOnlyWhenThereIsOne) {
  Filter filter = plain(Direction::outbound);
  const PacketSelectors packet = tcp("10.1.0.1", 1024, "10.2.0.1", 80);
  filter.security_class = 7;
  EXPECT_FALSE(matches(filter, packet, out_local));
  EXPECT_TRUE(matches(filter, packet, {.direction = Direction::outbound, .security_class = 7}));
}

TEST(Matches, ServicesByProtocolPortsAndFragments) {
  const ServiceSelector all{};
  const ServiceSelector any_tcp{.protocol = IpProtocol::tcp};
  const ServiceSelector web{.protocol = IpProtocol::tcp, .destination_ports = PortRange::of(80)};
  const ServiceSelector udp{.protocol = IpProtocol::udp};
  const ServiceSelector opaque{.opaque = true};
  const PacketSelectors whole = tcp("10.1.0.1", 1024, "10.2.0.1", 80);
  PacketSelectors first = whole;
  first.is_fragment = true;
  PacketSelectors later = first;
  later.ports_hidden = true;
  later.source_port = later.destination_port = 0;
  const struct {
    const char* name;
    const ServiceSelector& service;
    bool fragments_only, matches_whole, matches_first, matches_later;
  } cases[] = {
      {"all protocols", all, false, true, true, true},
      {"one protocol, no ports", any_tcp, false, true, true, true},
      {"ports: not a later fragment", web, false, true, true, false},
      {"another protocol", udp, false, false, false, false},
      {"opaque: only what hides its ports", opaque, false, false, false, true},
      {"fragments only", all, true, false, true, true},
      {"fragments only, with ports", web, true, false, true, false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Filter filter = plain(Direction::outbound);
    filter.service = c.service;
    filter.fragments_only = c.fragments_only;
    EXPECT_EQ(matches(filter, whole, out_local), c.matches_whole);
    EXPECT_EQ(matches(filter, first, out_local), c.matches_first);
    EXPECT_EQ(matches(filter, later, out_local), c.matches_later);
  }
}

TEST(Matches, TypeAndCodeOfIcmp) {
  Filter filter = plain(Direction::outbound);
  filter.service = {.protocol = IpProtocol::icmp,
                    .source_ports = {3 << 8, 3 << 8 | 255},
                    .destination_ports = {3 << 8, 3 << 8 | 255}};
  PacketSelectors packet = tcp("10.1.0.1", 3 << 8 | 4, "10.2.0.1", 3 << 8 | 4);
  packet.protocol = IpProtocol::icmp;
  EXPECT_TRUE(matches(filter, packet, out_local));
  packet.source_port = packet.destination_port = 8 << 8;
  EXPECT_FALSE(matches(filter, packet, out_local));
}

TEST(Matches, WhoMayOpenAConnection) {
  PacketSelectors syn = tcp("10.1.0.1", 1024, "10.2.0.1", 80);
  syn.opens_connection = true;
  PacketSelectors back = tcp("10.2.0.1", 80, "10.1.0.1", 1024);
  const struct {
    ConnectQualifier connect;
    bool opens_outbound, opens_inbound;
  } cases[] = {{ConnectQualifier::none, true, true},
               {ConnectQualifier::inbound, false, true},
               {ConnectQualifier::outbound, true, false}};
  for (const auto& c : cases) {
    Filter outbound = plain(Direction::outbound);
    outbound.connect = c.connect;
    Filter inbound = outbound;
    inbound.direction = Direction::inbound;
    std::swap(inbound.source, inbound.destination);
    PacketSelectors from_outside = back;
    from_outside.opens_connection = true;
    EXPECT_EQ(matches(outbound, syn, out_local), c.opens_outbound);
    EXPECT_EQ(matches(inbound, from_outside, in_local), c.opens_inbound);
    EXPECT_TRUE(matches(inbound, back, in_local));  // of a connection that stands
  }
}

TEST(FirstMatch, IsTheFirstInOrderAndNothingWhenNoneMatches) {
  FilterPolicy policy;
  policy.filters = {plain(Direction::inbound), plain(Direction::outbound, FilterAction::deny),
                    plain(Direction::outbound)};
  const PacketSelectors packet = tcp("10.1.0.1", 1024, "10.2.0.1", 80);
  EXPECT_EQ(first_match(policy, packet, out_local), &policy.filters[1]);
  EXPECT_EQ(first_match(policy, tcp("10.9.0.1", 1, "10.2.0.1", 2), out_local), nullptr);
}

TEST(Filters, TellLocalFromRemoteInBothDirections) {
  Filter filter = plain(Direction::outbound);
  filter.service = {.protocol = IpProtocol::tcp, .source_ports = PortRange::of(22)};
  EXPECT_EQ(filter.local_selector().to_string(), "10.1.0.0/16[tcp/22]");
  EXPECT_EQ(filter.remote_selector().to_string(), "10.2.0.0/16[tcp]");
  filter.direction = Direction::inbound;
  EXPECT_EQ(filter.local_selector().to_string(), "10.2.0.0/16[tcp]");
  filter.service = {.opaque = true};
  EXPECT_TRUE(filter.local_selector().ports.is_opaque());
}

TrafficSelector selector(const char* first, const char* last, std::uint8_t protocol = IpProtocol::any,
                         PortRange ports = PortRange::all()) {
  return {.protocol = protocol, .ports = ports, .addresses = range(first, last)};
}

// Shows RFC 7296 2.9-2, 2.9-3.
TEST(Narrow, GivesTheIntersectionWithTheFirstDynamicFilter) {
  FilterPolicy policy;
  policy.filters = {plain(Direction::outbound, FilterAction::ipsec)};
  const TrafficSelector wide = selector("0.0.0.0", "255.255.255.255");
  const TrafficSelector packet_local = selector("10.1.0.5", "10.1.0.5", IpProtocol::tcp, PortRange::of(80));
  const TrafficSelector packet_remote = selector("10.2.0.6", "10.2.0.6", IpProtocol::tcp, PortRange::of(1024));
  const struct {
    const char* name;
    TrafficSelectors local, remote;
    const char *want_local, *want_remote;
  } cases[] = {
      {"all of both", {wide}, {wide}, "10.1.0.0/16", "10.2.0.0/16"},
      {"a part", {selector("10.1.2.0", "10.1.2.255")}, {wide}, "10.1.2.0/24", "10.2.0.0/16"},
      {"one protocol",
       {selector("10.1.0.0", "10.1.0.0", IpProtocol::tcp)},
       {wide},
       "10.1.0.0[tcp]",
       "10.2.0.0/16[tcp]"},
      {"the packet's selectors, then wider ones",
       {packet_local, wide},
       {packet_remote, wide},
       "10.1.0.0/16",
       "10.2.0.0/16"},
      {"the packet's alone", {packet_local}, {packet_remote}, "10.1.0.5[tcp/80]", "10.2.0.6[tcp/1024]"},
      {"the second fits",
       {selector("10.9.0.0", "10.9.0.0"), selector("10.1.0.9", "10.1.0.9")},
       {wide},
       "10.1.0.9",
       "10.2.0.0/16"},
      {"none fits", {selector("10.9.0.0", "10.9.0.0")}, {wide}, nullptr, nullptr},
      {"two protocols",
       {selector("10.1.0.1", "10.1.0.1", IpProtocol::tcp)},
       {selector("10.2.0.1", "10.2.0.1", IpProtocol::udp)},
       nullptr,
       nullptr},
      {"nothing proposed", {}, {}, nullptr, nullptr},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto narrowed = narrow(policy, c.local, c.remote, std::nullopt);
    ASSERT_EQ(narrowed.has_value(), c.want_local != nullptr);
    if (!narrowed) continue;
    EXPECT_EQ(narrowed->filter, &policy.filters[0]);
    EXPECT_EQ(to_string(narrowed->traffic.local), c.want_local);
    EXPECT_EQ(to_string(narrowed->traffic.remote), c.want_remote);
  }
}

/// One rule for the services and remote nets given, as the resolver splits it.
FilterPolicy rule_of(const std::vector<IpRange>& remotes, const std::vector<ServiceSelector>& services) {
  FilterPolicy policy;
  for (const IpRange& remote : remotes) {
    for (const ServiceSelector& service : services) {
      policy.filters.push_back(plain(Direction::outbound, FilterAction::ipsec));
      policy.filters.back().destination = remote;
      policy.filters.back().service = service;
    }
  }
  return policy;
}

struct Proposed {
  TrafficSelectors local, remote;
};
std::string narrowed_to(const FilterPolicy& policy, const Proposed& proposed) {
  const auto narrowed = narrow(policy, proposed.local, proposed.remote, std::nullopt);
  return narrowed ? narrowed->traffic.to_string() : "nothing";
}

// Shows RFC 7296 2.9-2, 2.9-3.
TEST(Narrow, KeepsAllOfTheSelectorsThatTheRuleCovers) {  // RFC 7296 §2.9
  const IpRange net_2 = range("10.2.0.0", "10.2.255.255"), net_3 = range("10.3.0.0", "10.3.255.255");
  const ServiceSelector all{}, web{.protocol = IpProtocol::tcp, .destination_ports = PortRange::of(80)},
      names{.protocol = IpProtocol::udp, .destination_ports = PortRange::of(53)};
  const TrafficSelector wide = selector("0.0.0.0", "255.255.255.255");
  const TrafficSelector part_2 = selector("10.2.1.0", "10.2.1.255"), part_2b = selector("10.2.3.0", "10.2.3.255"),
                        part_3 = selector("10.3.1.0", "10.3.1.255"), part_4 = selector("10.4.1.0", "10.4.1.255");
  const struct {
    const char* name;
    FilterPolicy policy;
    Proposed proposed;
    const char* want;
  } cases[] = {
      {"two parts of one net",
       rule_of({net_2}, {all}),
       {{wide}, {part_2, part_2b}},
       "10.1.0.0/16 here, 10.2.1.0/24, 10.2.3.0/24 there"},
      {"parts of two nets of a rule",
       rule_of({net_2, net_3}, {all}),
       {{wide}, {part_2, part_3}},
       "10.1.0.0/16 here, 10.2.1.0/24, 10.3.1.0/24 there"},
      {"one that no net covers",
       rule_of({net_2, net_3}, {all}),
       {{wide}, {part_4, part_3, part_2}},
       "10.1.0.0/16 here, 10.2.1.0/24, 10.3.1.0/24 there"},
      {"all, which is all nets of the rule",
       rule_of({net_2, net_3}, {all}),
       {{wide}, {wide}},
       "10.1.0.0/16 here, 10.2.0.0/16, 10.3.0.0/16 there"},
      {"both services",
       rule_of({net_2}, {web, names}),
       {{wide}, {wide}},
       "10.1.0.0/16[tcp], 10.1.0.0/16[udp] here, 10.2.0.0/16[tcp/80], 10.2.0.0/16[udp/53] there"},
      {"two ports, of which the rule has one",
       rule_of({net_2}, {web}),
       {{wide},
        {selector("10.2.0.1", "10.2.0.1", IpProtocol::tcp, PortRange::of(443)),
         selector("10.2.0.1", "10.2.0.1", IpProtocol::tcp, PortRange::of(80))}},
       "10.1.0.0/16[tcp] here, 10.2.0.1[tcp/80] there"},
      {"one within the other",
       rule_of({net_2}, {all}),
       {{wide}, {selector("10.2.1.7", "10.2.1.7"), part_2}},
       "10.1.0.0/16 here, 10.2.1.0/24 there"},
      {"two parts of each side",
       rule_of({net_2}, {all}),
       {{selector("10.1.1.0", "10.1.1.255"), selector("10.1.3.0", "10.1.3.255")}, {part_2, part_2b}},
       "10.1.1.0/24, 10.1.3.0/24 here, 10.2.1.0/24, 10.2.3.0/24 there"},
  };
  for (const auto& c : cases) EXPECT_EQ(narrowed_to(c.policy, c.proposed), c.want) << c.name;
}

TEST(Narrow, LeavesOutWhatAnotherRuleDecidesAbout) {  // RFC 7296 §2.9.1
  const TrafficSelector wide = selector("0.0.0.0", "255.255.255.255");
  const TrafficSelector first = selector("10.2.1.0", "10.2.1.255"), second = selector("10.2.3.0", "10.2.3.255");
  FilterPolicy policy = rule_of({range("10.2.3.0", "10.2.3.127"), range("10.2.0.0", "10.2.255.255")}, {{}});
  policy.filters[0].rule = "before";
  EXPECT_EQ(narrowed_to(policy, {{wide}, {first, second}}), "10.1.0.0/16 here, 10.2.1.0/24 there");
  EXPECT_EQ(narrowed_to(policy, {{wide}, {second, first}}), "10.1.0.0/16 here, 10.2.3.0/25 there");
  policy.filters[0].action = FilterAction::deny;
  policy.filters[0].vpn = nullptr;
  EXPECT_EQ(narrowed_to(policy, {{wide}, {first, second}}), "10.1.0.0/16 here, 10.2.1.0/24, 10.2.3.0/24 there")
      << "of a part, packets decide";
  policy.filters[0].destination = range("10.2.3.0", "10.2.3.255");
  EXPECT_EQ(narrowed_to(policy, {{wide}, {first, second}}), "10.1.0.0/16 here, 10.2.1.0/24 there");
}

TEST(Narrow, DoesNotPairWhatTheRuleDoesNot) {  // RFC 7296 §2.9.1
  FilterPolicy policy = rule_of({range("10.2.0.0", "10.2.255.255"), range("10.3.0.0", "10.3.255.255")}, {{}});
  policy.filters[1].source = range("10.9.0.0", "10.9.255.255");
  const TrafficSelectors here = {selector("10.1.0.0", "10.1.255.255"), selector("10.9.0.0", "10.9.255.255")};
  const TrafficSelectors there = {selector("10.2.0.0", "10.2.255.255"), selector("10.3.0.0", "10.3.255.255")};
  EXPECT_EQ(narrowed_to(policy, {here, there}), "10.1.0.0/16 here, 10.2.0.0/16 there");
}

TEST(Narrow, IsBoundedWhateverIsProposed) {
  TrafficSelectors many;
  for (unsigned i = 0; i < 255; ++i) {
    const IpAddress one = IpAddress::v4(0x0a020000 + 2 * i);
    many.push_back({.protocol = IpProtocol::any, .ports = PortRange::all(), .addresses = IpRange::of(one)});
  }
  const auto narrowed = narrow(rule_of({range("10.2.0.0", "10.2.255.255")}, {{}}),
                               {selector("10.1.0.0", "10.1.255.255")}, many, std::nullopt);
  ASSERT_TRUE(narrowed);
  EXPECT_EQ(narrowed->traffic.remote.size(), most_traffic_selectors);
}

TEST(Traffic, ContainsWhatItsSelectorsHoldTogether) {
  const auto range = [](const char* first, const char* last, std::uint8_t protocol = 0) {
    return selector(first, last, protocol);
  };
  const TrafficSelector there = range("10.9.0.0", "10.9.255.255");
  const Traffic asked = Traffic::of({range("10.0.0.0", "10.0.0.9"), range("10.0.0.10", "10.0.0.20"),
                                     range("10.0.0.22", "10.0.0.30"), range("10.0.0.31", "10.0.0.40", 6)},
                                    {there});
  EXPECT_TRUE(asked.contains(Traffic::of({range("10.0.0.0", "10.0.0.20")}, {there})));
  EXPECT_TRUE(asked.contains(Traffic::of({range("10.0.0.5", "10.0.0.11")}, {there})));
  EXPECT_TRUE(asked.contains(Traffic::of({range("10.0.0.25", "10.0.0.35", 6)}, {there})));
  EXPECT_FALSE(asked.contains(Traffic::of({range("10.0.0.15", "10.0.0.25")}, {there}))) << "a gap";
  EXPECT_FALSE(asked.contains(Traffic::of({range("10.0.0.25", "10.0.0.35")}, {there}))) << "of one protocol alone";
  EXPECT_FALSE(asked.contains(Traffic::of({range("10.0.0.31", "10.0.0.41", 6)}, {there}))) << "beyond the end";
}

TEST(Traffic, IsTheSameInWhateverOrderItsSelectorsCame) {
  const TrafficSelector a = selector("10.2.1.0", "10.2.1.255"), b = selector("10.3.1.0", "10.3.1.255"),
                        in_a = selector("10.2.1.7", "10.2.1.7", IpProtocol::tcp, PortRange::of(80));
  const TrafficSelectors here = {selector("10.1.0.0", "10.1.255.255")};
  EXPECT_EQ(Traffic::of(here, {in_a, a, b}), Traffic::of(here, {b, a}));
  EXPECT_EQ(Traffic::of(here, {a, a}).remote, TrafficSelectors{a});
  EXPECT_TRUE(Traffic::of(here, {a, b}).contains(Traffic::of(here, {in_a})));
  EXPECT_FALSE(Traffic::of(here, {a}).contains(Traffic::of(here, {a, b})));
}

TEST(AnchorFor, IsThereWhileTheRuleCoversAllThatAnSaCarries) {
  const Traffic traffic{{selector("10.1.0.0", "10.1.255.255")},
                        {selector("10.2.1.0", "10.2.1.255"), selector("10.3.1.0", "10.3.1.255")}};
  const IpRange net_2 = range("10.2.0.0", "10.2.255.255"), net_3 = range("10.3.0.0", "10.3.255.255");
  const FilterPolicy both = rule_of({net_2, net_3}, {{}});
  EXPECT_EQ(anchor_for(both, "rule", traffic), &both.filters[0]);
  EXPECT_EQ(anchor_for(both, "another", traffic), nullptr);
  const FilterPolicy one = rule_of({net_2}, {{}});
  EXPECT_EQ(anchor_for(one, "rule", traffic), nullptr);
}

TEST(OnDemand, PutsThePacketsOwnSelectorsFirst) {  // RFC 7296 §2.9
  const SelectorPair nets{selector("10.1.0.0", "10.1.255.255"), selector("10.2.0.0", "10.2.255.255")};
  const SelectorPair opaque{selector("10.1.0.0", "10.1.255.255", IpProtocol::any, PortRange::opaque()),
                            selector("10.2.0.0", "10.2.255.255", IpProtocol::any, PortRange::opaque())};
  const auto shown = [](const PacketSelectors& packet, const SelectorPair& asked) {
    const auto own = selectors_of(packet, asked);
    return own ? own->local.to_string() + " " + own->remote.to_string() : "none";
  };
  PacketSelectors packet = tcp("10.1.0.1", 1024, "10.2.0.1", 80);
  EXPECT_EQ(shown(packet, nets), "10.1.0.1[tcp/1024] 10.2.0.1[tcp/80]");
  packet.ports_hidden = true;
  EXPECT_EQ(shown(packet, nets), "10.1.0.1[tcp] 10.2.0.1[tcp]");
  EXPECT_EQ(shown(packet, opaque), "10.1.0.1[tcp/opaque] 10.2.0.1[tcp/opaque]");
  PacketSelectors echo = tcp("10.1.0.1", 8 << 8, "10.2.0.1", 8 << 8);
  echo.protocol = IpProtocol::icmp;
  EXPECT_EQ(shown(echo, nets), "10.1.0.1[icmp/8:0] 10.2.0.1[icmp/8:0]");
  echo.protocol = IpProtocol::ah;
  EXPECT_EQ(shown(echo, nets), "10.1.0.1[ah] 10.2.0.1[ah]");
  EXPECT_EQ(shown(tcp("10.9.0.1", 1024, "10.2.0.1", 80), nets), "none");
}

TEST(Narrow, PassesOverAPermitOfAPartAndStopsAtOneOfAll) {
  Filter ike = plain(Direction::outbound);
  ike.service = {
      .protocol = IpProtocol::udp, .source_ports = PortRange::of(500), .destination_ports = PortRange::of(500)};
  Filter protect = plain(Direction::outbound, FilterAction::ipsec);
  FilterPolicy policy;
  policy.filters = {ike, protect};
  const TrafficSelectors local = {selector("10.1.0.1", "10.1.0.1")};
  const TrafficSelectors remote = {selector("10.2.0.1", "10.2.0.1")};
  const auto narrowed = narrow(policy, local, remote, std::nullopt);
  ASSERT_TRUE(narrowed);
  EXPECT_EQ(narrowed->filter, &policy.filters[1]);
  policy.filters[0].service = {};
  EXPECT_FALSE(narrow(policy, local, remote, std::nullopt));
  policy.filters[0].action = FilterAction::deny;
  EXPECT_FALSE(narrow(policy, local, remote, std::nullopt));
}

TEST(Narrow, SkipsRulesOfOtherPeersOnlyWhenIdentitiesCount) {
  const Identity a{IdentityType::fqdn, {'a'}};
  const Identity b{IdentityType::fqdn, {'b'}};
  FilterPolicy policy;
  policy.filters = {plain(Direction::outbound, FilterAction::ipsec), plain(Direction::outbound, FilterAction::ipsec)};
  policy.filters[0].remote_identity = IdentityPattern{.type = a.type, .text = "a", .exact = a, .addresses = {}};
  const TrafficSelectors all = {selector("0.0.0.0", "255.255.255.255")};
  EXPECT_EQ(narrow(policy, all, all, std::nullopt)->filter, &policy.filters[0]);
  EXPECT_EQ(narrow(policy, all, all, a)->filter, &policy.filters[0]);
  EXPECT_EQ(narrow(policy, all, all, b)->filter, &policy.filters[1]);

  // A rule for roaming peers: whoever of a domain.
  policy.filters[0].remote_identity =
      IdentityPattern{.type = a.type, .text = "*.example.com", .exact = {}, .addresses = {}};
  const auto host = [](std::string_view name) { return Identity{IdentityType::fqdn, {name.begin(), name.end()}}; };
  EXPECT_EQ(narrow(policy, all, all, host("x.Example.com"))->filter, &policy.filters[0]);
  EXPECT_EQ(narrow(policy, all, all, host("example.net"))->filter, &policy.filters[1]);
  EXPECT_EQ(narrow(policy, all, all, std::nullopt)->filter, &policy.filters[0]);
}

TEST(OnDemand, TakesEachSelectorOfThePacketOrTheRule) {
  Filter filter = plain(Direction::outbound, FilterAction::ipsec);
  const PacketSelectors packet = tcp("10.1.0.1", 1024, "10.2.0.1", 80);
  const auto shown = [&](const LocalStart& start) {
    filter.local_start = std::make_shared<const LocalStart>(start);
    const SelectorPair pair = selectors_for(filter, packet);
    return pair.local.to_string() + " " + pair.remote.to_string();
  };
  using Granularity::rule;
  EXPECT_EQ(shown({}), "10.1.0.1 10.2.0.1");
  EXPECT_EQ(shown({.local_address = rule, .remote_address = rule}), "10.1.0.0/16 10.2.0.0/16");
  EXPECT_EQ(shown({.local_address = rule, .protocol = Granularity::packet}), "10.1.0.0/16[tcp] 10.2.0.1[tcp]");
  EXPECT_EQ(shown({.protocol = Granularity::packet, .remote_port = Granularity::packet}),
            "10.1.0.1[tcp] 10.2.0.1[tcp/80]");
  filter.service = {.protocol = IpProtocol::tcp, .destination_ports = {1, 1024}};
  EXPECT_EQ(shown({}), "10.1.0.1[tcp] 10.2.0.1[tcp/1-1024]");
}

// The answer has another type than the question, and comes in the same SA: what the peer sends stays the rule's.
TEST(OnDemand, TakesTypeAndCodeOfThePacketForWhatThisSideSends) {
  Filter filter = plain(Direction::outbound, FilterAction::ipsec);
  filter.service = {.protocol = IpProtocol::icmp};
  PacketSelectors packet = tcp("10.1.0.1", 3 << 8 | 4, "10.2.0.1", 3 << 8 | 4);
  packet.protocol = IpProtocol::icmp;
  const auto shown = [&](const LocalStart& start) {
    filter.local_start = std::make_shared<const LocalStart>(start);
    const SelectorPair pair = selectors_for(filter, packet);
    return fmt::format("{}-{} {}-{}", pair.local.ports.first, pair.local.ports.last, pair.remote.ports.first,
                       pair.remote.ports.last);
  };
  constexpr Granularity by_packet = Granularity::packet;
  EXPECT_EQ(shown({}), "0-65535 0-65535");
  EXPECT_EQ(shown({.icmp_type = by_packet}), "768-1023 0-65535") << "all codes of the type";
  EXPECT_EQ(shown({.icmp_type = by_packet, .icmp_code = by_packet}), "772-772 0-65535");
  EXPECT_EQ(shown({.icmp_code = by_packet}), "0-65535 0-65535") << "a code of all types is no range";
  EXPECT_EQ(shown({.icmpv6_type = by_packet, .mipv6_type = by_packet}), "0-65535 0-65535") << "another protocol's";
  filter.service.source_ports = filter.service.destination_ports = {3 << 8, 3 << 8 | 5};
  EXPECT_EQ(shown({.icmp_type = by_packet}), "768-773 768-773") << "no more codes than the rule has";
  EXPECT_EQ(shown({.icmp_code = by_packet}), "772-772 768-773");
  packet.protocol = filter.service.protocol = IpProtocol::icmpv6;
  EXPECT_EQ(shown({.icmpv6_code = by_packet}), "772-772 768-773");
  filter.service = {.protocol = IpProtocol::mobility};
  packet.protocol = IpProtocol::mobility;
  packet.source_port = packet.destination_port = 5 << 8;
  EXPECT_EQ(shown({.mipv6_type = by_packet}), "1280-1280 0-65535");
  packet.ports_hidden = true;
  EXPECT_EQ(shown({.mipv6_type = by_packet}), "0-65535 0-65535");
}

TEST(OnDemand, TakesNoTypeForAPort) {  // the answer to an echo has another type than the echo
  Filter filter = plain(Direction::outbound, FilterAction::ipsec);
  using Granularity::packet;
  filter.local_start =
      std::make_shared<const LocalStart>(LocalStart{.protocol = packet, .local_port = packet, .remote_port = packet});
  PacketSelectors echo = tcp("10.1.0.1", 8 << 8, "10.2.0.1", 8 << 8);
  echo.protocol = IpProtocol::icmp;
  const SelectorPair pair = selectors_for(filter, echo);
  EXPECT_EQ(pair.local.to_string() + " " + pair.remote.to_string(), "10.1.0.1[icmp] 10.2.0.1[icmp]");
}

TEST(AnchorFor, IsTheFirstFilterThatHoldsAllOfTheTunnel) {
  FilterPolicy policy;
  policy.filters = {plain(Direction::outbound, FilterAction::ipsec)};
  const LocalDynVpnRule inside{.local = selector("10.1.1.0", "10.1.1.255"),
                               .remote = selector("10.2.0.0", "10.2.255.255")};
  const LocalDynVpnRule beyond{.local = selector("10.0.0.0", "10.1.255.255"),
                               .remote = selector("10.2.0.0", "10.2.255.255")};
  EXPECT_EQ(anchor_for(policy, inside), &policy.filters[0]);
  EXPECT_EQ(anchor_for(policy, beyond), nullptr);
  policy.filters.insert(policy.filters.begin(), plain(Direction::outbound, FilterAction::deny));
  EXPECT_EQ(anchor_for(policy, inside), nullptr);  // its packets would be dropped
}

TEST(AnchorFor, FindsTheFilterOfARuleThatAPacketHit) {
  FilterPolicy policy;
  policy.filters = {plain(Direction::outbound, FilterAction::ipsec), plain(Direction::outbound, FilterAction::ipsec)};
  policy.filters[0].rule = "other";
  const PacketSelectors packet = tcp("10.1.0.1", 1024, "10.2.0.1", 80);
  EXPECT_EQ(anchor_for(policy, "rule", packet), &policy.filters[1]);
  EXPECT_EQ(anchor_for(policy, "none", packet), nullptr);
}

ByteString octets(std::string_view text) { return {text.begin(), text.end()}; }
Identity host(std::string_view name) { return {IdentityType::fqdn, octets(name)}; }
Identity x500dn(std::string_view name) { return {IdentityType::der_asn1_dn, DistinguishedName::parse(name)->to_der()}; }

TEST(FindRule, TakesWhatIsKnownAndTheFirstThatFits) {
  KeyExchangePolicy policy;
  policy.rules.resize(3);
  policy.rules[0].name = "one peer";
  policy.rules[0].local_identity = host("us");
  policy.rules[0].remote_identity = {.type = IdentityType::fqdn, .text = "peer", .exact = host("peer")};
  policy.rules[0].remote_locations = {IpRange::of(address("192.0.2.1"))};
  policy.rules[1].name = "a net of peers";
  policy.rules[1].local_identity = host("us");
  policy.rules[1].remote_identity = {.type = IdentityType::fqdn, .text = "*.example.com"};
  policy.rules[1].remote_locations = {range("192.0.2.0", "192.0.2.255")};
  policy.rules[2].name = "anyone";
  policy.rules[2].local_identity = host("us-too");
  policy.rules[2].remote_identity = {.type = IdentityType::fqdn, .text = "*"};
  const auto found = [&](const KeyExchangeSearch& known) {
    const KeyExchangeRule* rule = find_rule(policy, known);
    return rule == nullptr ? std::string{} : rule->name;
  };
  EXPECT_EQ(found({}), "one peer");
  EXPECT_EQ(found({.remote_address = address("192.0.2.1")}), "one peer");
  EXPECT_EQ(found({.remote_address = address("192.0.2.2")}), "a net of peers");
  EXPECT_EQ(found({.remote_address = address("192.0.2.1"), .remote_identity = host("a.example.com")}),
            "a net of peers");
  EXPECT_EQ(found({.remote_address = address("198.51.100.1")}), "anyone");
  EXPECT_EQ(found({.local_identity = host("US-TOO")}), "anyone");
  EXPECT_EQ(found({.local_identity = host("them")}), "");
  EXPECT_EQ(found({.remote_address = address("192.0.2.9"), .local_identity = host("us"), .remote_identity = host("x")}),
            "");
}

// Shows RFC 7296 3.5-6.
TEST(IdentityPattern, Matches) {
  const IdentityPattern net{
      .type = IdentityType::ipv4_addr, .text = "10.0.0.0/8", .addresses = range("10.0.0.0", "10.255.255.255")};
  const auto pattern = [](IdentityType type, const char* text) { return IdentityPattern{.type = type, .text = text}; };
  const auto exactly = [](Identity identity) { return IdentityPattern{.type = identity.type, .exact = identity}; };
  const Identity user{IdentityType::user_fqdn, octets("Jo@Example.com")};
  using enum IdentityType;
  const struct {
    const char* name;
    IdentityPattern pattern;
    Identity identity;
    bool want;
  } cases[] = {
      {"address inside", net, {ipv4_addr, {10, 1, 2, 3}}, true},
      {"address outside", net, {ipv4_addr, {11, 1, 2, 3}}, false},
      {"three octets", net, {ipv4_addr, {10, 1, 2}}, false},
      {"IPv6 under an IPv4 type", net, {ipv6_addr, {10, 1, 2, 3}}, false},
      {"host name without case", exactly(host("GW.example.com")), host("gw.EXAMPLE.com"), true},
      {"any depth", pattern(IdentityType::fqdn, "*.example.com"), host("a.b.example.COM"), true},
      {"not the domain itself", pattern(IdentityType::fqdn, "*.example.com"), host("example.com"), false},
      {"not another domain", pattern(IdentityType::fqdn, "*.example.com"), host("a.badexample.com"), false},
      {"any name", pattern(IdentityType::fqdn, "*"), host("x"), true},
      {"another type", pattern(IdentityType::fqdn, "*"), user, false},
      {"user, host without case", exactly({user_fqdn, octets("Jo@example.COM")}), user, true},
      {"user with case", exactly({user_fqdn, octets("jo@example.com")}), user, false},
      {"any user of a host", pattern(user_fqdn, "*@example.com"), user, true},
      {"of another host", pattern(user_fqdn, "*@example.org"), user, false},
      {"name folded", exactly(x500dn("CN=A  B,O=c,C=US")), x500dn("cn=a b,O=C,C=us"), true},
      {"name of another order", exactly(x500dn("CN=a,O=c")), x500dn("O=c,CN=a"), false},
      {"trailing part", pattern(der_asn1_dn, "*,OU=Branches,O=c"), x500dn("CN=x,OU=branches,O=c"), true},
      {"trailing part alone", pattern(der_asn1_dn, "*,OU=Branches,O=c"), x500dn("OU=Branches,O=c"), true},
      {"another trailing part", pattern(der_asn1_dn, "*,OU=Branches,O=c"), x500dn("CN=x,OU=Office,O=c"), false},
      {"any value", pattern(der_asn1_dn, "CN=*,O=c"), x500dn("CN=whoever,O=c"), true},
      {"any value, one RDN more", pattern(der_asn1_dn, "CN=*,O=c"), x500dn("CN=x,OU=y,O=c"), false},
      {"any value of another type", pattern(der_asn1_dn, "CN=*,O=c"), x500dn("OU=x,O=c"), false},
      {"any name at all", pattern(der_asn1_dn, "*"), x500dn("CN=x"), true},
      {"octets that are no name", pattern(der_asn1_dn, "*"), {der_asn1_dn, {1, 2, 3}}, false},
      {"key identifier", exactly({key_id, {1, 2}}), {key_id, {1, 2}}, true},
      {"any key identifier", pattern(key_id, "*"), {key_id, {1, 2}}, true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(c.pattern.matches(c.identity), c.want);
  }
}

}  // namespace
}  // namespace adit::policy
