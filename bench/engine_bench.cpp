// The IKE engine alone, in memory: what one handshake costs the responder and the initiator, whether that grows with
// the number of SAs, and how much memory an IKE SA with its Child SA takes.

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <chrono>

#include "ike/engine/engine.h"

namespace adit::ike {
namespace {

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

const IpAddress gateway = *IpAddress::parse("198.51.100.1");

Identity identity_of(const IpAddress& address) {
  return {IdentityType::ipv4_addr, {address.octets().begin(), address.octets().end()}};
}

/// The policy of a gateway, which any host may come to, or of the host with that address.
policy::PolicyPointer make_policy(const std::optional<IpAddress>& host) {
  policy::PolicySnapshot snapshot;
  snapshot.stack = {host ? "host" : "gateway"};
  policy::DynVpnAction vpn{.name = "gold"};
  vpn.offers = {{.name = "gcm", .encryption = EncryptionId::aes_gcm_16, .key_bits = 256, .at = {}}};
  policy::Filter outbound{.rule = "nets", .extension = 1};
  outbound.direction = policy::Direction::outbound;
  outbound.action = policy::FilterAction::ipsec;
  outbound.vpn = std::make_shared<const policy::DynVpnAction>(vpn);
  const IpRange net = IpRange::of_prefix(*IpAddress::parse("192.168.0.0"), 16);
  outbound.source = host ? IpRange::of(*host) : net;
  outbound.destination = host ? net : IpRange::all(IpFamily::v4);
  policy::LocalStart start;
  start.allow_on_demand = true;
  if (host) start.remote_endpoint = gateway;
  outbound.local_start = std::make_shared<const policy::LocalStart>(start);
  snapshot.filter.filters = {outbound};

  policy::KeyExchangeAction action{.name = "exchange"};
  action.how_to_initiate = policy::HowToInitiate::ikev2;
  action.offers = {{.name = "offer",
                    .encryption = EncryptionId::aes_gcm_16,
                    .key_bits = 256,
                    .prf = PrfId::hmac_sha2_256,
                    .group = GroupId::curve25519,
                    .at = {}}};
  policy::KeyExchangeRule rule;
  rule.name = "peers";
  rule.local_identity = identity_of(host.value_or(gateway));
  rule.remote_identity.type = IdentityType::ipv4_addr;
  if (host) {
    rule.remote_identity.exact = identity_of(gateway);
  } else {
    rule.remote_identity.addresses = IpRange::all(IpFamily::v4);
  }
  rule.action = std::make_shared<const policy::KeyExchangeAction>(action);
  rule.shared_key = Secret{as_bytes("a key of thirty-two characters !")};
  snapshot.key_exchange.rules = {rule};
  return std::make_shared<const policy::PolicySnapshot>(std::move(snapshot));
}

using Clock = std::chrono::steady_clock;

/// Runs an input through an engine whose stack installs at once; adds the time to `spent`.
std::vector<Datagram> run(Engine& engine, Input input, Clock::duration& spent) {
  std::vector<Datagram> out;
  std::vector<Input> inputs;
  inputs.push_back(std::move(input));
  while (!inputs.empty()) {
    Input next = std::move(inputs.back());
    inputs.pop_back();
    const auto before = Clock::now();
    Step step = engine.handle(std::move(next), Instant{Seconds{1}});
    spent += Clock::now() - before;
    for (Datagram& datagram : step.send) out.push_back(std::move(datagram));
    for (const StackRequest& request : step.stack) {
      if (const auto* install = std::get_if<contract::InstallChildSa>(&request)) {
        inputs.push_back(contract::InstallResult{install->stack, install->name, std::nullopt});
      }
    }
  }
  return out;
}

struct Times {
  Clock::duration initiator{}, responder{};
};

void shake_hands(Engine& responder, std::uint32_t number, Times& times) {
  const IpAddress host = IpAddress::v4(0x0a000000u + number);
  CountingRandom random{number};
  Engine initiator{{}, random};
  Clock::duration not_counted{};
  run(initiator, PolicyInstalled{make_policy(host)}, not_counted);
  auto requests =
      run(initiator,
          contract::Acquire{
              {"host"}, "nets", {.source = host, .destination = *IpAddress::parse("192.168.0.1"), .protocol = 6}},
          times.initiator);
  while (!requests.empty()) {
    const Datagram& request = requests.front();
    const auto answers =
        run(responder, Datagram{{"gateway"}, request.remote, request.local, request.octets}, times.responder);
    if (answers.empty()) break;
    const Datagram& answer = answers.front();
    requests = run(initiator, Datagram{{"host"}, answer.remote, answer.local, answer.octets}, times.initiator);
  }
}

/// With `held` SAs in the responder already.
void handshake(benchmark::State& state) {
  CountingRandom random{0xfeed};
  Engine responder{{}, random};
  Times times;
  run(responder, PolicyInstalled{make_policy(std::nullopt)}, times.responder);
  std::uint32_t number = 1;
  while (number <= state.range(0)) shake_hands(responder, number++, times);

  times = {};
  for (auto _ : state) {
    const Times before = times;
    shake_hands(responder, number++, times);
    state.SetIterationTime(std::chrono::duration<double>(times.responder - before.responder).count());
  }
  if (responder.statistics().child_sas != number - 1) state.SkipWithError("not every handshake was completed");
  const auto each = [&](Clock::duration all) {
    return std::chrono::duration<double, std::micro>(all).count() / static_cast<double>(state.iterations());
  };
  state.counters["responder_us"] = each(times.responder);
  state.counters["initiator_us"] = each(times.initiator);
}
BENCHMARK(handshake)->Arg(0)->Arg(1000)->Arg(20000)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(2000);

/// Octets of the heap for an IKE SA with its Child SA at rest, indexes and allocator counted in.
void memory(benchmark::State& state) {
  constexpr std::uint32_t count = 2000;
  for (auto _ : state) {
    CountingRandom random{0xfeed};
    Engine responder{{}, random};
    Times times;
    run(responder, PolicyInstalled{make_policy(std::nullopt)}, times.responder);
    shake_hands(responder, count + 1, times);  // what is made once
    const std::size_t before = mallinfo2().uordblks;
    for (std::uint32_t number = 1; number <= count; ++number) shake_hands(responder, number, times);
    const std::size_t with_responses = mallinfo2().uordblks;
    responder.handle(TimePassed{}, Instant{Seconds{200}});  // responses are forgotten by then
    state.counters["octets_per_sa"] = static_cast<double>(with_responses - before) / count;
    state.counters["octets_per_sa_later"] = static_cast<double>(mallinfo2().uordblks - before) / count;
  }
}
BENCHMARK(memory)->Iterations(1);

}  // namespace
}  // namespace adit::ike

BENCHMARK_MAIN();
