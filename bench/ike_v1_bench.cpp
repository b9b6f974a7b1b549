// IKEv1 beside IKEv2, in one run and of one suite (shared key, AES-CBC-256, SHA-256, ECP-256): what each end spends on
// a first SA pair (main or aggressive mode, then quick mode; IKE_SA_INIT, then IKE_AUTH), on its refresh (quick mode,
// CREATE_CHILD_SA), and the memory of what stays.

#include <benchmark/benchmark.h>
#include <malloc.h>

#include "ends.h"
#include "verdict.h"

namespace adit::ike::bench {
namespace {

using policy::HowToInitiate;

constexpr Instant now{Seconds{1}};
// What IKEv1 may cost of IKEv2: main mode and quick mode are nine messages instead of four.
constexpr double most_of_a_handshake = 2.0;
constexpr double most_of_a_rekey = 2.0;
constexpr double most_of_the_memory = 1.25;

double handshake_v2 = 0, rekey_v2 = 0, memory_v2 = 0;

Terms terms_of(HowToInitiate how, std::optional<IpAddress> host, GroupId pfs = GroupId::none) {
  return {.host = host,
          .inner = {},
          .pfs = pfs,
          .how = how,
          .ike_encryption = EncryptionId::aes_cbc,
          .ike_integrity = IntegrityId::hmac_sha2_256_128,
          .ike_group = GroupId::ecp_256};
}

IpAddress host_address(std::uint32_t number) { return IpAddress::v4(0x0a000000u + number); }

/// By the host of that number; returns what it took the host.
Clock::duration shake_hands_with(End& gateway, HowToInitiate how, std::uint32_t number) {
  const IpAddress address = host_address(number);
  End host{terms_of(how, address), number};
  shake_hands({host, gateway, {address, 500}}, now);
  return host.spent;
}

/// Tells what one cost, and refuses one that costs too much of IKEv2's.
void report(benchmark::State& state, Clock::duration responder, Clock::duration initiator, double& of_v2, double most,
            HowToInitiate how) {
  const auto done = static_cast<double>(state.iterations());
  const double each = microseconds(responder) / done;
  state.counters["responder_us"] = each;
  state.counters["initiator_us"] = microseconds(initiator) / done;
  state.counters["answered_a_second"] = 1e6 / each;
  if (how == HowToInitiate::ikev2) {
    of_v2 = each;
  } else if (of_v2 != 0) {
    state.counters["of_ike_v2"] = each / of_v2;
    if (each > most * of_v2) adit::bench::refute(state, "IKEv1 costs too much beside IKEv2");
  }
}

void handshake(benchmark::State& state, HowToInitiate how) {
  End gateway{terms_of(how, {}), 0xfeed};
  std::uint32_t number = 1;
  Clock::duration initiator{}, responder{};
  for (auto _ : state) {
    gateway.spent = {};
    initiator += shake_hands_with(gateway, how, number++);
    responder += gateway.spent;
    state.SetIterationTime(std::chrono::duration<double>(gateway.spent).count());
  }
  if (gateway.engine.statistics().child_sas != number - 1) {
    adit::bench::refute(state, "not every handshake was completed");
  }
  report(state, responder, initiator, handshake_v2, most_of_a_handshake, how);
}

/// The phase 2 SA or Child SA of one pair of ends, replaced again and again.
void refresh(benchmark::State& state, HowToInitiate how, GroupId pfs) {
  constexpr Seconds until_the_old_one_left{5};
  const IpAddress address = host_address(1);
  End gateway{terms_of(how, {}, pfs), 1}, host{terms_of(how, address, pfs), 2};
  const Conversation between{host, gateway, {address, 500}};
  Instant at = now;
  shake_hands(between, at);
  const auto generation = [&] {
    std::uint32_t newest = 0;
    for (const auto& row : gateway.engine.dynamic_tunnels(gateway.stack())) {
      newest = std::max(newest, row.name.generation);
    }
    return newest;
  };
  const std::uint32_t first = generation();
  Clock::duration responder{}, initiator{};
  for (auto _ : state) {
    gateway.spent = host.spent = {};
    between.go_on(host, RefreshDynamicTunnel{host.stack(), std::nullopt}, at);
    at += until_the_old_one_left;
    between.go_on(host, TimePassed{}, at);
    gateway.feed(TimePassed{}, at);
    responder += gateway.spent;
    initiator += host.spent;
    state.SetIterationTime(std::chrono::duration<double>(gateway.spent).count());
  }
  if (generation() - first != state.iterations()) adit::bench::refute(state, "not every refresh was done");
  report(state, responder, initiator, rekey_v2, most_of_a_rekey, how);
}

/// Octets of the heap for one pair of SAs at rest, indexes and allocator counted in, when no answer is kept any more.
void memory(benchmark::State& state, HowToInitiate how) {
  constexpr std::uint32_t count = 2000;
  constexpr Seconds until_answers_are_forgotten{200};
  for (auto _ : state) {
    End gateway{terms_of(how, {}), 0xfeed};
    shake_hands_with(gateway, how, count + 1);  // what is made once
    const std::size_t before = mallinfo2().uordblks;
    for (std::uint32_t number = 1; number <= count; ++number) shake_hands_with(gateway, how, number);
    gateway.engine.handle(TimePassed{}, now + until_answers_are_forgotten);
    const double each = static_cast<double>(mallinfo2().uordblks - before) / count;
    state.counters["octets_per_sa_later"] = each;
    if (gateway.engine.statistics().child_sas != count + 1) adit::bench::refute(state, "not every SA is there");
    if (how == HowToInitiate::ikev2) {
      memory_v2 = each;
    } else if (memory_v2 != 0) {
      state.counters["of_ike_v2"] = each / memory_v2;
      if (each > most_of_the_memory * memory_v2) adit::bench::refute(state, "IKEv1 takes too much memory");
    }
  }
}

// IKEv2 first: the others are held against it.
BENCHMARK_CAPTURE(handshake, ike_v2, HowToInitiate::ikev2)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->Iterations(2000);
BENCHMARK_CAPTURE(handshake, main_mode, HowToInitiate::main)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->Iterations(2000);
BENCHMARK_CAPTURE(handshake, aggressive_mode, HowToInitiate::aggressive)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->Iterations(2000);
BENCHMARK_CAPTURE(refresh, create_child_sa, HowToInitiate::ikev2, GroupId::none)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->Iterations(2000);
BENCHMARK_CAPTURE(refresh, quick_mode, HowToInitiate::main, GroupId::none)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->Iterations(2000);
BENCHMARK_CAPTURE(refresh, create_child_sa_with_pfs, HowToInitiate::ikev2, GroupId::ecp_256)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->Iterations(1000);
BENCHMARK_CAPTURE(refresh, quick_mode_with_pfs, HowToInitiate::main, GroupId::ecp_256)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond)
    ->Iterations(1000);
BENCHMARK_CAPTURE(memory, ike_v2, HowToInitiate::ikev2)->Iterations(1);
BENCHMARK_CAPTURE(memory, ike_v1, HowToInitiate::main)->Iterations(1);

}  // namespace
}  // namespace adit::ike::bench

int main(int argc, char** argv) { return adit::bench::run(argc, argv); }
