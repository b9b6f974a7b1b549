#pragma once
// Values with every field set, and each to something else: what a conversion forgets shows.

#include "policy/model.h"
#include "rpc/operator_views.h"

namespace adit::rpc::test {

inline IpAddress address(const char* text) { return *IpAddress::parse(text); }
inline Identity fqdn(std::string_view name) {
  const Bytes octets = as_bytes(name);
  return {IdentityType::fqdn, {octets.begin(), octets.end()}};
}
inline TrafficSelector selector(const char* from, unsigned length, std::uint8_t protocol, PortRange ports) {
  return {protocol, ports, IpRange::of_prefix(address(from), length)};
}

inline contract::InstallChildSa child_sa() {
  contract::InstallChildSa install;
  install.stack = StackName{"east"};
  install.name = {DynamicTunnelId{7}, 3};
  install.parent = IkeTunnelId{4};
  install.transforms = {.protocol = contract::SaProtocol::ah,
                        .encryption = EncryptionId::aes_gcm_16,
                        .key_bits = 256,
                        .integrity = IntegrityId::hmac_sha2_256_128,
                        .extended_sequence_numbers = true,
                        .around_esp = IntegrityId::none};
  install.mode = contract::EncapsulationMode::transport;
  install.inbound_spi = InboundSpi{0xc0000001};
  install.outbound_spi = OutboundSpi{0xc0000002};
  install.inbound = {Secret{as_bytes("inbound key")}, Secret{as_bytes("in mac")}};
  install.outbound = {Secret{as_bytes("outbound key")}, Secret{as_bytes("out mac")}};
  install.local = address("2001:db8::1");
  install.remote = address("2001:db8::2");
  install.local_ts = {selector("10.1.0.0", 16, IpProtocol::tcp, PortRange::of(80))};
  install.remote_ts = {selector("10.2.0.0", 16, IpProtocol::tcp, PortRange::opaque()),
                       selector("10.3.0.0", 24, IpProtocol::any, PortRange::all())};
  install.udp = contract::UdpEncapsulation{.local_port = 4501, .remote_port = 61000};
  install.lifetimes = {.hard = Seconds{3600}, .soft_octets = 1000, .hard_octets = 2000};
  install.df = contract::DfPolicy::set;
  install.copy_dscp = false;
  install.sending = contract::SendingBegins::when_peer_is_ready;
  install.filter_rule = "rule";
  install.vpn_action = "action";
  install.local_dyn_vpn_rule = "local";
  install.ike_version = contract::IkeVersion::v1;
  return install;
}

/// AH around ESP.
inline contract::InstallChildSa bundle() {
  contract::InstallChildSa install = child_sa();
  install.transforms.protocol = contract::SaProtocol::esp;
  install.transforms.around_esp = IntegrityId::hmac_sha2_384_192;
  install.udp.reset();
  install.ah = {.inbound_spi = InboundSpi{0xc0000003},
                .outbound_spi = OutboundSpi{0xc0000004},
                .inbound = Secret{as_bytes("in of AH")},
                .outbound = Secret{as_bytes("out of AH")}};
  return install;
}

inline policy::SourceRange place(std::uint32_t line) { return {"east.policy", line, 2, 3}; }

inline policy::PolicyPointer snapshot() {
  using namespace policy;
  auto vpn = std::make_shared<DynVpnAction>();
  vpn->name = "gold";
  vpn->initiation = Initiation::remote_only;
  vpn->vpn_life = Minutes{99};
  vpn->initiate_with_pfs = GroupId::ecp_256;
  vpn->acceptable_pfs = {GroupId::none, GroupId::curve25519};
  vpn->how_to_encap_ikev2 = EncapsulationChoice::transport;
  vpn->df = DfSetting::clear;
  vpn->copy_dscp = false;
  vpn->offers = {{.name = "offer 1",
                  .how_to_encap = EncapsulationChoice::either,
                  .ah = true,
                  .encryption = EncryptionId::aes_cbc,
                  .key_bits = 192,
                  .integrity = IntegrityId::hmac_sha2_512_256,
                  .lifetime = Minutes{11},
                  .lifetime_least = Minutes{5},
                  .lifetime_most = Minutes{22},
                  .lifesize_kbytes = 77,
                  .at = place(10)}};
  vpn->at = place(9);
  auto start = std::make_shared<LocalStart>();
  *start = {.name = "start",
            .allow_on_demand = true,
            .local_address = Granularity::rule,
            .remote_address = Granularity::packet,
            .protocol = Granularity::packet,
            .local_port = Granularity::rule,
            .remote_port = Granularity::packet,
            .local_endpoint = address("192.0.2.1"),
            .remote_endpoint = address("192.0.2.2"),
            .local_identity = fqdn("me"),
            .remote_identity = fqdn("you")};

  auto result = std::make_shared<PolicySnapshot>();
  result->stack = StackName{"east"};
  result->version = 42;
  FilterPolicy& filters = result->filter;
  filters.pre_decap = true;
  filters.logging = false;
  filters.allow_on_demand = true;
  filters.implicit_discard = DiscardAction::icmp;
  filters.fips140 = true;
  Filter protect;
  protect.rule = "protect";
  protect.extension = 2;
  protect.group = "group";
  protect.direction = Direction::outbound;
  protect.source = IpRange::of_prefix(address("10.1.0.0"), 16);
  protect.destination = {address("10.2.0.3"), address("10.2.0.9")};
  protect.service = {.protocol = IpProtocol::tcp, .opaque = true, .source_ports = {1, 2}, .destination_ports = {3, 4}};
  protect.connect = ConnectQualifier::outbound;
  protect.routing = Routing::either;
  protect.fragments_only = true;
  protect.security_class = 200;
  protect.action = FilterAction::ipsec;
  protect.logging = FilterLogging::deny;
  protect.discard = DiscardAction::icmp;
  protect.vpn = vpn;
  protect.local_start = start;
  protect.remote_identity = IdentityPattern{.type = IdentityType::fqdn, .text = "*.peer", .exact = {}, .addresses = {}};
  protect.at = place(20);
  Filter deny = protect;
  deny.rule = "deny";
  deny.direction = Direction::inbound;
  deny.action = FilterAction::deny;
  deny.vpn = nullptr;
  deny.local_start = nullptr;
  deny.remote_identity.reset();
  Filter protect_again = protect;
  protect_again.extension = 3;
  auto manual = std::make_shared<ManVpnAction>();
  manual->name = "by hand";
  manual->active = false;
  manual->remote = address("2001:db8::2");
  manual->family = IpFamily::v6;
  manual->how_to_encap = EncapsulationChoice::transport;
  manual->ah = true;
  manual->encryption = EncryptionId::aes_cbc;
  manual->key_bits = 256;
  manual->integrity = IntegrityId::hmac_md5_96;
  manual->inbound_spi = InboundSpi{300};
  manual->outbound_spi = OutboundSpi{301};
  manual->around_esp = {.inbound = InboundSpi{302}, .outbound = OutboundSpi{303}};
  manual->inbound = {.encryption = Secret{as_bytes("inbound cipher k")},
                     .integrity = Secret{as_bytes("inbound mac key")}};
  manual->outbound = {.encryption = Secret{as_bytes("outbound cipher ")},
                      .integrity = Secret{as_bytes("outbound mac key")}};
  manual->df = DfSetting::set;
  manual->copy_dscp = false;
  manual->lifetime = Minutes{7};
  manual->lifesize_kbytes = 8;
  manual->is_installed = false;
  manual->at = place(25);
  Filter by_hand = protect;
  by_hand.rule = "by hand";
  by_hand.vpn = nullptr;
  by_hand.local_start = nullptr;
  by_hand.manual = manual;
  const auto office =
      std::make_shared<const TimeCondition>(TimeCondition{.span = time_span_of("20260101000000:20271231235959"),
                                                          .months = 0x7ff,
                                                          .days = mask_of(std::string(61, '1')),
                                                          .weekdays = 0x3e,
                                                          .times = day_times_of("07:00-19:00,22:00-24:00"),
                                                          .zone = TimeCondition::Zone::utc});
  deny.time = protect_again.time = office;
  manual->time = std::make_shared<const TimeCondition>(TimeCondition{.weekdays = 1});
  filters.filters = {protect, deny, protect_again, by_hand};

  auto action = std::make_shared<KeyExchangeAction>();
  action->name = "exchange";
  action->how_to_initiate = HowToInitiate::ikev2;
  action->how_to_auth_me = HowToAuthMe::digital_signature;
  action->allow_nat = true;
  action->reauth_interval = Minutes{60};
  action->filter_by_identity = true;
  action->bypass_ip_validation = true;
  action->url_preference = UrlPreference::disallow;
  action->revocation = Revocation::strict;
  action->liveness_interval = Seconds{7};
  action->force_udp_encapsulation = true;
  action->offers = {{.name = "offer 1",
                     .encryption = EncryptionId::aes_gcm_16,
                     .key_bits = 128,
                     .integrity = IntegrityId::none,
                     .prf = PrfId::hmac_sha2_384,
                     .group = GroupId::curve448,
                     .auth_peers = HowToAuthPeers::signature,
                     .lifetime = Minutes{480},
                     .lifesize_kbytes = 5,
                     .at = place(30)}};
  action->at = place(29);
  KeyExchangeRule rule;
  rule.name = "rule";
  rule.local_identity = fqdn("east.example");
  rule.local_locations = {IpRange::of(address("198.51.100.1"))};
  rule.remote_identity = {.type = IdentityType::ipv4_addr,
                          .text = "10.0.0.0/8",
                          .exact = fqdn("west.example"),
                          .addresses = IpRange::of_prefix(address("10.0.0.0"), 8)};
  rule.remote_locations = {IpRange::of(address("198.51.100.2")), IpRange::of_prefix(address("2001:db8::"), 32)};
  rule.initiate_to = "west.example";
  rule.ca_labels = {"root", "other root"};
  rule.action = action;
  rule.shared_key = Secret{as_bytes("very secret indeed")};
  rule.at = place(31);
  result->key_exchange.nat_keep_alive = Seconds{33};
  result->key_exchange.rules = {rule};
  result->local_dyn_vpn = {{.name = "net-to-net",
                            .group = "nets",
                            .local = selector("10.1.0.0", 16, IpProtocol::udp, PortRange::of(53)),
                            .remote = selector("10.2.0.0", 16, IpProtocol::udp, PortRange::all()),
                            .auto_activate = true,
                            .at = place(40)}};
  return result;
}

/// As others than the stack get it.
inline policy::PolicyPointer without_manual_keys(const policy::PolicySnapshot& snapshot) {
  auto shown = std::make_shared<policy::PolicySnapshot>(snapshot);
  for (policy::Filter& filter : shown->filter.filters) {
    if (filter.manual == nullptr) continue;
    auto tunnel = std::make_shared<policy::ManVpnAction>(*filter.manual);
    tunnel->inbound = tunnel->outbound = {};
    filter.manual = std::move(tunnel);
  }
  return shown;
}

}  // namespace adit::rpc::test
