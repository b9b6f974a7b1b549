// sim_run: as many seeds of the scenarios as it is told to, and what came of them.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "sim/storm.h"

namespace adit::sim {
namespace {

struct Wanted {
  std::uint64_t seeds = 100, first = 1;
  std::size_t nodes = 0;  // 0: the scenario's own
  unsigned minutes = 0;   // 0: the scenario's own
  std::string scenario = "all";
  bool trace = false;
};

struct Totals {
  std::uint64_t runs = 0, failures = 0;
  std::size_t steps = 0;
  Duration simulated{0};
  FaultCounts faults;
  TrafficCounts traffic;
  Deeds deeds;
};

void run_one(Seed seed, const Scenario& scenario, const Wanted& wanted, Totals& totals) {
  Storm storm{seed, scenario};
  if (wanted.trace) {
    storm.world().trace().copy_to([](const std::string& line) { fmt::print("{}\n", line); });
  }
  const std::vector<std::string> found = storm.run();
  ++totals.runs;
  totals.steps += storm.world().steps();
  totals.simulated += storm.world().now().time_since_epoch();
  totals.faults += storm.world().network().counts();
  totals.traffic += storm.world().traffic().counts();
  totals.deeds += storm.deeds();
  if (found.empty()) return;
  ++totals.failures;
  fmt::print("\n{} seed {} FAILED\n", scenario.name, seed.value());
  for (const std::string& line : found) fmt::print("  {}\n", line);
  fmt::print("{}\n", storm.replay());
}

void report(const Totals& totals, double seconds) {
  const double hours = static_cast<double>(totals.simulated.count()) / 3600e6;
  const FaultCounts& faults = totals.faults;
  const TrafficCounts& traffic = totals.traffic;
  const Deeds& deeds = totals.deeds;
  fmt::print("seeds run          {}\n", totals.runs);
  fmt::print("simulated          {:.1f} hours in {:.1f} s\n", hours, seconds);
  fmt::print("engine steps       {}, {:.0f} a second\n", totals.steps, static_cast<double>(totals.steps) / seconds);
  fmt::print("operator's actions {}\n", deeds.actions);
  fmt::print("datagrams          {} sent; {} lost, {} duplicated, {} overtaken, {} cut off, {} dropped by a NAT\n",
             faults.sent, faults.lost, faults.duplicated, faults.overtaken, faults.cut, faults.unsolicited);
  fmt::print(
      "faults             {} partitions, {} crashes, {} crashes of iked, {} restarts of stackd, {} rebindings, "
      "{} outages of nssd\n",
      deeds.partitions, deeds.crashes, deeds.crashes_of_iked, deeds.restarts_of_stackd, deeds.rebindings,
      deeds.outages_of_nssd);
  fmt::print("packets            {} sent, {} accepted, {} not delivered by the network, {} met no SA\n", traffic.sent,
             traffic.accepted, faults.packets_not_delivered, traffic.in_a_gap);
  fmt::print("replaced SAs       {} of a flow; {} packets lost, for {} ms at most\n", traffic.replacements,
             traffic.lost_in_replacement,
             std::chrono::duration_cast<std::chrono::milliseconds>(traffic.longest_window).count());
  fmt::print("failures           {}\n", totals.failures);
}

int run(const Wanted& wanted) {
  const bool all = wanted.scenario == "all";
  if (!all && find_scenario(wanted.scenario) == nullptr) {
    fmt::print(stderr, "sim_run: no scenario '{}'; there are: all", wanted.scenario);
    for (const Scenario& scenario : scenarios()) fmt::print(stderr, ", {}", scenario.name);
    fmt::print(stderr, "\n");
    return 2;
  }
  Totals totals;
  const auto began = std::chrono::steady_clock::now();
  for (Scenario scenario : scenarios()) {
    if (!all && scenario.name != wanted.scenario) continue;
    if (wanted.nodes != 0) scenario.nodes = wanted.nodes;
    if (wanted.minutes != 0) scenario.storm = Minutes{wanted.minutes};
    for (std::uint64_t i = 0; i < wanted.seeds; ++i) run_one(Seed{wanted.first + i}, scenario, wanted, totals);
  }
  report(totals, std::chrono::duration<double>{std::chrono::steady_clock::now() - began}.count());
  return totals.failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace adit::sim

int main(int argc, char** argv) {
  adit::sim::Wanted wanted;
  CLI::App app{"Runs the simulator over many seeds. Exit status: 0, nothing failed; 1, a seed failed; 2, wrong usage."};
  app.add_option("--seeds", wanted.seeds, "how many seeds of each scenario")->capture_default_str();
  app.add_option("--first", wanted.first, "the first seed")->capture_default_str();
  app.add_option("--nodes", wanted.nodes, "nodes of each world, 2 to 26; without: the scenario's own number")
      ->check(CLI::Range(2, 26));
  app.add_option("--minutes", wanted.minutes, "virtual minutes of each storm; without: the scenario's own");
  std::string names = "all";
  for (const adit::sim::Scenario& scenario : adit::sim::scenarios()) names += ", " + std::string{scenario.name};
  app.add_option("--scenario", wanted.scenario, "one of " + names)->capture_default_str();
  app.add_flag("--trace", wanted.trace, "print every event");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return adit::sim::run(wanted);
}
