#pragma once
// Google Benchmark reports an error and exits with 0 all the same: here a benchmark whose claim does not hold fails the
// program, and so `./run bench`.

#include <benchmark/benchmark.h>

#include <string>

namespace adit::bench {

inline bool all_claims_hold = true;

inline void refute(benchmark::State& state, const std::string& why) {
  all_claims_hold = false;
  state.SkipWithError(why.c_str());
}

/// What main() does.
inline int run(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return all_claims_hold ? 0 : 1;
}

}  // namespace adit::bench
