#pragma once
// Two ends of IKE in memory, for benchmarks: a gateway that any host may come to, and hosts. Stacks install at once, no
// datagram is lost, the clock goes as it is told, and each end's time is counted apart.

#include <time.h>

#include <chrono>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "ike/engine/engine.h"

namespace adit::ike::bench {

/// The CPU time of this thread: what other processes take of the machine does not count.
struct Clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Clock>;
  static constexpr bool is_steady = true;
  static time_point now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time_point{std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec}};
  }
};

class CountingRandom final : public Random {
 public:
  explicit CountingRandom(std::uint64_t seed) : state_{seed} {}
  void fill(MutableBytes octets) override {
    for (std::uint8_t& octet : octets) {  // splitmix64
      std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
      mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
      mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
      octet = static_cast<std::uint8_t>(mixed >> 56);
    }
  }

 private:
  std::uint64_t state_;
};

inline const IpAddress gateway_address = *IpAddress::parse("198.51.100.1");

inline Identity identity_of(const IpAddress& address) {
  return {IdentityType::ipv4_addr, {address.octets().begin(), address.octets().end()}};
}

/// What the policies of a benchmark differ in.
struct Terms {
  std::optional<IpAddress> host;   ///< the policy of the host with that address and identity; nothing: the gateway's
  std::optional<IpAddress> inner;  ///< the host's traffic, where it is not that of its own address
  GroupId pfs = GroupId::none;
  Minutes ike_lifetime{480}, child_lifetime{240};
  bool allow_nat = false;
  policy::HowToInitiate how = policy::HowToInitiate::ikev2;
  EncryptionId ike_encryption = EncryptionId::aes_gcm_16;
  IntegrityId ike_integrity = IntegrityId::none;
  GroupId ike_group = GroupId::curve25519;
};

inline policy::PolicyPointer make_policy(const Terms& terms) {
  const std::optional<IpAddress>& host = terms.host;
  policy::PolicySnapshot snapshot;
  snapshot.stack = {host ? "host" : "gateway"};
  policy::DynVpnAction vpn{.name = "gold", .vpn_life = Minutes{0}};
  vpn.initiate_with_pfs = terms.pfs;
  vpn.acceptable_pfs = {terms.pfs};
  vpn.offers = {{.name = "gcm",
                 .encryption = EncryptionId::aes_gcm_16,
                 .key_bits = 256,
                 .lifetime = terms.child_lifetime,
                 .at = {}}};
  policy::Filter outbound{.rule = "nets", .extension = 1};
  outbound.direction = policy::Direction::outbound;
  outbound.action = policy::FilterAction::ipsec;
  outbound.vpn = std::make_shared<const policy::DynVpnAction>(vpn);
  const IpRange net = IpRange::of_prefix(*IpAddress::parse("192.168.0.0"), 16);
  outbound.source = host ? IpRange::of(terms.inner.value_or(*host)) : net;
  outbound.destination = host ? net : IpRange::all(IpFamily::v4);
  policy::LocalStart start;
  start.allow_on_demand = true;
  if (host) {
    start.local_endpoint = *host;
    start.remote_endpoint = gateway_address;
  }
  outbound.local_start = std::make_shared<const policy::LocalStart>(start);
  snapshot.filter.filters = {outbound};

  policy::KeyExchangeAction action{.name = "exchange", .allow_nat = terms.allow_nat};
  action.how_to_initiate = terms.how;
  action.liveness_interval = Seconds{0};
  action.offers = {{.name = "offer",
                    .encryption = terms.ike_encryption,
                    .key_bits = 256,
                    .integrity = terms.ike_integrity,
                    .prf = PrfId::hmac_sha2_256,
                    .group = terms.ike_group,
                    .lifetime = terms.ike_lifetime,
                    .at = {}}};
  policy::KeyExchangeRule rule;
  rule.name = "peers";
  rule.local_identity = identity_of(host.value_or(gateway_address));
  rule.remote_identity.type = IdentityType::ipv4_addr;
  if (host) {
    rule.remote_identity.exact = identity_of(gateway_address);
  } else {
    rule.remote_identity.addresses = IpRange::all(IpFamily::v4);
  }
  action.bypass_ip_validation = terms.allow_nat;  // a host's identity is not the address it is seen at
  rule.action = std::make_shared<const policy::KeyExchangeAction>(action);
  rule.shared_key = Secret{as_bytes("a key of thirty-two characters !")};
  snapshot.key_exchange.rules = {rule};
  return std::make_shared<const policy::PolicySnapshot>(std::move(snapshot));
}

/// An engine with a policy, and how long it has worked.
struct End {
  End(const Terms& terms, std::uint64_t seed, const EngineOptions& options = {})
      : random{seed},
        engine{options, random},
        policy{make_policy(terms)},
        address{terms.host.value_or(gateway_address)} {
    engine.handle(PolicyInstalled{policy}, Instant{});
  }
  End(const End&) = delete;
  End& operator=(const End&) = delete;

  /// What it sends for an input; what its stack answers is an input too.
  std::vector<Datagram> feed(Input input, Instant now) {
    std::vector<Datagram> out;
    std::vector<Input> inputs;
    inputs.push_back(std::move(input));
    while (!inputs.empty()) {
      Input next = std::move(inputs.back());
      inputs.pop_back();
      const auto before = Clock::now();
      Step step = engine.handle(std::move(next), now);
      spent += Clock::now() - before;
      for (Datagram& datagram : step.send) out.push_back(std::move(datagram));
      for (const StackRequest& request : step.stack) {
        if (const auto* install = std::get_if<contract::InstallChildSa>(&request)) {
          last_installed = install->name;
          inputs.push_back(contract::InstallResult{install->stack, install->name, std::nullopt});
        }
      }
    }
    return out;
  }
  const StackName& stack() const { return policy->stack; }

  CountingRandom random;
  Engine engine;
  policy::PolicyPointer policy;
  IpAddress address;
  contract::ChildSaName last_installed;
  Clock::duration spent{};
};

/// A host and the gateway, and the address at which the gateway sees the host: another than its own behind a NAT, which
/// gives each of its two ports of IKE another one.
struct Conversation {
  End& host;
  End& gateway;
  Endpoint seen_as;

  /// Gives one end an input and carries datagrams to and fro until both are quiet.
  void go_on(End& at, Input input, Instant now) const {
    std::deque<std::pair<End*, Datagram>> under_way;
    const auto depart = [&](End& from, std::vector<Datagram> sent) {
      for (Datagram& datagram : sent) under_way.emplace_back(&from, std::move(datagram));
    };
    depart(at, at.feed(std::move(input), now));
    while (!under_way.empty()) {
      auto [from, sent] = std::move(under_way.front());
      under_way.pop_front();
      End& to = from == &host ? gateway : host;
      depart(to, to.feed(Datagram{to.stack(), to_end(to, sent), from_end(*from, sent), std::move(sent.octets)}, now));
    }
  }

 private:
  static constexpr std::uint16_t natt_port = 4500;
  bool is_behind_nat() const { return seen_as.address != host.address; }
  /// Where it arrives.
  Endpoint to_end(const End& to, const Datagram& sent) const {
    if (&to == &gateway || !is_behind_nat()) return sent.remote;
    return {host.address, sent.remote.port == seen_as.port ? std::uint16_t{500} : natt_port};
  }
  /// Where it seems to come from.
  Endpoint from_end(const End& from, const Datagram& sent) const {
    if (&from == &gateway || !is_behind_nat()) return sent.local;
    return {seen_as.address, static_cast<std::uint16_t>(seen_as.port + (sent.local.port == natt_port ? 1 : 0))};
  }
};

/// The host's first packet: it sets up an IKE SA with a Child SA.
inline void shake_hands(const Conversation& between, Instant now) {
  const policy::Filter& filter = between.host.policy->filter.filters.front();
  const contract::Acquire packet{
      between.host.stack(),
      filter.rule,
      {.source = filter.source.first, .destination = *IpAddress::parse("192.168.0.1"), .protocol = 6}};
  between.go_on(between.host, packet, now);
}

inline double microseconds(Clock::duration time) { return std::chrono::duration<double, std::micro>(time).count(); }

}  // namespace adit::ike::bench
