// What an IKE_SA_INIT request from an address that somebody made up costs the responder: answered in full, answered by
// a cookie that it has to return (RFC 7296 §2.6), and dropped at the limit of half-open SAs; beside the octets that go
// out for each that came in.

#include <benchmark/benchmark.h>

#include "ends.h"
#include "verdict.h"

namespace adit::ike::bench {
namespace {

constexpr Instant now{Seconds{1}};
constexpr double least_saved = 10;  // times: a cookie against a key exchange

/// An IKE_SA_INIT request as a host sends it.
Datagram first_request() {
  End host{{.host = IpAddress::v4(0x0a000001u), .inner = {}}, 1};
  const contract::Acquire packet{
      host.stack(), "nets", {.source = host.address, .destination = *IpAddress::parse("192.168.0.1"), .protocol = 6}};
  return host.feed(packet, now).front();
}

double each_of(benchmark::State& state, const EngineOptions& options) {
  End gateway{{}, 0xfeed, options};
  const Datagram request = first_request();
  CountingRandom random{7};
  std::size_t octets_in = 0, octets_out = 0;
  Clock::duration spent{};
  for (auto _ : state) {
    Datagram spoofed{
        gateway.stack(), request.remote, {IpAddress::v4(random.number<std::uint32_t>()), 500}, request.octets};
    random.fill(MutableBytes{spoofed.octets}.first(8));  // its SPI
    octets_in += spoofed.octets.size();
    gateway.spent = {};
    for (const Datagram& answer : gateway.feed(std::move(spoofed), now)) octets_out += answer.octets.size();
    spent += gateway.spent;
    state.SetIterationTime(std::chrono::duration<double>(gateway.spent).count());
  }
  const double each = microseconds(spent) / static_cast<double>(state.iterations());
  state.counters["responder_us"] = each;
  state.counters["out_per_octet_in"] = static_cast<double>(octets_out) / static_cast<double>(octets_in);
  if (octets_out > octets_in) adit::bench::refute(state, "more octets go out than came in");
  return each;
}

double without_cookies = 0;  // microseconds

void spoofed_init_answered(benchmark::State& state) {
  without_cookies =
      each_of(state, {.cookie_threshold = SIZE_MAX, .half_open_limit = SIZE_MAX, .half_open_per_address = SIZE_MAX});
}
void spoofed_init_asked_for_cookie(benchmark::State& state) {
  const double with_cookies = each_of(state, {.cookie_threshold = 0});
  state.counters["saved"] = without_cookies / with_cookies;
  if (without_cookies != 0 && without_cookies < least_saved * with_cookies) {
    adit::bench::refute(state, "a cookie saves too little");
  }
}
void spoofed_init_dropped(benchmark::State& state) { each_of(state, {.cookie_threshold = 0, .half_open_limit = 0}); }

BENCHMARK(spoofed_init_answered)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(5000);
BENCHMARK(spoofed_init_asked_for_cookie)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(100000);
BENCHMARK(spoofed_init_dropped)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(100000);

}  // namespace
}  // namespace adit::ike::bench

int main(int argc, char** argv) { return adit::bench::run(argc, argv); }
