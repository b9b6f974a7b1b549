// What one step costs an engine that holds 10, 1 000 and 100 000 IKE SAs, each with its Child SA: it must not grow with
// them. The SAs are those that an index finds hardest: all hosts are behind one NAT and have the same inner address, so
// that only their identities and SPIs tell them apart. A walk over all of them anywhere would show as a factor of
// thousands; what there is comes of caches.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <map>

#include "ends.h"
#include "verdict.h"

namespace adit::ike::bench {
namespace {

constexpr Minutes for_ever{1'000'000};
constexpr Seconds until_the_old_one_left{2};
constexpr double most_growth = 5;  // of the median of any step, against 10 SAs: measured 1.2 to 2.9, by caches alone
constexpr unsigned rounds = 101;

const IpAddress nat_address = *IpAddress::parse("203.0.113.1");
const IpAddress inner_address = *IpAddress::parse("172.16.0.1");

/// What is measured, at the gateway.
enum Kind { handshake, child_rekey, ike_rekey, peer_moved, deleted, idle_clock, stranger, kind_count };
constexpr std::array<const char*, kind_count> names = {"handshake_us", "child_rekey_us", "ike_rekey_us", "moved_us",
                                                       "deleted_us",   "clock_us",       "stranger_us"};

class Host {
 public:
  Host(End& gateway, std::uint32_t number)
      : host_{{.host = IpAddress::v4(0x0a000000u + number),
               .inner = inner_address,
               .ike_lifetime = Minutes{20},
               .child_lifetime = for_ever,
               .allow_nat = true},
              number},
        between_{host_, gateway, {nat_address, static_cast<std::uint16_t>(1024 + number % 30000 * 2)}} {}

  void set_up(Instant now) { shake_hands(between_, now); }
  void go_on(End& at, Input input, Instant now) { between_.go_on(at, std::move(input), now); }
  End& end() { return host_; }
  /// Where the gateway sees its traffic come from.
  Endpoint seen_as() const { return {between_.seen_as.address, static_cast<std::uint16_t>(between_.seen_as.port + 1)}; }
  std::uint32_t ike_generation() { return host_.engine.ike_tunnels(host_.stack()).front().generation; }

 private:
  End host_;
  Conversation between_;
};

/// A gateway that so many hosts have set up SAs with, and gone on with other things.
class Gateway {
 public:
  explicit Gateway(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) Host{end_, ++last_host_}.set_up(now_);
    wait(Seconds{200});  // the responses kept for repetitions are forgotten by then
  }
  std::size_t sas() const { return end_.engine.statistics().ike_sas; }
  std::size_t children() const { return end_.engine.statistics().child_sas; }

  /// A host comes, does what hosts do, and goes; how long each thing took the gateway.
  std::array<double, kind_count> serve_one() {
    std::array<double, kind_count> taken{};
    const auto timed = [&](Kind kind, const auto& what) {
      end_.spent = {};
      what();
      taken[kind] = microseconds(end_.spent);
    };
    Host host{end_, ++last_host_};
    const StackName stack = host.end().stack();
    timed(handshake, [&] { host.set_up(now_); });
    timed(child_rekey, [&] { host.go_on(host.end(), RefreshDynamicTunnel{stack, std::nullopt}, now_); });
    wait(until_the_old_one_left);
    while (host.ike_generation() == 1) {
      wait(*host.end().engine.next_deadline() - now_);
      timed(ike_rekey, [&] { host.go_on(host.end(), TimePassed{}, now_); });
    }
    wait(until_the_old_one_left);
    const contract::PeerMoved moved{end_.stack(), end_.last_installed, host.seen_as()};
    timed(peer_moved, [&] { host.go_on(end_, moved, now_); });
    timed(deleted, [&] { host.go_on(host.end(), DeactivateIkeTunnel{stack, std::nullopt}, now_); });
    timed(idle_clock, [&] { end_.feed(TimePassed{}, now_); });
    ByteString octets(28, 0x20);  // a response to no request of an IKE SA that is not there
    octets[24] = octets[25] = octets[26] = 0, octets[27] = 28;
    timed(stranger, [&] { end_.feed(Datagram{end_.stack(), {gateway_address, 500}, {nat_address, 7}, octets}, now_); });
    return taken;
  }

 private:
  void wait(Duration time) {
    now_ += time;
    end_.feed(TimePassed{}, now_);
  }

  End end_{{.host = {}, .inner = {}, .ike_lifetime = for_ever, .child_lifetime = for_ever, .allow_nat = true}, 0xfeed};
  std::uint32_t last_host_ = 0;
  Instant now_{Seconds{1}};
};

void one_step(benchmark::State& state) {
  static std::array<double, kind_count> at_least_sas{};
  const auto count = static_cast<std::uint32_t>(state.range(0));
  Gateway gateway{count};
  std::array<std::vector<double>, kind_count> all;
  for (auto _ : state) {
    for (unsigned round = 0; round < rounds; ++round) {
      const auto taken = gateway.serve_one();
      for (std::size_t kind = 0; kind < kind_count; ++kind) all[kind].push_back(taken[kind]);
    }
  }
  if (gateway.sas() != count || gateway.children() != count) {
    return adit::bench::refute(
        state, std::to_string(gateway.sas()) + " IKE SAs, " + std::to_string(gateway.children()) + " Child SAs");
  }
  double growth = 0;
  for (std::size_t kind = 0; kind < kind_count; ++kind) {
    auto& times = all[kind];
    std::ranges::nth_element(times, times.begin() + rounds / 2);
    const double median = times[rounds / 2];
    state.counters[names[kind]] = median;
    if (at_least_sas[kind] == 0) at_least_sas[kind] = median;
    growth = std::max(growth, median / at_least_sas[kind]);
  }
  state.counters["growth"] = growth;
  if (growth > most_growth) adit::bench::refute(state, "a step costs more with more SAs: " + std::to_string(growth));
}
BENCHMARK(one_step)->Arg(10)->Arg(1000)->Arg(100000)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace adit::ike::bench

int main(int argc, char** argv) { return adit::bench::run(argc, argv); }
