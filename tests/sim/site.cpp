#include "sim/site.h"

namespace adit::sim {
namespace {

Identity identity_of(const Site& site) {
  const Bytes octets = site.address.octets();
  return {.type = IdentityType::ipv4_addr, .value = {octets.begin(), octets.end()}};
}

TrafficSelector all_of(const IpRange& addresses) {
  return {.protocol = IpProtocol::any, .ports = PortRange::all(), .addresses = addresses};
}

/// The third octet of a net's addresses tells its parts: x.y.N.0/24 is the part of tunnel N.
IpRange part_of(const IpRange& net, unsigned number) {
  ByteString octets{net.first.octets().begin(), net.first.octets().end()};
  octets[2] = static_cast<std::uint8_t>(number);
  return IpRange::of_prefix(*IpAddress::from_octets(octets), 24);
}

std::shared_ptr<const policy::DynVpnAction> make_action(const PolicyChoices& choices) {
  policy::DynVpnAction action{.name = "gold"};
  action.initiate_with_pfs = choices.pfs;
  action.acceptable_pfs = {choices.pfs};
  action.how_to_encap_ikev2 = policy::EncapsulationChoice::tunnel;
  action.offers = {{.name = "gcm",
                    .encryption = EncryptionId::aes_gcm_16,
                    .key_bits = 256,
                    .lifetime = choices.child_lifetime,
                    .at = {}},
                   {.name = "cbc",
                    .encryption = EncryptionId::aes_cbc,
                    .key_bits = 128,
                    .integrity = IntegrityId::hmac_sha2_256_128,
                    .lifetime = choices.child_lifetime,
                    .at = {}}};
  return std::make_shared<const policy::DynVpnAction>(std::move(action));
}

std::shared_ptr<const policy::KeyExchangeAction> make_exchange_action(const PolicyChoices& choices) {
  policy::KeyExchangeAction action{.name = "exchange"};
  action.how_to_initiate = policy::HowToInitiate::ikev2;
  action.how_to_auth_me = policy::HowToAuthMe::preshared_key;
  action.allow_nat = choices.allow_nat;
  action.liveness_interval = choices.liveness_interval;
  for (const GroupId group : choices.groups) {
    action.offers.push_back({.name = to_string(group),
                             .encryption = EncryptionId::aes_gcm_16,
                             .key_bits = 256,
                             .prf = PrfId::hmac_sha2_256,
                             .group = group,
                             .auth_peers = policy::HowToAuthPeers::preshared_key,
                             .lifetime = choices.ike_lifetime,
                             .at = {}});
  }
  return std::make_shared<const policy::KeyExchangeAction>(std::move(action));
}

}  // namespace

Site site_a() { return {"A", *IpAddress::parse("192.0.2.1"), IpRange::of_prefix(*IpAddress::parse("10.1.0.0"), 16)}; }
Site site_b() { return {"B", *IpAddress::parse("192.0.2.2"), IpRange::of_prefix(*IpAddress::parse("10.2.0.0"), 16)}; }

std::string tunnel_name(unsigned number) { return "tunnel" + std::to_string(number); }

policy::PolicyPointer make_policy(const Site& local, const Site& remote, const PolicyChoices& choices) {
  policy::PolicySnapshot snapshot;
  snapshot.stack = {local.name};
  snapshot.version = 1;

  policy::Filter outbound{.rule = "nets", .extension = 1, .group = {}};
  outbound.direction = policy::Direction::outbound;
  outbound.source = local.net;
  outbound.destination = remote.net;
  outbound.routing = policy::Routing::either;
  outbound.action = policy::FilterAction::ipsec;
  outbound.vpn = make_action(choices);
  policy::LocalStart start;
  start.allow_on_demand = choices.allow_on_demand;
  start.local_endpoint = local.address;
  start.remote_endpoint = remote.address;
  outbound.local_start = std::make_shared<const policy::LocalStart>(start);
  policy::Filter inbound = outbound;
  inbound.extension = 2;
  inbound.direction = policy::Direction::inbound;
  std::swap(inbound.source, inbound.destination);
  snapshot.filter.allow_on_demand = choices.allow_on_demand;
  snapshot.filter.filters = {outbound, inbound};

  const Identity peer = identity_of(remote);
  policy::KeyExchangeRule rule;
  rule.name = "to" + remote.name;
  rule.local_identity = identity_of(local);
  rule.local_locations = {IpRange::of(local.address)};
  rule.remote_identity = {.type = peer.type, .text = remote.address.to_string(), .exact = peer, .addresses = {}};
  rule.remote_locations = {IpRange::of(remote.address)};
  rule.action = make_exchange_action(choices);
  rule.shared_key = Secret{as_bytes(choices.shared_key)};
  snapshot.key_exchange.rules = {rule};

  for (unsigned number = 1; number <= choices.tunnels; ++number) {
    snapshot.local_dyn_vpn.push_back({.name = tunnel_name(number),
                                      .group = {},
                                      .local = all_of(part_of(local.net, number)),
                                      .remote = all_of(part_of(remote.net, number)),
                                      .auto_activate = choices.auto_activate,
                                      .at = {}});
  }
  return std::make_shared<const policy::PolicySnapshot>(std::move(snapshot));
}

}  // namespace adit::sim
