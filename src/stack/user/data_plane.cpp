#include "stack/user/data_plane.h"

#include <net/if.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

#include "stack/default_filter.h"
#include "stack/user/filter_counts.h"
#include "stack/user/filter_table.h"
#include "stack/user/log_socket.h"
#include "stack/user/nftables_transaction.h"
#include "stack/user/packet_loop.h"
#include "stack/user/routing.h"

namespace adit::stack::user {

class DataPlane::Running {
 public:
  Running(Options options, EventCallback on_event) : options_{std::move(options)}, on_event_{std::move(on_event)} {
    rules_.tun_name = options_.tun_name;
    rules_.routed_tun_name = options_.tun_name + "r";
    rules_.mtu = options_.mtu;
    rules_.security_classes = options_.security_classes;
    rules_.own_user = geteuid();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { stop(); }

  std::expected<void, std::string> start();
  void stop();
  /// For the loop; without effect once stop() has begun.
  void post(Command command) {
    const std::scoped_lock lock{post_mutex_};
    if (!stopped_) loop_->put(std::move(command));
  }
  StandingFilters filters_at_start() const { return filters_at_start_; }
  std::expected<void, std::string> set_policy(policy::PolicyPointer policy, Leaves leaves,
                                              std::vector<contract::RemoveChildSa> ended);
  std::expected<void, std::string> set_default_filter();
  std::expected<std::vector<FilterMatches>, std::string> filter_matches();

 private:
  std::expected<void, std::string> start_loop();
  void run_reports(const std::stop_token& stopped);
  void tell_logged();
  void put_back_filters();
  std::expected<void, std::string> restore_filters();
  void tell(const SystemFailure& failure);

  Options options_;
  EventCallback on_event_;
  RulesetOptions rules_;
  StandingFilters filters_at_start_{};
  std::vector<Steering> steering_;  // once filters and routes are changed
  Mailbox<Report> reports_;
  std::optional<LogSocket> log_;
  std::jthread reporter_;
  std::unique_ptr<PacketLoop> loop_;
  using IndexPointer = std::shared_ptr<const policy::FilterIndex>;
  std::mutex policy_mutex_;  // one transaction at a time
  FilterTable filters_;
  policy::PolicyPointer policy_;
  std::mutex index_mutex_;
  IndexPointer index_;  // of the policy, for what it logs
  std::mutex post_mutex_;
  bool stopped_ = false;
};

namespace {

/// The answer of a command; nothing when the loop has ended without running it.
template <class Value>
std::optional<Value> answer_of(std::future<Value> answer) {
  try {
    return answer.get();
  } catch (const std::future_error&) {
    return std::nullopt;
  }
}

}  // namespace

std::expected<void, std::string> DataPlane::Running::start() {
  if (options_.mtu < 1280 || options_.mtu > 9000) return std::unexpected{std::string{"MTU is not 1280 to 9000"}};
  for (const std::string& device : {rules_.tun_name, rules_.routed_tun_name}) {
    // What comes out of a tunnel has the class of the interface that its protected packet came in by.
    if (options_.security_classes.contains(device)) return std::unexpected{"a security class of " + device};
  }
  if (const auto done = start_loop(); !done) return std::unexpected{done.error()};
  reporter_ = std::jthread{[this](const std::stop_token& stopped) { run_reports(stopped); }};
  return {};
}

/// Device and ports come first: they cannot be had twice, so a second data plane fails before it has changed anything
/// of the first one's.
std::expected<void, std::string> DataPlane::Running::start_loop() {
  auto tun = TunDevice::open(rules_.tun_name);
  if (!tun) return std::unexpected{tun.error().to_string()};
  auto routed_tun = TunDevice::open(rules_.routed_tun_name);
  if (!routed_tun) return std::unexpected{routed_tun.error().to_string()};
  const auto steering_to = [this](const TunDevice& device, std::uint32_t mark, std::uint32_t table) {
    return Steering{.device = device.name(),
                    .device_index = device.index(),
                    .mtu = options_.mtu,
                    .mark = mark,
                    .table = table,
                    .priority = options_.rule_priority};
  };
  auto sockets = WireSockets::open(rules_.own_mark);
  if (!sockets) return std::unexpected{sockets.error().to_string()};
  std::optional<IkeListener> listener;
  if (!options_.ike_socket.empty()) {
    auto listening = IkeListener::listen(options_.ike_socket, options_.ike_users);
    if (!listening) return std::unexpected{listening.error().to_string()};
    listener = std::move(*listening);
  }
  if (const auto watched = filters_.watch(); !watched) tell(watched.error());
  const auto standing = settle_filters(options_.until_policy, rules_);
  if (!standing) return std::unexpected{"filters before the policy: " + standing.error()};
  filters_at_start_ = *standing;
  filters_.take_over();
  // Without it filters work, but log nothing.
  if (auto log = LogSocket::open(log_group)) {
    log_.emplace(std::move(*log));
  } else {
    tell(log.error());
  }
  steering_ = {steering_to(*tun, rules_.tunnel_mark, options_.routing_table),
               steering_to(*routed_tun, rules_.routed_mark, options_.routing_table + 1)};
  for (const Steering& steering : steering_) {
    const auto steered = steer(steering);
    if (!steered) return std::unexpected{steered.error().to_string()};
    for (const SystemFailure& tolerated : *steered) tell(tolerated);
  }
  auto delivery = Delivery::open(options_.security_classes);
  if (!delivery) return std::unexpected{delivery.error().to_string()};
  auto refusals = Refusals::open(rules_.refused_mark);
  if (!refusals) return std::unexpected{refusals.error().to_string()};
  loop_ = std::make_unique<PacketLoop>(PacketLoop::Parts{.stack = options_.stack,
                                                         .mtu = options_.mtu,
                                                         .tun = std::move(*tun),
                                                         .routed_tun = std::move(*routed_tun),
                                                         .sockets = std::move(*sockets),
                                                         .delivery = std::move(*delivery),
                                                         .refusals = std::move(*refusals),
                                                         .ike = std::move(listener)},
                                       reports_, on_event_);
  if (const auto started = loop_->start(); !started) return std::unexpected{started.error().to_string()};
  return {};
}

void DataPlane::Running::run_reports(const std::stop_token& stopped) {
  std::array readable{pollfd{.fd = reports_.fd(), .events = POLLIN, .revents = 0},
                      pollfd{.fd = log_ ? log_->fd() : -1, .events = POLLIN, .revents = 0},
                      pollfd{.fd = filters_.watch_fd(), .events = POLLIN, .revents = 0}};
  while (!stopped.stop_requested()) {
    if (poll(readable.data(), readable.size(), -1) <= 0) continue;
    if (readable[2].revents != 0 && filters_.drain_watch()) put_back_filters();
    if (readable[1].revents != 0) tell_logged();
    for (Report& report : reports_.take()) {
      if (stopped.stop_requested()) return;
      report();
    }
  }
}

void DataPlane::Running::tell(const SystemFailure& failure) {
  reports_.put([this, failure] {
    if (on_event_) on_event_(Trouble{.attempted = failure.attempted, .reason = failure.reason.message()});
  });
}

void DataPlane::Running::put_back_filters() {
  std::string outcome = "they are in force again";
  {
    const std::scoped_lock lock{policy_mutex_};
    if (filters_.is_there()) return;
    const auto done = restore_filters();
    if (!done) outcome = "and they cannot be had again: " + done.error();
    if (!policy_ && options_.until_policy == UntilPolicy::permit) outcome = "everything passes until the policy comes";
  }
  if (on_event_) {
    on_event_(
        Trouble{.attempted = "keep the filters in force",
                .reason = "another program has deleted table inet adit, as `nft flush ruleset` does; " + outcome});
  }
}

/// Another program has deleted the table, and the host is open since. Closed first, which takes no time, and then as
/// the policy says. Under policy_mutex_.
std::expected<void, std::string> DataPlane::Running::restore_filters() {
  filters_.forget();
  if (!policy_ && options_.until_policy == UntilPolicy::permit) {
    filters_.take_over();
    return {};
  }
  auto done = filters_.replace(ruleset_of_denial(rules_));
  if (policy_) done = filters_.replace(ruleset_for(*policy_, rules_));
  return done;
}

void DataPlane::Running::tell_logged() {
  IndexPointer index;
  {
    const std::scoped_lock lock{index_mutex_};
    index = index_;
  }
  log_->drain([&](std::string_view prefix, Bytes octets, unsigned in, unsigned out) {
    std::array<char, IF_NAMESIZE> name{};
    const char* device = if_indextoname(in != 0 ? in : out, name.data());
    // A forwarded packet has both: its second search asks about the one it leaves by.
    if (prefix.starts_with("routed_out")) device = if_indextoname(out, name.data());
    const auto known = options_.security_classes.find(device == nullptr ? "" : device);
    const std::uint8_t security_class = known == options_.security_classes.end() ? 0 : known->second;
    auto logged = read_logged(prefix, octets, security_class, index.get());
    if (!logged || !on_event_) return;
    if (device != nullptr) logged->interface = device;
    on_event_(std::move(*logged));
  });
}

void DataPlane::Running::stop() {
  {
    const std::scoped_lock lock{post_mutex_};
    if (std::exchange(stopped_, true)) return;
  }
  if (loop_) loop_->stop();
  if (reporter_.joinable()) {
    reporter_.request_stop();
    reports_.put([] {});  // wakes it
    reporter_.join();
  }
  loop_.reset();                  // closes the devices and the sockets
  if (steering_.empty()) return;  // it had not come as far as to change anything
  for (const Steering& steering : steering_) stop_steering(steering);
  if (options_.at_stop == Options::AtStop::remove_filters) {
    [[maybe_unused]] const auto removed = run_nftables(ruleset_removed());
  }
}

std::expected<void, std::string> DataPlane::Running::set_default_filter() {
  auto snapshot = std::make_shared<policy::PolicySnapshot>();
  snapshot->stack = options_.stack;
  snapshot->filter = default_filter(options_.until_policy);
  return set_policy(std::move(snapshot), options_.until_policy == UntilPolicy::deny ? Leaves::closed : Leaves::open,
                    {});
}

/// The kernel's rules and the data plane's index each decide by a whole policy, and change one right after the other. A
/// packet between the two leaves or comes in only where the new rules want it protected and the old policy had a tunnel
/// for it; so none is in clear, and none is let in that neither policy lets in. What the new policy ends goes with the
/// old index, between two packets.
std::expected<void, std::string> DataPlane::Running::set_policy(policy::PolicyPointer policy, Leaves leaves,
                                                                std::vector<contract::RemoveChildSa> ended) {
  const std::scoped_lock lock{policy_mutex_};
  if (!policy) return std::unexpected{std::string{"no policy"}};
  // Made here and, once replaced, destroyed here: for a large policy both take longer than packets may wait. And made
  // before the kernel has its rules, so that the two are apart for as short as can be.
  auto index =
      std::make_shared<const policy::FilterIndex>(std::shared_ptr<const policy::FilterPolicy>{policy, &policy->filter});
  rules_.leaves = leaves;
  if (const auto done = filters_.replace(ruleset_for(*policy, rules_)); !done) {
    // Nothing tells of a deletion meanwhile.
    if (!filters_.is_there()) [[maybe_unused]]
      const auto restored = restore_filters();
    return std::unexpected{done.error()};
  }
  policy_ = std::move(policy);
  {
    const std::scoped_lock index_lock{index_mutex_};
    index_ = index;
  }
  std::promise<IndexPointer> replaced;
  std::future<IndexPointer> answer = replaced.get_future();
  post([index = std::move(index), replaced = std::move(replaced), ended = std::move(ended)](PacketLoop& loop) mutable {
    for (const contract::RemoveChildSa& pair : ended) loop.remove(pair);
    replaced.set_value(loop.set_policy(std::move(index)));
  });
  if (!answer_of(std::move(answer))) return std::unexpected{std::string{"the data plane has been stopped"}};
  return {};
}

std::expected<std::vector<FilterMatches>, std::string> DataPlane::Running::filter_matches() {
  const std::scoped_lock lock{policy_mutex_};
  std::vector<FilterMatches> matches;
  if (!policy_) return matches;
  const auto& filters = policy_->filter.filters;
  const auto counts = read_filter_counts(filters.size());
  if (!counts) return std::unexpected{counts.error().to_string()};
  for (std::size_t i = 0; i < filters.size(); ++i) {
    matches.push_back({.rule = filters[i].rule,
                       .extension = filters[i].extension,
                       .direction = filters[i].direction,
                       .packets = (*counts)[i].packets,
                       .octets = (*counts)[i].octets});
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
  running_->post([pairs = std::move(pairs), done = std::move(done)](PacketLoop& loop) {
    for (const contract::InstallChildSa& pair : pairs) loop.install(pair, done);
  });
}

void DataPlane::remove(contract::RemoveChildSa pair) { remove(std::vector{std::move(pair)}); }

void DataPlane::remove(std::vector<contract::RemoveChildSa> pairs) {
  running_->post([pairs = std::move(pairs)](PacketLoop& loop) {
    for (const contract::RemoveChildSa& pair : pairs) loop.remove(pair);
  });
}

void DataPlane::retire(std::vector<contract::RetireChildSa> pairs) {
  running_->post([pairs = std::move(pairs)](PacketLoop& loop) {
    for (const contract::RetireChildSa& pair : pairs) loop.retire(pair);
  });
}

void DataPlane::begin_sending(std::vector<contract::BeginSending> pairs) {
  running_->post([pairs = std::move(pairs)](PacketLoop& loop) {
    for (const contract::BeginSending& pair : pairs) loop.begin_sending(pair);
  });
}

void DataPlane::move_peer(contract::ChildSaName name, Endpoint to) {
  running_->post([=](PacketLoop& loop) { loop.move_peer(name, to); });
}

void DataPlane::query_counters(CountersCallback done) {
  running_->post([done = std::move(done)](PacketLoop& loop) mutable {
    loop.report([done = std::move(done), counters = loop.all_counters()]() mutable { done(std::move(counters)); });
  });
}

void DataPlane::query_counters(contract::ChildSaName name, CountersCallback done) {
  running_->post([name, done = std::move(done)](PacketLoop& loop) mutable {
    std::vector<contract::ChildSaCounters> counters;
    if (auto found = loop.counters(name)) counters.push_back(std::move(*found));
    loop.report([done = std::move(done), counters = std::move(counters)]() mutable { done(std::move(counters)); });
  });
}

DataPlaneCounters DataPlane::counters() const {
  std::promise<DataPlaneCounters> promise;
  std::future<DataPlaneCounters> answer = promise.get_future();
  running_->post([promise = std::move(promise)](PacketLoop& loop) mutable { promise.set_value(loop.counters()); });
  return answer_of(std::move(answer)).value_or(DataPlaneCounters{});
}

std::expected<void, std::string> DataPlane::set_policy(policy::PolicyPointer policy,
                                                       std::vector<contract::RemoveChildSa> ended, Leaves leaves) {
  return running_->set_policy(std::move(policy), leaves, std::move(ended));
}

std::expected<void, std::string> DataPlane::set_default_filter() { return running_->set_default_filter(); }

StandingFilters DataPlane::filters_at_start() const { return running_->filters_at_start(); }

std::expected<std::vector<FilterMatches>, std::string> DataPlane::filter_matches() {
  return running_->filter_matches();
}

void DataPlane::stop() { running_->stop(); }

}  // namespace adit::stack::user
