#include "sim/world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace adit::sim {
namespace {

constexpr std::size_t most_breaches = 20;  // one leads to others: the first ones are read

#ifdef ADIT_SIM_SHARE
constexpr std::uint64_t share = ADIT_SIM_SHARE;  // percent of the seeds, in a build that is slow
#else
constexpr std::uint64_t share = 100;
#endif

WorldPlan plan_of(const WorldChoices& choices) {
  WorldPlan plan{.faults = choices.faults, .places = {}};
  plan.places.push_back({.site = site_a(), .policy = choices.policy_a, .options = choices.options, .peers = {1}});
  plan.places.push_back({.site = site_b(), .policy = choices.policy_b, .options = choices.options, .peers = {0}});
  return plan;
}

/// The engines' own randomness, apart from each other's and from the dice of the world.
std::uint64_t engine_seed(Seed seed, std::size_t number) {
  SeededRandom random{seed.value() * 2 + 1};
  std::uint64_t drawn = random.next();
  for (std::size_t i = 0; i < number; ++i) drawn = random.next();
  return drawn;
}

}  // namespace

std::vector<Seed> seeds(std::uint64_t count) {
  if (const char* one = std::getenv("ADIT_SIM_SEED")) return {Seed{std::strtoull(one, nullptr, 10)}};
  count = std::max<std::uint64_t>(1, count * share / 100);
  if (const char* scale = std::getenv("ADIT_SIM_SCALE")) count *= std::strtoull(scale, nullptr, 10);
  std::vector<Seed> all;
  for (std::uint64_t seed = 1; seed <= count; ++seed) all.emplace_back(seed);
  return all;
}

World::World(Seed seed, const WorldChoices& choices) : World{plan_of(choices), seed} {}

World::World(const WorldPlan& plan, Seed seed)
    : seed_{seed}, dice_{seed.value()}, network_{clockwork_, dice_, trace_, plan.faults} {
  if (!plan.keeps_sent) network_.keep_nothing_sent();
  for (std::size_t i = 0; i < plan.places.size(); ++i) {
    const WorldPlan::Place& place = plan.places[i];
    nodes_.push_back(std::make_unique<Node>(i, around_, place.site, place.options, engine_seed(seed, i)));
    nodes_.back()->watch([this](Node& node) { after_step(node); },
                         [this](Node& node, const Parcel& parcel) { traffic_.take(node, parcel); });
    all_.push_back(nodes_.back().get());
    peers_.push_back(place.peers);
  }
  for (std::size_t i = 0; i < plan.places.size(); ++i) {
    std::vector<Site> remotes;
    for (const std::size_t peer : plan.places[i].peers) {
      remotes.push_back(plan.places[peer].site);
      for (unsigned part = 1; part <= plan.places[i].policy.tunnels; ++part) {
        traffic_.add(*nodes_[i], *nodes_[peer], part);
      }
    }
    nodes_[i]->install(make_policy(plan.places[i].site, remotes, plan.places[i].policy));
  }
}

void World::come_to_rest() {
  // Shorter than a liveness check needs to fail, longer than a request is repeated: what the faults have ended is what
  // the first exchanges came to.
  run_for(std::chrono::seconds{270});
  network_.set({});
  run_for(std::chrono::minutes{10});
}

std::size_t World::steps() const {
  std::size_t steps = 0;
  for (const auto& node : nodes_) steps += node->steps();
  return steps;
}

void World::after_step(Node& node) {
  for (std::string& found : breaches_after_step(node, all_)) breach(std::move(found));
  for (const StackModel::Touched& touched : node.stack_model().take_touched()) {
    traffic_.look_closely_at(node, touched);
  }
}

void World::breach(std::string what) {
  if (breaches_.size() >= most_breaches || !told_.insert(what).second) return;
  trace_.stop_soon(what);
  breaches_.push_back(std::move(what));
}

std::vector<std::string> World::disagreements_at_rest(Duplicates duplicates) const {
  std::vector<std::string> found = breaches_;
  for (const Node* node : all_) {
    for (std::string& breach : breaches_at_rest(*node, all_, duplicates)) found.push_back(std::move(breach));
  }
  return found;
}

std::string World::command() const {
  const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
  if (test == nullptr || !command_.empty()) return command_;
  return fmt::format("ADIT_SIM_SEED={} sim_test --gtest_filter={}.{}", seed_.value(), test->test_suite_name(),
                     test->name());
}

std::string World::replay() const {
  std::string text = "\n" + command() + "\n";
  for (const std::string& line : breaches_) text += "breach: " + line + "\n";
  for (const std::string& line : disagreements_at_rest()) text += "at rest: " + line + "\n";
  const FaultCounts& counts = network_.counts();
  text += fmt::format("{} sent, {} delivered, {} lost, {} duplicated, {} overtaken, {} cut off, {} unsolicited\n",
                      counts.sent, counts.delivered, counts.lost, counts.duplicated, counts.overtaken, counts.cut,
                      counts.unsolicited);
  return text + trace_.text();
}

}  // namespace adit::sim
