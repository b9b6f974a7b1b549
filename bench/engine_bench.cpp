// The IKE engine alone, in memory: what one handshake costs the responder and the initiator, and how much memory an IKE
// SA with its Child SA takes.

#include <benchmark/benchmark.h>
#include <malloc.h>

#include "ends.h"
#include "verdict.h"

namespace adit::ike::bench {
namespace {

constexpr Instant now{Seconds{1}};

/// By the host of that number; returns what it took the host.
Clock::duration shake_hands_with(End& gateway, std::uint32_t number) {
  const IpAddress address = IpAddress::v4(0x0a000000u + number);
  End host{{.host = address, .inner = {}}, number};
  shake_hands({host, gateway, {address, 500}}, now);
  return host.spent;
}

/// With so many SAs in the responder already.
void handshake(benchmark::State& state) {
  End gateway{{}, 0xfeed};
  std::uint32_t number = 1;
  while (number <= state.range(0)) shake_hands_with(gateway, number++);

  Clock::duration initiator{}, responder{};
  for (auto _ : state) {
    gateway.spent = {};
    initiator += shake_hands_with(gateway, number++);
    responder += gateway.spent;
    state.SetIterationTime(std::chrono::duration<double>(gateway.spent).count());
  }
  if (gateway.engine.statistics().child_sas != number - 1) {
    adit::bench::refute(state, "not every handshake was completed");
  }
  state.counters["responder_us"] = microseconds(responder) / static_cast<double>(state.iterations());
  state.counters["initiator_us"] = microseconds(initiator) / static_cast<double>(state.iterations());
}
BENCHMARK(handshake)->Arg(0)->Arg(1000)->Arg(20000)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(2000);

/// Octets of the heap for an IKE SA with its Child SA at rest, indexes and allocator counted in.
void memory(benchmark::State& state) {
  constexpr std::uint32_t count = 2000;
  for (auto _ : state) {
    End gateway{{}, 0xfeed};
    shake_hands_with(gateway, count + 1);  // what is made once
    const std::size_t before = mallinfo2().uordblks;
    for (std::uint32_t number = 1; number <= count; ++number) shake_hands_with(gateway, number);
    const std::size_t with_responses = mallinfo2().uordblks;
    gateway.engine.handle(TimePassed{}, Instant{Seconds{200}});  // responses are forgotten by then
    state.counters["octets_per_sa"] = static_cast<double>(with_responses - before) / count;
    state.counters["octets_per_sa_later"] = static_cast<double>(mallinfo2().uordblks - before) / count;
  }
}
BENCHMARK(memory)->Iterations(1);

}  // namespace
}  // namespace adit::ike::bench

int main(int argc, char** argv) { return adit::bench::run(argc, argv); }
