#include "stack/user/data_plane.h"

#include <poll.h>

#include <future>
#include <mutex>
#include <thread>

#include "stack/user/nftables_transaction.h"
#include "stack/user/packet_loop.h"
#include "stack/user/routing.h"

namespace adit::stack::user {

class DataPlane::Running {
 public:
  Running(Options options, EventCallback on_event) : options_{std::move(options)}, on_event_{std::move(on_event)} {
    rules_.tun_name = options_.tun_name;
    rules_.mtu = options_.mtu;
    rules_.security_classes = options_.security_classes;
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { stop(); }

  std::expected<void, std::string> start();
  void stop();
  PacketLoop& loop() { return *loop_; }
  std::expected<void, std::string> set_policy(policy::PolicyPointer policy);
  std::expected<std::vector<FilterMatches>, std::string> filter_matches();

 private:
  std::expected<void, SystemFailure> start_loop();
  void run_reports(const std::stop_token& stopped);

  Options options_;
  EventCallback on_event_;
  RulesetOptions rules_;
  Steering steering_;
  Mailbox<Report> reports_;
  std::jthread reporter_;
  std::unique_ptr<PacketLoop> loop_;
  std::mutex policy_mutex_;  // one transaction at a time
  policy::PolicyPointer policy_;
  bool stopped_ = false;
};

std::expected<void, std::string> DataPlane::Running::start() {
  if (options_.mtu < 1280 || options_.mtu > 9000) return std::unexpected{std::string{"MTU is not 1280 to 9000"}};
  // The filters come first: from here on nothing leaves or enters that they do not let.
  if (const auto done = run_nftables(ruleset_until_policy(options_.until_policy, rules_)); !done) {
    return std::unexpected{"filters before the policy: " + done.error()};
  }
  if (const auto done = start_loop(); !done) return std::unexpected{done.error().to_string()};
  reporter_ = std::jthread{[this](const std::stop_token& stopped) { run_reports(stopped); }};
  return {};
}

std::expected<void, SystemFailure> DataPlane::Running::start_loop() {
  auto tun = TunDevice::open(options_.tun_name);
  if (!tun) return std::unexpected{tun.error()};
  steering_ = {.device = options_.tun_name,
               .device_index = tun->index(),
               .mtu = options_.mtu,
               .mark = rules_.tunnel_mark,
               .table = options_.routing_table,
               .priority = options_.rule_priority};
  auto sockets = WireSockets::open(rules_.own_mark);
  if (!sockets) return std::unexpected{sockets.error()};
  std::optional<IkeListener> listener;
  if (!options_.ike_socket.empty()) {
    auto listening = IkeListener::listen(options_.ike_socket);
    if (!listening) return std::unexpected{listening.error()};
    listener = std::move(*listening);
  }
  const auto steered = steer(steering_);
  if (!steered) return std::unexpected{steered.error()};
  for (const SystemFailure& tolerated : *steered) {
    reports_.put([this, tolerated] {
      if (on_event_) on_event_(Trouble{.attempted = tolerated.attempted, .reason = tolerated.reason.message()});
    });
  }
  loop_ = std::make_unique<PacketLoop>(PacketLoop::Parts{.stack = options_.stack,
                                                         .mtu = options_.mtu,
                                                         .tun = std::move(*tun),
                                                         .sockets = std::move(*sockets),
                                                         .ike = std::move(listener)},
                                       reports_, on_event_);
  return loop_->start();
}

void DataPlane::Running::run_reports(const std::stop_token& stopped) {
  pollfd readable{.fd = reports_.fd(), .events = POLLIN, .revents = 0};
  while (!stopped.stop_requested()) {
    if (poll(&readable, 1, -1) <= 0) continue;
    for (Report& report : reports_.take()) {
      if (stopped.stop_requested()) return;
      report();
    }
  }
}

void DataPlane::Running::stop() {
  if (std::exchange(stopped_, true)) return;
  if (loop_) loop_->stop();
  if (reporter_.joinable()) {
    reporter_.request_stop();
    reports_.put([] {});  // wakes it
    reporter_.join();
  }
  loop_.reset();  // closes the device and the sockets
  if (steering_.mark != 0) stop_steering(steering_);
  if (options_.at_stop == Options::AtStop::remove_filters) {
    [[maybe_unused]] const auto removed = run_nftables(ruleset_removed());
  }
}

std::expected<void, std::string> DataPlane::Running::set_policy(policy::PolicyPointer policy) {
  const std::scoped_lock lock{policy_mutex_};
  if (const auto done = run_nftables(ruleset_for(*policy, rules_)); !done) return std::unexpected{done.error()};
  policy_ = policy;
  std::promise<void> taken;
  loop_->put([&](PacketLoop& loop) {
    loop.set_policy(std::move(policy));
    taken.set_value();
  });
  taken.get_future().wait();
  return {};
}

std::expected<std::vector<FilterMatches>, std::string> DataPlane::Running::filter_matches() {
  const std::scoped_lock lock{policy_mutex_};
  std::vector<FilterMatches> matches;
  if (!policy_) return matches;
  const auto listing = run_nftables(std::string{list_counters_command});
  if (!listing) return std::unexpected{listing.error()};
  for (const policy::Filter& filter : policy_->filter.filters) {
    matches.push_back({.rule = filter.rule, .extension = filter.extension, .direction = filter.direction});
  }
  for (const FilterCount& count : parse_filter_counts(*listing)) {
    if (count.filter >= matches.size()) continue;
    matches[count.filter].packets = count.packets;
    matches[count.filter].octets = count.octets;
  }
  return matches;
}

DataPlane::DataPlane(std::unique_ptr<Running> running) : running_{std::move(running)} {}
DataPlane::~DataPlane() = default;

std::expected<std::unique_ptr<DataPlane>, std::string> DataPlane::start(Options options, EventCallback on_event) {
  auto running = std::make_unique<Running>(std::move(options), std::move(on_event));
  if (auto started = running->start(); !started) return std::unexpected{std::move(started.error())};
  return std::unique_ptr<DataPlane>{new DataPlane{std::move(running)}};
}

void DataPlane::install(contract::InstallChildSa pair, InstallCallback done) {
  auto shared = std::make_shared<InstallCallback>(std::move(done));
  std::vector<contract::InstallChildSa> pairs;
  pairs.push_back(std::move(pair));
  install(std::move(pairs), [shared](contract::InstallResult result) { (*shared)(std::move(result)); });
}

void DataPlane::install(std::vector<contract::InstallChildSa> pairs,
                        std::function<void(contract::InstallResult)> done) {
  running_->loop().put([pairs = std::move(pairs), done = std::move(done)](PacketLoop& loop) {
    for (const contract::InstallChildSa& pair : pairs) loop.install(pair, done);
  });
}

void DataPlane::remove(contract::RemoveChildSa pair) { remove(std::vector{std::move(pair)}); }

void DataPlane::remove(std::vector<contract::RemoveChildSa> pairs) {
  running_->loop().put([pairs = std::move(pairs)](PacketLoop& loop) {
    for (const contract::RemoveChildSa& pair : pairs) loop.remove(pair);
  });
}

void DataPlane::move_peer(contract::ChildSaName name, Endpoint to) {
  running_->loop().put([=](PacketLoop& loop) { loop.move_peer(name, to); });
}

void DataPlane::query_counters(CountersCallback done) {
  running_->loop().put([done = std::move(done)](PacketLoop& loop) mutable {
    loop.report([done = std::move(done), counters = loop.all_counters()]() mutable { done(std::move(counters)); });
  });
}

void DataPlane::query_counters(contract::ChildSaName name, CountersCallback done) {
  running_->loop().put([name, done = std::move(done)](PacketLoop& loop) mutable {
    std::vector<contract::ChildSaCounters> counters;
    if (auto found = loop.counters(name)) counters.push_back(std::move(*found));
    loop.report([done = std::move(done), counters = std::move(counters)]() mutable { done(std::move(counters)); });
  });
}

DataPlaneCounters DataPlane::counters() const {
  std::promise<DataPlaneCounters> answer;
  running_->loop().put([&](PacketLoop& loop) { answer.set_value(loop.counters()); });
  return answer.get_future().get();
}

std::expected<void, std::string> DataPlane::set_policy(policy::PolicyPointer policy) {
  return running_->set_policy(std::move(policy));
}

std::expected<std::vector<FilterMatches>, std::string> DataPlane::filter_matches() {
  return running_->filter_matches();
}

void DataPlane::stop() { running_->stop(); }

}  // namespace adit::stack::user
