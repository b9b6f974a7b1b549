#include <gtest/gtest.h>

#include <algorithm>

#include "tools/ipsec/report/filters.h"
#include "tools/ipsec/report/newest.h"
#include "tools/ipsec/report/tunnels.h"

namespace adit::tools::ipsec {
namespace {

std::string value(const Entry& entry, std::string_view name) {
  const auto found = std::ranges::find(entry.fields(), name, &Field::name);
  return found == entry.fields().end() ? "(no such field)" : found->value;
}

std::vector<std::string> names(const Entry& entry) {
  std::vector<std::string> all;
  for (const Field& field : entry.fields()) all.push_back(field.name);
  return all;
}

TEST(IkeTunnelEntry, HasTheFieldsOfTheReferenceInTheirOrder) {
  const std::vector<std::string> want = {"TunnelID",
                                         "Generation",
                                         "IKEVersion",
                                         "KeyExchangeRuleName",
                                         "KeyExchangeActionName",
                                         "LocalEndPoint",
                                         "LocalIDType",
                                         "LocalID",
                                         "RemoteEndPoint",
                                         "RemoteIDType",
                                         "RemoteID",
                                         "ExchangeMode",
                                         "State",
                                         "AuthenticationAlgorithm",
                                         "EncryptionAlgorithm",
                                         "KeyLength",
                                         "PseudoRandomFunction",
                                         "DiffieHellmanGroup",
                                         "LocalAuthenticationMethod",
                                         "RemoteAuthenticationMethod",
                                         "InitiatorCookie",
                                         "ResponderCookie",
                                         "Lifesize",
                                         "CurrentByteCount",
                                         "Lifetime",
                                         "LifetimeRefresh",
                                         "LifetimeExpires",
                                         "ReauthInterval",
                                         "ReauthTime",
                                         "Role",
                                         "AssociatedDynamicTunnels",
                                         "NATTSupportLevel",
                                         "NATInFrntLclScEndPnt",
                                         "NATInFrntRmtScEndPnt",
                                         "zOSCanInitiateP1SA",
                                         "AllowNat",
                                         "RmtNAPTDetected",
                                         "RmtUdpEncapPort"};
  EXPECT_EQ(names(ike_tunnel_entry({})), want);
}

TEST(IkeTunnelEntry, NamesBothAuthenticationMethodsAndThePrf) {
  ike::IkeTunnelView tunnel;
  tunnel.tunnel = IkeTunnelId{7};
  tunnel.encryption = EncryptionId::aes_cbc;
  tunnel.key_bits = 256;
  tunnel.integrity = IntegrityId::hmac_sha2_256_128;
  tunnel.prf = PrfId::hmac_sha2_512;
  tunnel.group = GroupId::ecp_384;
  tunnel.local_auth = AuthMethod::rsa_signature;
  tunnel.remote_auth = AuthMethod::shared_key;
  tunnel.initiator_spi = IkeSpi{0x1234};
  const Entry entry = ike_tunnel_entry(tunnel);
  EXPECT_EQ(value(entry, "TunnelID"), "K7");
  EXPECT_EQ(value(entry, "LocalAuthenticationMethod"), "RsaSignature");
  EXPECT_EQ(value(entry, "RemoteAuthenticationMethod"), "PresharedKey");
  EXPECT_EQ(value(entry, "PseudoRandomFunction"), "HMAC-SHA2-512");
  EXPECT_EQ(value(entry, "EncryptionAlgorithm"), "AES-CBC");
  EXPECT_EQ(value(entry, "KeyLength"), "256");
  EXPECT_EQ(value(entry, "DiffieHellmanGroup"), "20");
  EXPECT_EQ(value(entry, "InitiatorCookie"), "0x0000000000001234");
  EXPECT_EQ(value(entry, "LifetimeRefresh"), "n/a");
}

TEST(IkeTunnelEntry, SaysWhenItIsRefreshed) {
  ike::IkeTunnelView tunnel;
  tunnel.refresh_at = Instant{Seconds{1'800'000'000}};
  tunnel.reauth_at = Instant{Seconds{1'800'000'060}};
  tunnel.reauth_interval = Minutes{90};
  const Entry entry = ike_tunnel_entry(tunnel);
  EXPECT_EQ(value(entry, "LifetimeRefresh").substr(0, 7), "2027/01");
  EXPECT_EQ(value(entry, "ReauthInterval"), "90m");
  EXPECT_EQ(value(entry, "ReauthTime").substr(0, 7), "2027/01");
  EXPECT_NE(value(entry, "ReauthTime"), value(entry, "LifetimeRefresh"));
  EXPECT_EQ(value(entry, "LifetimeExpires"), "n/a");
}

TEST(NegotiatedTunnelEntry, SaysWhenItIsRefreshed) {
  ike::DynamicTunnelView tunnel;
  EXPECT_EQ(value(negotiated_tunnel_entry(tunnel, nullptr), "LifetimeRefresh"), "n/a");
  tunnel.refresh_at = Instant{Seconds{1'800'000'000}};
  EXPECT_EQ(value(negotiated_tunnel_entry(tunnel, nullptr), "LifetimeRefresh").substr(0, 7), "2027/01");
}

ike::IkeTunnelView ike_sa(std::uint64_t tunnel, std::uint32_t generation, ike::IkeState state) {
  ike::IkeTunnelView view;
  view.tunnel = IkeTunnelId{tunnel};
  view.generation = generation;
  view.state = state;
  return view;
}

ike::DynamicTunnelView child_sa(std::uint64_t tunnel, std::uint32_t generation, ike::ChildState state) {
  ike::DynamicTunnelView view;
  view.name = {DynamicTunnelId{tunnel}, generation};
  view.state = state;
  return view;
}

TEST(NewestOfEach, IsTheNewestThatIsUpWhileAnotherIsBeingMadeOrGoes) {
  using enum ike::IkeState;
  const auto shown = newest_of_each(
      {ike_sa(2, 3, wait_sa), ike_sa(2, 1, half_closed), ike_sa(2, 2, done), ike_sa(1, 7, done), ike_sa(1, 8, done)});
  ASSERT_EQ(shown.size(), 2u);
  EXPECT_EQ(shown[0].tunnel, IkeTunnelId{1});
  EXPECT_EQ(shown[0].generation, 8u);
  EXPECT_EQ(shown[1].generation, 2u);
  const auto children =
      newest_of_each({child_sa(5, 1, ike::ChildState::half_closed), child_sa(5, 2, ike::ChildState::active),
                      child_sa(5, 3, ike::ChildState::in_negotiation)});
  ASSERT_EQ(children.size(), 1u);
  EXPECT_EQ(children[0].name.generation, 2u);
}

TEST(NewestOfEach, IsTheNewestWhereNoneIsUp) {
  const auto shown = newest_of_each({ike_sa(1, 1, ike::IkeState::half_closed), ike_sa(1, 2, ike::IkeState::wait_ke)});
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0].generation, 2u);
  EXPECT_TRUE(newest_of_each(std::vector<ike::IkeTunnelView>{}).empty());
  InstalledTunnel older, newer;
  older.sa.name = {DynamicTunnelId{3}, 4};
  newer.sa.name = {DynamicTunnelId{3}, 5};
  const auto installed = newest_of_each({newer, older});
  ASSERT_EQ(installed.size(), 1u);
  EXPECT_EQ(installed[0].sa.name.generation, 5u);
}

TEST(InstalledTunnelEntry, SaysHowTheTrafficIsProtectedAndHowMuchHasFlowed) {
  InstalledTunnel tunnel;
  tunnel.sa.name = {DynamicTunnelId{3}, 2};
  tunnel.sa.transforms = {.encryption = EncryptionId::aes_gcm_16, .key_bits = 128};
  tunnel.sa.inbound_spi = InboundSpi{0xc0000001};
  tunnel.sa.local_ts = {{.addresses = IpRange::of_prefix(*IpAddress::parse("10.1.0.0"), 16)}};
  tunnel.sa.remote_ts = {{.addresses = IpRange{*IpAddress::parse("10.2.0.1"), *IpAddress::parse("10.2.0.9")}}};
  tunnel.counters.inbound_packets = 5;
  const Entry entry = installed_tunnel_entry(tunnel, {});
  EXPECT_EQ(value(entry, "TunnelID"), "Y3");
  EXPECT_EQ(value(entry, "HowToAuth"), "None");  // a combined mode authenticates by itself
  EXPECT_EQ(value(entry, "HowToEncrypt"), "AES-GCM-16");
  EXPECT_EQ(value(entry, "EncryptInboundSpi"), "3221225473 (0xc0000001)");
  EXPECT_EQ(value(entry, "AuthInboundSpi"), "n/a");
  EXPECT_EQ(value(entry, "LocalAddressPrefix"), "16");
  EXPECT_EQ(value(entry, "RemoteAddressPrefix"), "n/a");
  EXPECT_EQ(value(entry, "RemoteAddressRange"), "10.2.0.9");
  EXPECT_EQ(value(entry, "InboundPackets"), "5");
}

// AH around ESP: each protocol with its own SPIs, and no authentication but AH's.
TEST(TunnelEntries, ShowAhAroundEspWithTheSpisOfBoth) {
  const contract::ChildTransforms transforms{
      .encryption = EncryptionId::aes_cbc, .key_bits = 128, .around_esp = IntegrityId::hmac_sha2_256_128};
  ike::DynamicTunnelView view;
  view.transforms = transforms;
  view.inbound_spi = InboundSpi{0x1001};
  view.outbound_spi = OutboundSpi{0x1002};
  view.ah = {.inbound = InboundSpi{0x2001}, .outbound = OutboundSpi{0x2002}};
  InstalledTunnel installed;
  installed.sa.transforms = transforms;
  installed.sa.inbound_spi = view.inbound_spi;
  installed.sa.outbound_spi = view.outbound_spi;
  installed.sa.ah = {.inbound_spi = view.ah->inbound, .outbound_spi = view.ah->outbound};
  const char* const want[][2] = {{"HowToAuth", "AH"},
                                 {"AuthAlgorithm", "HMAC-SHA2-256-128"},
                                 {"AuthInboundSpi", "8193 (0x00002001)"},
                                 {"AuthOutboundSpi", "8194 (0x00002002)"},
                                 {"HowToEncrypt", "AES-CBC"},
                                 {"KeyLength", "128"},
                                 {"EncryptInboundSpi", "4097 (0x00001001)"},
                                 {"EncryptOutboundSpi", "4098 (0x00001002)"}};
  for (const Entry& entry : {negotiated_tunnel_entry(view, nullptr), installed_tunnel_entry(installed, {})}) {
    for (const auto& [name, text] : want) EXPECT_EQ(value(entry, name), text) << name;
  }
}

TEST(NegotiatedTunnelEntry, ListsTheSelectorsWhereThereAreSeveral) {
  const auto part = [](const char* net, std::uint8_t protocol, PortRange ports) {
    return TrafficSelector{
        .protocol = protocol, .ports = ports, .addresses = IpRange::of_prefix(*IpAddress::parse(net), 24)};
  };
  ike::DynamicTunnelView tunnel;
  tunnel.local_ts = {part("10.1.0.0", IpProtocol::any, PortRange::all())};
  tunnel.remote_ts = {part("10.2.0.0", IpProtocol::tcp, PortRange::of(80))};
  const auto has = [](const Entry& entry, std::string_view name) {
    return std::ranges::any_of(entry.fields(), [&](const Field& field) { return field.name == name; });
  };
  EXPECT_FALSE(has(negotiated_tunnel_entry(tunnel, nullptr), "LocalSelectors"));
  EXPECT_FALSE(has(negotiated_tunnel_entry(tunnel, nullptr), "RemoteSelectors"));
  tunnel.remote_ts.push_back(part("10.3.0.0", IpProtocol::icmp, PortRange::of(8 << 8)));
  const Entry entry = negotiated_tunnel_entry(tunnel, nullptr);
  EXPECT_EQ(value(entry, "RemoteAddressBase"), "10.2.0.0");
  EXPECT_EQ(value(entry, "LocalSelectors"), "10.1.0.0/24");
  EXPECT_EQ(value(entry, "RemoteSelectors"), "10.2.0.0/24[tcp/80], 10.3.0.0/24[icmp/8:0]");
}

TEST(NegotiatedTunnelEntry, KnowsOfNatsByItsIkeTunnel) {
  ike::DynamicTunnelView tunnel;
  tunnel.remote = *IpAddress::parse("192.0.2.9");
  tunnel.remote_ts = {{.addresses = IpRange::of(tunnel.remote)}};
  tunnel.udp = contract::UdpEncapsulation{.local_port = 4500, .remote_port = 61000};
  ike::IkeTunnelView parent;
  parent.nat_remote = true;
  parent.remote.port = 61000;
  const Entry entry = negotiated_tunnel_entry(tunnel, &parent);
  EXPECT_EQ(value(entry, "UdpEncapMode"), "Yes");
  EXPECT_EQ(value(entry, "LclNATDetected"), "No");
  EXPECT_EQ(value(entry, "RmtNATDetected"), "Yes");
  EXPECT_EQ(value(entry, "RmtNAPTDetected"), "Yes");
  EXPECT_EQ(value(entry, "zOSCanInitP2SA"), "No");
  EXPECT_EQ(value(entry, "RmtIsGw"), "No");
  EXPECT_EQ(value(entry, "RmtUdpEncapPort"), "61000");
  EXPECT_EQ(value(ike_tunnel_entry(parent), "zOSCanInitiateP1SA"), "No");
  EXPECT_EQ(value(negotiated_tunnel_entry(tunnel, nullptr), "RmtNATDetected"), "n/a");
}

policy::Filter anchor(policy::Direction direction) {
  policy::Filter filter;
  filter.rule = "nets";
  filter.extension = direction == policy::Direction::outbound ? 1 : 2;
  filter.direction = direction;
  const IpRange here = IpRange::of_prefix(*IpAddress::parse("10.1.0.0"), 16),
                there = IpRange::of_prefix(*IpAddress::parse("10.2.0.0"), 16);
  filter.source = direction == policy::Direction::outbound ? here : there;
  filter.destination = direction == policy::Direction::outbound ? there : here;
  filter.action = policy::FilterAction::ipsec;
  filter.vpn = std::make_shared<policy::DynVpnAction>(policy::DynVpnAction{.name = "gold"});
  filter.local_start = std::make_shared<policy::LocalStart>(policy::LocalStart{.allow_on_demand = true});
  return filter;
}

TEST(FilterEntries, ListDynamicFiltersUnderTheirAnchorAndTheImplicitDeniesLast) {
  policy::FilterPolicy policy;
  policy.filters = {anchor(policy::Direction::outbound), anchor(policy::Direction::inbound)};
  InstalledTunnel tunnel;
  tunnel.sa.name = {DynamicTunnelId{9}, 1};
  tunnel.sa.filter_rule = "nets";
  tunnel.sa.local_ts = {{.addresses = IpRange::of(*IpAddress::parse("10.1.0.1"))}};
  tunnel.sa.remote_ts = {{.addresses = IpRange::of(*IpAddress::parse("10.2.0.1"))}};
  const std::vector<std::uint64_t> matches = {11, 12};
  const std::vector<InstalledTunnel> tunnels = {tunnel};
  const auto entries = filter_entries({.policy = policy, .matches = matches, .tunnels = tunnels, .installed_at = {}});
  ASSERT_EQ(entries.size(), 8u);  // two anchors with a dynamic filter each, and two implicit denies a family
  EXPECT_EQ(value(entries[0], "Type"), "Dynamic Anchor");
  EXPECT_EQ(value(entries[0], "TunnelID"), "Y0");
  EXPECT_EQ(value(entries[0], "FilterMatches"), "11");
  EXPECT_EQ(value(entries[0], "OnDemand"), "Yes");
  EXPECT_EQ(value(entries[0], "SourceAddressGranularity"), "Packet");
  EXPECT_EQ(value(entries[0], "ICMPTypeGranularity"), "Rule");
  EXPECT_EQ(value(entries[0], "Protocol"), "All");
  EXPECT_EQ(value(entries[1], "ICMPTypeGranularity"), "n/a");
  EXPECT_EQ(value(entries[1], "Type"), "Dynamic");
  EXPECT_EQ(value(entries[1], "TunnelID"), "Y9");
  EXPECT_EQ(value(entries[1], "SourceAddress"), "10.1.0.1");
  EXPECT_EQ(value(entries[3], "SourceAddress"), "10.2.0.1");  // inbound: the peer's side
  EXPECT_EQ(value(entries[4], "FilterName"), "SYSDEFAULTDENYRULE");
  EXPECT_EQ(value(entries[4], "Action"), "Deny");
  EXPECT_EQ(value(entries[4], "FilterMatches"), "n/a");
}

policy::ManVpnAction manual_action() {
  policy::ManVpnAction action;
  action.name = "by-hand";
  action.local = IpAddress::parse("192.0.2.1");
  action.encryption = EncryptionId::aes_cbc;
  action.key_bits = 256;
  action.integrity = IntegrityId::hmac_sha2_256_128;
  action.inbound_spi = InboundSpi{4097};
  action.outbound_spi = OutboundSpi{8194};
  action.lifesize_kbytes = 9;
  return action;
}

TEST(ManualTunnelEntry, SaysHowItProtectsAndWhetherItIsActive) {
  ManualTunnel tunnel{.tunnel = ManualTunnelId{4}, .action = manual_action(), .is_active = true};
  tunnel.counters.outbound_octets = 77;
  const char* const want[][2] = {{"TunnelID", "M4"},
                                 {"VpnActionName", "by-hand"},
                                 {"State", "Active"},
                                 {"HowToEncap", "Tunnel"},
                                 {"LocalEndPoint", "192.0.2.1"},
                                 {"RemoteEndPoint", "Any4"},
                                 {"HowToAuth", "ESP"},
                                 {"AuthAlgorithm", "HMAC-SHA2-256-128"},
                                 {"AuthInboundSpi", "4097 (0x00001001)"},
                                 {"HowToEncrypt", "AES-CBC"},
                                 {"KeyLength", "256"},
                                 {"EncryptOutboundSpi", "8194 (0x00002002)"},
                                 {"OutboundBytes", "77"},
                                 {"Lifesize", "9K"},
                                 {"LifetimeExpires", "n/a"},
                                 {"PassthroughDF", "Yes"},
                                 {"PassthroughDSCP", "Yes"}};
  for (const auto& [name, text] : want) EXPECT_EQ(value(manual_tunnel_entry(tunnel), name), text) << name;
  tunnel.is_active = false;
  tunnel.action.ah = true;
  tunnel.action.encryption = EncryptionId::none;
  tunnel.action.how_to_encap = policy::EncapsulationChoice::transport;
  const char* const of_ah[][2] = {{"State", "Inactive"},    {"HowToAuth", "AH"},          {"HowToEncrypt", "None"},
                                  {"KeyLength", "n/a"},     {"EncryptInboundSpi", "n/a"}, {"HowToEncap", "Transport"},
                                  {"PassthroughDF", "n/a"}, {"PassthroughDSCP", "n/a"}};
  for (const auto& [name, text] : of_ah) EXPECT_EQ(value(manual_tunnel_entry(tunnel), name), text) << name;
}

TEST(ManualTunnelEntry, OfAhAroundEspHasTheSpisOfBoth) {
  ManualTunnel tunnel{.tunnel = ManualTunnelId{4}, .action = manual_action(), .is_active = true};
  tunnel.action.ah = true;
  tunnel.action.around_esp = {.inbound = InboundSpi{5000}, .outbound = OutboundSpi{6000}};
  const char* const want[][2] = {{"HowToAuth", "AH"},
                                 {"AuthAlgorithm", "HMAC-SHA2-256-128"},
                                 {"AuthInboundSpi", "5000 (0x00001388)"},
                                 {"AuthOutboundSpi", "6000 (0x00001770)"},
                                 {"HowToEncrypt", "AES-CBC"},
                                 {"KeyLength", "256"},
                                 {"EncryptInboundSpi", "4097 (0x00001001)"},
                                 {"EncryptOutboundSpi", "8194 (0x00002002)"}};
  for (const auto& [name, text] : want) EXPECT_EQ(value(manual_tunnel_entry(tunnel), name), text) << name;
}

TEST(FilterEntries, NameTheManualTunnelOfARule) {
  policy::FilterPolicy policy;
  policy.filters = {anchor(policy::Direction::outbound)};
  policy.filters[0].vpn = nullptr;
  policy.filters[0].local_start = nullptr;
  policy.filters[0].manual = std::make_shared<const policy::ManVpnAction>(manual_action());
  const std::vector<ManualTunnel> manual = {{.tunnel = ManualTunnelId{4}, .action = manual_action()}};
  const Entry entry = filter_entries({.policy = policy, .manual = manual}, {.names = {"nets"}}).at(0);
  EXPECT_EQ(value(entry, "Type"), "Manual");
  EXPECT_EQ(value(entry, "TunnelID"), "M4");
  EXPECT_EQ(value(entry, "VpnActionName"), "by-hand");
  EXPECT_EQ(value(entry, "OnDemand"), "n/a");
  EXPECT_EQ(value(filter_entries({.policy = policy}, {.names = {"nets"}}).at(0), "TunnelID"), "0x00")
      << "its time condition does not hold";
}

TEST(FilterEntries, ListADynamicFilterForEachPairingThatAPacketCanBeOf) {
  policy::FilterPolicy policy;
  policy.filters = {anchor(policy::Direction::outbound)};
  InstalledTunnel tunnel;
  tunnel.sa.filter_rule = "nets";
  const auto host = [](const char* text, std::uint8_t protocol) {
    return TrafficSelector{
        .protocol = protocol, .ports = PortRange::all(), .addresses = IpRange::of(*IpAddress::parse(text))};
  };
  tunnel.sa.local_ts = {host("10.1.0.1", IpProtocol::tcp), host("10.1.0.2", IpProtocol::any)};
  tunnel.sa.remote_ts = {host("10.2.0.1", IpProtocol::udp), host("10.2.0.2", IpProtocol::tcp)};
  const std::vector<InstalledTunnel> tunnels = {tunnel};
  std::vector<std::string> pairings;
  for (const Entry& entry : filter_entries({.policy = policy, .matches = {}, .tunnels = tunnels, .installed_at = {}})) {
    if (value(entry, "Type") != "Dynamic") continue;
    pairings.push_back(value(entry, "SourceAddress") + " " + value(entry, "DestAddress") + " " +
                       value(entry, "Protocol"));
  }
  EXPECT_EQ(pairings, (std::vector<std::string>{"10.1.0.1 10.2.0.2 TCP(6)", "10.1.0.2 10.2.0.1 UDP(17)",
                                                "10.1.0.2 10.2.0.2 TCP(6)"}));
}

TEST(FilterEntries, ASelectionByNameLeavesTheRestOut) {
  policy::FilterPolicy policy;
  policy.filters = {anchor(policy::Direction::outbound), anchor(policy::Direction::inbound)};
  policy.filters[1].rule = "other";
  const auto entries = filter_entries({.policy = policy}, {.names = {"other"}});
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(value(entries[0], "FilterName"), "other");
}

}  // namespace
}  // namespace adit::tools::ipsec
