#include "two_engines.h"

namespace adit::ike {

policy::PolicyPointer make_policy(const Side& side) {
  policy::PolicySnapshot snapshot;
  snapshot.stack = {side.name};
  policy::DynVpnAction vpn{.name = "tunnel"};
  vpn.initiation = side.initiation;
  vpn.how_to_encap_ikev2 = side.encap;
  vpn.initiate_with_pfs = side.pfs;
  vpn.acceptable_pfs = {side.pfs};
  if (side.also_pfs != GroupId::none) vpn.acceptable_pfs.push_back(side.also_pfs);
  vpn.vpn_life = side.vpn_life;
  const EncryptionFacts* facts = find(side.data_encryption);
  const bool is_ah = facts == nullptr;
  vpn.offers = {{.name = "offer 1",
                 .ah = is_ah,
                 .encryption = side.data_encryption,
                 .key_bits = is_ah || side.data_encryption == EncryptionId::chacha20_poly1305 ? 0u : 256u,
                 .integrity = !is_ah && facts->is_aead() ? IntegrityId::none : IntegrityId::hmac_sha2_256_128,
                 .lifetime = side.child_lifetime,
                 .lifesize_kbytes = side.child_lifesize,
                 .at = {"pagent.conf", 7, 1, 1}}};

  const bool is_transport = side.encap == policy::EncapsulationChoice::transport;
  const auto range = [&](const std::string& net, const std::string& host) {
    return is_transport ? IpRange::of(address(host)) : IpRange::of_prefix(address(net), 24);
  };
  policy::Filter outbound{.rule = "nets", .extension = 1};
  outbound.direction = policy::Direction::outbound;
  outbound.source = range(side.net, side.address);
  outbound.destination = range(side.peer_net, side.peer_address);
  outbound.routing = policy::Routing::either;
  outbound.action = policy::FilterAction::ipsec;
  outbound.vpn = std::make_shared<const policy::DynVpnAction>(vpn);
  policy::LocalStart start;
  start.allow_on_demand = true;
  start.local_endpoint = address(side.address);
  start.remote_endpoint = address(side.remote_endpoint.empty() ? side.peer_address : side.remote_endpoint);
  outbound.local_start = std::make_shared<const policy::LocalStart>(start);
  if (!side.filter_for.empty()) {
    outbound.remote_identity = {
        .type = IdentityType::ipv4_addr, .text = side.filter_for, .exact = identity_of(side.filter_for)};
  }
  policy::Filter inbound = outbound;
  inbound.extension = 2;
  inbound.direction = policy::Direction::inbound;
  std::swap(inbound.source, inbound.destination);
  snapshot.filter.filters = {outbound, inbound};

  policy::KeyExchangeAction action{.name = "exchange"};
  action.how_to_initiate = policy::HowToInitiate::ikev2;
  action.how_to_auth_me = side.me;
  action.allow_nat = side.allow_nat;
  action.force_udp_encapsulation = side.force_udp;
  action.bypass_ip_validation = side.bypass_ip_validation;
  action.liveness_interval = side.liveness;
  action.filter_by_identity = !side.filter_for.empty();
  action.reauth_interval = side.reauth;
  for (const GroupId group : side.groups) {
    action.offers.push_back(
        {.name = "offer",
         .encryption = side.encryption,
         .key_bits = side.key_bits,
         .integrity = find(side.encryption)->is_aead() ? IntegrityId::none : IntegrityId::hmac_sha2_256_128,
         .prf = PrfId::hmac_sha2_256,
         .group = group,
         .auth_peers = side.peers,
         .lifetime = side.ike_lifetime,
         .at = {"pagent.conf", 41, 1, 1}});
  }
  policy::KeyExchangeRule rule;
  rule.name = "peer";
  rule.local_identity = identity_of(side.address);
  rule.local_locations = {IpRange::of(address(side.address))};
  const std::string peer = side.peer_identity.empty() ? side.peer_address : side.peer_identity;
  rule.remote_identity = {.type = IdentityType::ipv4_addr, .text = peer, .exact = identity_of(peer)};
  rule.ca_labels = {"ca"};
  rule.action = std::make_shared<const policy::KeyExchangeAction>(std::move(action));
  rule.shared_key = Secret{as_bytes(side.secret)};
  snapshot.key_exchange.rules = {rule};

  policy::LocalDynVpnRule local{.name = "net-to-net"};
  local.local.addresses = outbound.source;
  local.remote.addresses = outbound.destination;
  local.auto_activate = side.auto_activate;
  snapshot.local_dyn_vpn = {local};
  return std::make_shared<const policy::PolicySnapshot>(std::move(snapshot));
}

Host::Host(Side which, EngineOptions options, std::uint64_t seed)
    : side{std::move(which)}, random{seed}, engine{options, random} {}

void Host::feed(Input input) {
  std::deque<Input> inputs;
  inputs.push_back(std::move(input));
  while (!inputs.empty()) {
    Step step = engine.handle(std::move(inputs.front()), now);
    inputs.pop_front();
    for (Datagram& datagram : step.send) out.push_back(std::move(datagram));
    for (LogRecord& record : step.log) log.push_back(std::move(record));
    for (OperatorAnswer& answer : step.answers) answers.push_back(std::move(answer));
    for (const StackRequest& request : step.stack) {
      if (const auto* install = std::get_if<contract::InstallChildSa>(&request)) {
        const auto refused = refuse_install ? refuse_install(*install) : std::nullopt;
        if (!refused) installed.emplace(install->name, *install);
        if (stack_answers) inputs.push_back(contract::InstallResult{install->stack, install->name, refused});
      } else if (const auto* remove = std::get_if<contract::RemoveChildSa>(&request)) {
        EXPECT_EQ(installed.erase(remove->name), 1u) << "removed what was never installed";
        removed.push_back(*remove);
      } else if (const auto* retire = std::get_if<contract::RetireChildSa>(&request)) {
        retired.push_back(*retire);
      } else if (const auto* begin = std::get_if<contract::BeginSending>(&request)) {
        begun.push_back(*begin);
      } else if (const auto* move = std::get_if<contract::MovePeer>(&request)) {
        moved.push_back(*move);
      } else {
        queried.push_back(std::get<QueryCounters>(request));
        if (counters) inputs.push_back(counters(queried.back()));
      }
    }
    for (const CertificateRequest& request : step.certificates) {
      asked.push_back(request);
      if (nssd) inputs.push_back(CertificateAnswer{request.id, nssd(request)});
    }
  }
}

void Host::pass_time_to(Instant instant) {
  now = instant;
  if (const auto due = engine.next_deadline(); due && *due <= now) feed(TimePassed{});
}

bool Host::has_told(CatalogueId message) const {
  for (const LogRecord& record : log) {
    if (record.message == message) return true;
  }
  return false;
}

std::string Host::told() const {
  std::string text = side.name + ":\n";
  for (const LogRecord& record : log) text += "  " + record.to_string() + "\n";
  return text;
}

TwoEngines::TwoEngines(Side a, Side b, EngineOptions options)
    : east_host{std::move(a), options, 1}, west_host{std::move(b), options, 2} {
  for (Host* host : {&east_host, &west_host}) host->now = Instant{Seconds{1000}};
}

void TwoEngines::settle(const std::function<bool(Datagram&)>& change) {
  while (!east_host.out.empty() || !west_host.out.empty()) {
    for (Host* from : {&east_host, &west_host}) {
      Host& to = from == &east_host ? west_host : east_host;
      std::deque<Datagram> flight = std::exchange(from->out, {});
      for (Datagram& sent : flight) {
        Datagram arriving{.stack = to.stack(), .local = sent.remote, .remote = sent.local, .octets = sent.octets};
        if (change && !change(arriving)) continue;
        carried.push_back(arriving);
        to.feed(std::move(arriving));
      }
    }
  }
}

void TwoEngines::pass(Duration time) {
  const Instant end = east_host.now + time;
  for (;;) {
    Instant next = end;
    for (Host* host : {&east_host, &west_host}) {
      if (const auto due = host->engine.next_deadline()) next = std::min(next, std::max(*due, host->now));
    }
    for (Host* host : {&east_host, &west_host}) host->pass_time_to(next);
    settle();
    if (next == end) return;
  }
}

void TwoEngines::activate() {
  for (Host* host : {&east_host, &west_host}) {
    host->feed(PolicyInstalled{make_policy(host->side)});
    host->feed(StackUp{host->stack()});
  }
  if (!east_host.side.auto_activate) east_host.feed(ActivateRule{east_host.stack(), "net-to-net"});
  settle();
}

}  // namespace adit::ike
