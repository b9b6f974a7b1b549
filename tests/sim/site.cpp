#include "sim/site.h"

#include <algorithm>

namespace adit::sim {
namespace {

/// A site behind a NAT cannot go by an address that the world does not see.
Identity identity_of(const Site& site) {
  if (site.outside) {
    const Bytes name = as_bytes(site.name);
    return {.type = IdentityType::fqdn, .value = {name.begin(), name.end()}};
  }
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

constexpr policy::LifesizeLimits any_lifesize{.least = 1, .most = UINT32_MAX};

std::shared_ptr<const policy::DynVpnAction> make_action(const Site& remote, const PolicyChoices& choices) {
  policy::DynVpnAction action{.name = "gold"};
  if (remote.outside) action.initiation = policy::Initiation::remote_only;
  action.initiate_with_pfs = choices.pfs;
  action.acceptable_pfs = {choices.pfs};
  action.how_to_encap_ikev2 = policy::EncapsulationChoice::tunnel;
  action.offers = {{.name = "gcm",
                    .encryption = EncryptionId::aes_gcm_16,
                    .key_bits = 256,
                    .lifetime = choices.child_lifetime,
                    .lifetime_least = Minutes{1},
                    .lifesize_kbytes = choices.child_lifesize_kbytes,
                    .lifesize_accepted = any_lifesize,
                    .at = {}},
                   {.name = "cbc",
                    .encryption = EncryptionId::aes_cbc,
                    .key_bits = 128,
                    .integrity = IntegrityId::hmac_sha2_256_128,
                    .lifetime = choices.child_lifetime,
                    .lifetime_least = Minutes{1},
                    .lifesize_kbytes = choices.child_lifesize_kbytes,
                    .lifesize_accepted = any_lifesize,
                    .at = {}}};
  if (choices.ah) {
    for (policy::DataOffer& offer : action.offers) {
      offer.ah = true;
      offer.encryption = EncryptionId::none;
      offer.key_bits = 0;
      offer.integrity = offer.name == "gcm" ? IntegrityId::aes_256_gmac : IntegrityId::hmac_sha2_256_128;
    }
  }
  if (choices.around_esp && choices.how != policy::HowToInitiate::ikev2) {
    for (policy::DataOffer& offer : action.offers) {
      offer.ah = true;
      offer.encryption = EncryptionId::aes_cbc;
      offer.integrity = offer.name == "gcm" ? IntegrityId::aes_256_gmac : IntegrityId::hmac_sha2_384_192;
    }
  }
  return std::make_shared<const policy::DynVpnAction>(std::move(action));
}

std::shared_ptr<const policy::KeyExchangeAction> make_exchange_action(const PolicyChoices& choices) {
  policy::KeyExchangeAction action{.name = "exchange"};
  action.how_to_initiate = choices.how;
  action.how_to_auth_me =
      choices.signatures ? policy::HowToAuthMe::digital_signature : policy::HowToAuthMe::preshared_key;
  action.reauth_interval = choices.reauth_interval;
  action.allow_nat = choices.allow_nat;
  action.liveness_interval = choices.liveness_interval;
  for (const GroupId group : choices.groups) {
    policy::KeyExchangeOffer offer{
        .name = to_string(group),
        .encryption = EncryptionId::aes_gcm_16,
        .key_bits = 256,
        .prf = PrfId::hmac_sha2_256,
        .group = group,
        .auth_peers = choices.signatures ? policy::HowToAuthPeers::signature : policy::HowToAuthPeers::preshared_key,
        .lifetime = choices.ike_lifetime,
        .lifetime_least = Minutes{1},
        .at = {}};
    action.offers.push_back(offer);
    // IKEv1 has no combined modes for its own messages.
    offer.encryption = EncryptionId::aes_cbc;
    offer.integrity = IntegrityId::hmac_sha2_256_128;
    if (choices.how != policy::HowToInitiate::ikev2) action.offers.push_back(offer);
  }
  return std::make_shared<const policy::KeyExchangeAction>(std::move(action));
}

void add_filters(policy::PolicySnapshot& snapshot, const Site& local, const IpRange& local_net, const Site& remote,
                 const std::string& rule, const PolicyChoices& choices) {
  policy::Filter outbound{.rule = rule, .extension = 1, .group = {}};
  outbound.direction = policy::Direction::outbound;
  outbound.source = local_net;
  outbound.destination = remote.net;
  outbound.routing = policy::Routing::either;
  outbound.action = policy::FilterAction::ipsec;
  outbound.vpn = make_action(remote, choices);
  policy::LocalStart start;
  start.allow_on_demand = choices.allow_on_demand && !remote.outside;
  start.local_address = start.remote_address = choices.on_demand;
  start.local_endpoint = local.address;
  start.remote_endpoint = remote.seen_from_outside();
  outbound.local_start = std::make_shared<const policy::LocalStart>(start);
  policy::Filter inbound = outbound;
  inbound.extension = 2;
  inbound.direction = policy::Direction::inbound;
  std::swap(inbound.source, inbound.destination);
  snapshot.filter.filters.push_back(std::move(outbound));
  snapshot.filter.filters.push_back(std::move(inbound));
}

policy::KeyExchangeRule make_rule(const Site& local, const Site& remote, const PolicyChoices& choices) {
  const Identity peer = identity_of(remote);
  policy::KeyExchangeRule rule;
  rule.name = "to" + remote.name;
  rule.local_identity = identity_of(local);
  rule.local_locations = {IpRange::of(local.address)};
  rule.remote_identity = {.type = peer.type, .text = peer.to_string(), .exact = peer, .addresses = {}};
  // A NAT may give its host another address at any time: such a rule is for every address, and comes last.
  if (!remote.outside) rule.remote_locations = {IpRange::of(remote.address)};
  rule.action = make_exchange_action(choices);
  if (choices.signatures) {
    rule.ca_labels = {"ca"};
  } else {
    rule.shared_key = Secret{as_bytes(choices.shared_key)};
  }
  return rule;
}

}  // namespace

Site site_of(std::size_t number) {
  const auto octet = static_cast<std::uint32_t>(number + 1);
  return {.name = std::string(1, static_cast<char>('A' + number)),
          .address = IpAddress::v4(0xc0000200 + octet),                              // 192.0.2.x
          .net = IpRange::of_prefix(IpAddress::v4(0x0a000000 + (octet << 16)), 16),  // 10.x.0.0/16
          .outside = {}};
}
Site site_a() { return site_of(0); }
Site site_b() { return site_of(1); }
Site behind_nat(Site site) {
  const std::uint32_t octet = site.address.octets().back();
  site.outside = IpAddress::v4(0xc6336400 + octet);  // 198.51.100.x
  site.address = IpAddress::v4(0xac100000 + octet);  // 172.16.0.x
  return site;
}

std::string tunnel_name(unsigned number) { return "tunnel" + std::to_string(number); }
std::string tunnel_name(unsigned number, const Site& peer) { return tunnel_name(number) + "-" + peer.name; }

IpAddress address_in(const Site& site, unsigned number, std::uint8_t last_octet) {
  const IpAddress first = part_of(site.net, number).first;
  ByteString octets{first.octets().begin(), first.octets().end()};
  octets.back() = last_octet;
  return *IpAddress::from_octets(octets);
}

policy::PolicyPointer make_policy(const Site& local, const Site& remote, const PolicyChoices& choices) {
  return make_policy(local, std::vector{remote}, choices);
}

policy::PolicyPointer make_policy(const Site& local, const std::vector<Site>& remotes, const PolicyChoices& common) {
  policy::PolicySnapshot snapshot;
  snapshot.stack = {local.name};
  snapshot.version = 1;
  snapshot.filter.allow_on_demand = common.allow_on_demand;
  const bool is_one = remotes.size() == 1;
  for (const Site& remote : remotes) {
    PolicyChoices choices = common;
    const auto speaks_v2 = std::ranges::find(common.v2_peers, remote.name);
    if (speaks_v2 != common.v2_peers.end()) choices.how = policy::HowToInitiate::ikev2;
    const std::string rule = is_one ? "nets" : "nets-" + remote.name;
    if (!choices.covers_parts) add_filters(snapshot, local, local.net, remote, rule, choices);
    for (unsigned number = 1; choices.covers_parts && number <= choices.tunnels; ++number) {
      add_filters(snapshot, local, part_of(local.net, number), remote, rule, choices);
    }
    snapshot.key_exchange.rules.push_back(make_rule(local, remote, choices));
    if (remote.outside) continue;
    for (unsigned number = 1; number <= choices.tunnels; ++number) {
      snapshot.local_dyn_vpn.push_back({.name = is_one ? tunnel_name(number) : tunnel_name(number, remote),
                                        .group = {},
                                        .local = all_of(part_of(local.net, number)),
                                        .remote = all_of(part_of(remote.net, number)),
                                        .auto_activate = choices.auto_activate,
                                        .at = {}});
    }
  }
  std::ranges::stable_partition(snapshot.key_exchange.rules,
                                [](const auto& rule) { return !rule.remote_locations.empty(); });
  return std::make_shared<const policy::PolicySnapshot>(std::move(snapshot));
}

}  // namespace adit::sim
