// What it costs to replace SAs (RFC 7296 §2.8): rekeys of a Child SA without and with a key exchange of its own (PFS),
// and of an IKE SA; for each end, and how many a second one core answers, beside a handshake in the same run.

#include <benchmark/benchmark.h>

#include "ends.h"
#include "verdict.h"

namespace adit::ike::bench {
namespace {

constexpr Minutes for_ever{1'000'000};
constexpr Seconds until_the_old_one_left{2};
constexpr double most_of_a_handshake = 0.5;  // of its CPU: a rekey without a key exchange of its own

double a_handshake = 0;  // microseconds of the responder

/// A host and the gateway, with an IKE SA and its Child SA.
struct Pair {
  explicit Pair(GroupId pfs)
      : gateway{{.host = {}, .inner = {}, .pfs = pfs, .ike_lifetime = for_ever, .child_lifetime = for_ever}, 1},
        host{{.host = address, .inner = {}, .pfs = pfs, .ike_lifetime = Minutes{20}, .child_lifetime = for_ever}, 2} {
    shake_hands(between, now);
  }

  /// Time passes at both ends.
  void wait(Duration time) {
    now += time;
    between.go_on(host, TimePassed{}, now);
    gateway.feed(TimePassed{}, now);
  }
  bool is_at_rest() {
    const auto rows = gateway.engine.dynamic_tunnels(gateway.stack());
    return gateway.engine.ike_tunnels(gateway.stack()).size() == 1 && rows.size() == 1 &&
           rows.front().state == ChildState::active;
  }
  std::uint32_t child_generation() { return gateway.engine.dynamic_tunnels(gateway.stack()).front().name.generation; }
  std::uint32_t ike_generation() { return gateway.engine.ike_tunnels(gateway.stack()).front().generation; }

  const IpAddress address = IpAddress::v4(0x0a000001u);
  End gateway, host;
  Conversation between{host, gateway, {address, 500}};
  Instant now{Seconds{1}};
};

/// Returns what one cost the responder, in microseconds.
double report(benchmark::State& state, Clock::duration responder, Clock::duration initiator) {
  const auto done = static_cast<double>(state.iterations());
  const double each = microseconds(responder) / done;
  state.counters["responder_us"] = each;
  state.counters["initiator_us"] = microseconds(initiator) / done;
  state.counters["answered_a_second"] = 1e6 / each;
  if (a_handshake != 0) state.counters["of_a_handshake"] = each / a_handshake;
  return each;
}

/// Returns what one rekey cost the responder, in microseconds.
template <class Rekey, class Generation>
double measure(benchmark::State& state, Pair& pair, Rekey rekey, Generation generation) {
  const std::uint32_t first = generation();
  Clock::duration responder{}, initiator{};
  for (auto _ : state) {
    pair.gateway.spent = pair.host.spent = {};
    rekey();
    pair.wait(until_the_old_one_left);
    responder += pair.gateway.spent;
    initiator += pair.host.spent;
    state.SetIterationTime(std::chrono::duration<double>(pair.gateway.spent).count());
  }
  if (!pair.is_at_rest() || generation() - first != state.iterations()) {
    adit::bench::refute(state, "not every rekey was done");
  }
  return report(state, responder, initiator);
}

void child(benchmark::State& state, GroupId pfs) {
  Pair pair{pfs};
  const auto rekey = [&] {
    pair.between.go_on(pair.host, RefreshDynamicTunnel{pair.host.stack(), std::nullopt}, pair.now);
  };
  const double each = measure(state, pair, rekey, [&] { return pair.child_generation(); });
  if (pfs == GroupId::none && a_handshake != 0 && each > most_of_a_handshake * a_handshake) {
    adit::bench::refute(state, "a rekey without PFS costs nearly a handshake");
  }
}

/// Always with a key exchange (RFC 7296 §1.3.2), at the end of the host's lifetime.
void ike(benchmark::State& state) {
  Pair pair{GroupId::none};
  const auto rekey = [&] { pair.wait(*pair.host.engine.next_deadline() - pair.now); };
  measure(state, pair, rekey, [&] { return pair.ike_generation(); });
}

void handshake(benchmark::State& state) {
  Clock::duration responder{}, initiator{};
  for (auto _ : state) {
    const Pair pair{GroupId::none};
    responder += pair.gateway.spent;
    initiator += pair.host.spent;
    state.SetIterationTime(std::chrono::duration<double>(pair.gateway.spent).count());
  }
  a_handshake = report(state, responder, initiator);
}

BENCHMARK(handshake)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(1000);
BENCHMARK_CAPTURE(child, without_pfs, GroupId::none)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(2000);
BENCHMARK_CAPTURE(child, with_pfs_curve25519, GroupId::curve25519)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->Iterations(1000);
BENCHMARK_CAPTURE(child, with_pfs_ecp256, GroupId::ecp_256)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->Iterations(1000);
BENCHMARK(ike)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(1000);

}  // namespace
}  // namespace adit::ike::bench

int main(int argc, char** argv) { return adit::bench::run(argc, argv); }
