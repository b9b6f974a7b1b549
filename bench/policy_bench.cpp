// Policies: text to filters, and the search for the filter of a packet.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>

#include "policy/diagnostic.h"
#include "policy/match.h"

namespace adit::policy {
namespace {

/// A policy of this many rules, each for one peer: a rule is two filters.
SourceFile policy_of(std::int64_t rules) {
  std::string text = "IpFilterPolicy\n{\n";
  for (std::int64_t i = 0; i < rules; ++i) {
    text += fmt::format(
        "  IpFilterRule rule{}\n  {{\n    IpSourceAddr 10.0.0.1\n    IpDestAddr 10.{}.{}.{}\n    IpServiceRef web\n"
        "    IpGenericFilterActionRef permit\n  }}\n",
        i, 1 + i / 65536, i / 256 % 256, i % 256);
  }
  text +=
      "}\nIpService web\n{\n  Protocol Tcp\n  DestinationPortRange 80\n}\n"
      "IpGenericFilterAction permit\n{\n  IpFilterAction Permit\n}\n";
  return {.name = "bench.policy", .text = std::move(text)};
}

void parse_and_resolve(benchmark::State& state) {
  const SourceFile source = policy_of(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(parse_policy(StackName{"stack"}, nullptr, &source));
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetLabel("rules");
}
BENCHMARK(parse_and_resolve)->Arg(10)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

/// The packet hits the last rule: every filter is looked at.
void find_the_last_filter(benchmark::State& state) {
  const SourceFile source = policy_of(state.range(0));
  const PolicyPointer policy = parse_policy(StackName{"stack"}, nullptr, &source).policy;
  const Filter& last = policy->filter.filters[policy->filter.filters.size() - 2];
  const PacketSelectors packet{.source = last.source.first,
                               .destination = last.destination.first,
                               .protocol = IpProtocol::tcp,
                               .source_port = 1024,
                               .destination_port = 80};
  const PacketPath path{.direction = Direction::outbound};
  for (auto _ : state) benchmark::DoNotOptimize(first_match(policy->filter, packet, path));
}
BENCHMARK(find_the_last_filter)->Arg(10)->Arg(1'000)->Arg(100'000);

}  // namespace
}  // namespace adit::policy

BENCHMARK_MAIN();
