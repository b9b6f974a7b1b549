#include "sim/world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace adit::sim {
namespace {

using contract::InstallChildSa;

bool are_counterparts(const InstallChildSa& one, const InstallChildSa& other) {
  return one.outbound_spi.value() == other.inbound_spi.value() && one.remote == other.local;
}

const InstallChildSa* counterpart_of(const InstallChildSa& pair, const Host& at) {
  for (const auto& [name, other] : at.installed()) {
    if (are_counterparts(pair, other)) return &other;
  }
  return nullptr;
}

std::string text_of(const Host& host, const InstallChildSa& pair) {
  return fmt::format("{} Y{} generation {}", host.site().name, pair.name.tunnel.value(), pair.name.generation);
}

void compare(const Host& host, const InstallChildSa& one, const InstallChildSa& other,
             std::vector<std::string>& found) {
  const auto demand = [&](bool holds, std::string_view what) {
    if (!holds) found.push_back(fmt::format("{}: {} differ from the peer's", text_of(host, one), what));
  };
  demand(one.inbound_spi.value() == other.outbound_spi.value(), "SPIs");
  demand(one.inbound == other.outbound && one.outbound == other.inbound, "keys");
  demand(!(one.inbound == one.outbound), "keys of the two directions do not");
  demand(one.local_ts == other.remote_ts && one.remote_ts == other.local_ts, "selectors");
  demand(one.transforms == other.transforms, "transforms");
  demand(one.mode == other.mode, "modes");
  demand(one.udp.has_value() == other.udp.has_value(), "encapsulations");
}

void check_pairs(const Host& host, const Host& peer, std::vector<std::string>& found) {
  for (const auto& [name, pair] : host.installed()) {
    if (const InstallChildSa* other = counterpart_of(pair, peer)) compare(host, pair, *other, found);
  }
  for (const std::string& breach : host.breaches()) found.push_back(host.site().name + " " + breach);
}

void check_rest(const Host& host, const Host& peer, std::vector<std::string>& found) {
  std::size_t reported = 0;
  for (const auto& [name, pair] : host.installed()) {
    if (counterpart_of(pair, peer) == nullptr) found.push_back(text_of(host, pair) + " is orphaned");
  }
  for (const ike::DynamicTunnelView& view : host.dynamic_tunnels()) {
    if (view.state != ike::ChildState::active) {
      found.push_back(fmt::format("{} Y{} is not settled", host.site().name, view.name.tunnel.value()));
      continue;
    }
    ++reported;
    const auto pair = host.installed().find(view.name);
    if (pair == host.installed().end()) {
      found.push_back(fmt::format("{} Y{} is reported, but not installed", host.site().name, view.name.tunnel.value()));
    } else if (pair->second.inbound_spi != view.inbound_spi || pair->second.outbound_spi != view.outbound_spi) {
      found.push_back(text_of(host, pair->second) + " is reported with other SPIs");
    }
  }
  if (reported != host.installed().size()) {
    found.push_back(fmt::format("{} reports {} dynamic tunnels, its stack has {}", host.site().name, reported,
                                host.installed().size()));
  }
  for (const ike::IkeTunnelView& view : host.ike_tunnels()) {
    if (view.state != ike::IkeState::done) {
      found.push_back(fmt::format("{} K{} is not settled", host.site().name, view.tunnel.value()));
    }
    const auto same = [&](const ike::IkeTunnelView& other) {
      return other.initiator_spi == view.initiator_spi && other.responder_spi == view.responder_spi &&
             other.role != view.role;
    };
    if (!std::ranges::any_of(peer.ike_tunnels(), same)) {
      found.push_back(fmt::format("{} K{} is orphaned", host.site().name, view.tunnel.value()));
    }
  }
}

}  // namespace

std::vector<Seed> seeds(std::uint64_t count) {
  if (const char* one = std::getenv("ADIT_SIM_SEED")) return {Seed{std::strtoull(one, nullptr, 10)}};
  if (const char* scale = std::getenv("ADIT_SIM_SCALE")) count *= std::strtoull(scale, nullptr, 10);
  std::vector<Seed> all;
  for (std::uint64_t seed = 1; seed <= count; ++seed) all.emplace_back(seed);
  return all;
}

World::World(Seed seed, const WorldChoices& choices)
    : seed_{seed},
      dice_{seed.value()},
      network_{clockwork_, dice_, choices.faults},
      a_{clockwork_, dice_, network_, site_a(), choices.options, seed.value() * 2 + 1},
      b_{clockwork_, dice_, network_, site_b(), choices.options, ~(seed.value() * 2)} {
  a_.install(make_policy(site_a(), site_b(), choices.policy_a));
  b_.install(make_policy(site_b(), site_a(), choices.policy_b));
}

void World::come_to_rest() {
  // Shorter than a liveness check needs to fail, longer than a request is repeated: what the faults have ended is what
  // the first exchanges came to.
  run_for(std::chrono::seconds{270});
  network_.set({});
  run_for(std::chrono::minutes{10});
}

std::vector<std::string> World::disagreements() const {
  std::vector<std::string> found;
  check_pairs(a_, b_, found);
  check_pairs(b_, a_, found);
  return found;
}

std::vector<std::string> World::disagreements_at_rest() const {
  std::vector<std::string> found = disagreements();
  check_rest(a_, b_, found);
  check_rest(b_, a_, found);
  return found;
}

std::string World::replay() const {
  const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
  std::string text = fmt::format("\nADIT_SIM_SEED={} sim_test --gtest_filter={}.{}\n", seed_.value(),
                                 test->test_suite_name(), test->name());
  for (const std::string& line : disagreements_at_rest()) text += "at rest: " + line + "\n";
  const FaultCounts& counts = network_.counts();
  text += fmt::format("{} sent, {} delivered, {} lost, {} duplicated, {} overtaken\n", counts.sent, counts.delivered,
                      counts.lost, counts.duplicated, counts.overtaken);
  return text + a_.log() + b_.log();
}

}  // namespace adit::sim
