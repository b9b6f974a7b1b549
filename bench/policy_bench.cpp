// Policies: text to filters, and the search for the filter of a packet.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>

#include "policy/diagnostic.h"
#include "policy/filter_index.h"

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

/// A packet of each of many flows in turn; of `rules` rules, one for each peer.
class Lookups {
 public:
  explicit Lookups(std::int64_t rules) {
    const SourceFile source = policy_of(rules);
    const PolicyPointer policy = parse_policy(StackName{"stack"}, nullptr, &source).policy;
    filters_ = {policy, &policy->filter};
    constexpr std::size_t flows = 4096;
    // Steps of a prime: no two flows that follow each other share a part of the index.
    for (std::size_t i = 0; i < flows; ++i) {
      const Filter& filter = filters_->filters[i * 7919 % filters_->filters.size() / 2 * 2];
      packets_.push_back({.source = filter.source.first,
                          .destination = filter.destination.first,
                          .protocol = IpProtocol::tcp,
                          .source_port = 1024,
                          .destination_port = 80});
    }
  }
  const std::shared_ptr<const FilterPolicy>& filters() const { return filters_; }
  const PacketSelectors& next() { return packets_[next_++ % packets_.size()]; }

 private:
  std::shared_ptr<const FilterPolicy> filters_;
  std::vector<PacketSelectors> packets_;
  std::size_t next_ = 0;
};

constexpr PacketPath leaving{.direction = Direction::outbound};

void classify(benchmark::State& state) {
  Lookups lookups{state.range(0)};
  const FilterIndex index{lookups.filters()};
  for (auto _ : state) benchmark::DoNotOptimize(index.first_match(lookups.next(), leaving));
  state.SetItemsProcessed(state.iterations());
  const auto filters = static_cast<double>(lookups.filters()->filters.size());
  state.counters["index_octets_per_rule"] = 2 * static_cast<double>(index.octets()) / filters;
  state.counters["filter_octets_per_rule"] = 2 * sizeof(Filter);
}
BENCHMARK(classify)->Arg(10)->Arg(1'000)->Arg(100'000);

void build_index(benchmark::State& state) {
  const Lookups lookups{state.range(0)};
  for (auto _ : state) benchmark::DoNotOptimize(FilterIndex{lookups.filters()}.octets());
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetLabel("rules");
}
BENCHMARK(build_index)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

/// What the index spares: every filter looked at.
void classify_linearly(benchmark::State& state) {
  Lookups lookups{state.range(0)};
  for (auto _ : state) benchmark::DoNotOptimize(first_match(*lookups.filters(), lookups.next(), leaving));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(classify_linearly)->Arg(10)->Arg(1'000)->Arg(100'000);

}  // namespace
}  // namespace adit::policy

BENCHMARK_MAIN();
