#include "sim/node.h"

#include <fmt/format.h>

#include <algorithm>

namespace adit::sim {
namespace {

constexpr unsigned most_looks = 2000;  // at the clock, within a second: beyond it the engine spins, and is left alone

}  // namespace

Node::Node(std::size_t number, Surroundings around, Site site, ike::EngineOptions options, std::uint64_t seed)
    : number_{number},
      around_{around},
      site_{std::move(site)},
      options_{options},
      random_{seed},
      stack_{
          around.clockwork,  around.dice, around.trace, stack(), [this](ike::Input input) { feed(std::move(input)); },
          [this] { look(); }},
      nss_{around.clockwork, around.dice, around.trace, site_.name,
           [this](ike::Input input) { feed(std::move(input)); }} {
  around_.network.attach(number_, site_.name, site_.address, site_.outside,
                         [this](Parcel parcel) { take(std::move(parcel)); });
}

void Node::watch(Watch watch, TakePacket take_packet) {
  watch_ = std::move(watch);
  take_packet_ = std::move(take_packet);
}

void Node::install(policy::PolicyPointer policy) {
  policy_ = std::move(policy);
  if (engine_ == nullptr) return begin();
  feed(ike::PolicyInstalled{policy_});
}

void Node::begin() {
  engine_ = std::make_unique<ike::Engine>(options_, random_);
  stack_.start();
  feed(ike::StackUp{stack()});
  feed(ike::PolicyInstalled{policy_});
}

ike::OperatorAnswer Node::command(ike::Input request) {
  answers_.clear();
  if (is_up()) feed(std::move(request));
  return answers_.empty() ? ike::OperatorAnswer{} : answers_.front();
}

ike::OperatorAnswer Node::activate(const std::string& tunnel) { return command(ike::ActivateRule{stack(), tunnel}); }
void Node::deactivate_ike() { command(ike::DeactivateIkeTunnel{stack(), std::nullopt}); }
void Node::deactivate_tunnels() { command(ike::DeactivateDynamicTunnel{stack(), std::nullopt}); }
void Node::install_again() {
  policy_ = std::make_shared<const policy::PolicySnapshot>(*policy_);
  command(ike::PolicyInstalled{policy_});
}

void Node::send_packet(const IpAddress& source, const IpAddress& destination, const std::string& filter_rule) {
  if (!is_up()) return;
  feed(contract::Acquire{.stack = stack(),
                         .filter_rule = filter_rule,
                         .packet = {.source = source,
                                    .destination = destination,
                                    .protocol = IpProtocol::udp,
                                    .source_port = 1024,
                                    .destination_port = 53}});
}

void Node::end_engine() {
  engine_.reset();
  ++life_;
  planned_deadline_.reset();
  nss_.key_manager_gone();
  stack_.key_manager_gone();
}

void Node::crash() {
  around_.trace.note(site_.name, "--- crashes");
  end_engine();
  stack_.crash();
}

void Node::restart() {
  if (engine_ != nullptr) return;
  around_.trace.note(site_.name, "--- is back");
  begin();
}

void Node::crash_and_restart() {
  crash();
  restart();
}

void Node::crash_iked() {
  around_.trace.note(site_.name, "--- iked crashes");
  end_engine();
}

void Node::restart_iked() {
  if (engine_ != nullptr) return;
  around_.trace.note(site_.name, "--- iked is back");
  engine_ = std::make_unique<ike::Engine>(options_, random_);
  stack_.key_manager_came();
  feed(ike::PolicyInstalled{policy_});
}

void Node::restart_stackd() {
  around_.trace.note(site_.name, "--- stackd ends and is back");
  stack_.crash();
  if (engine_ == nullptr) return;
  stack_.key_manager_came();
  feed(ike::StackDown{stack()});
}

void Node::take(Parcel parcel) {
  if (std::holds_alternative<TestPacket>(parcel.content)) return take_packet_(*this, parcel);
  receive({.stack = stack(),
           .local = parcel.to,
           .remote = parcel.from,
           .octets = std::move(std::get<ByteString>(parcel.content))});
}

void Node::receive(ike::Datagram datagram) {
  if (!is_up()) return;
  datagram.stack = stack();
  feed(std::move(datagram));
}

std::vector<ike::IkeTunnelView> Node::ike_tunnels() const {
  return engine_ == nullptr ? std::vector<ike::IkeTunnelView>{} : engine_->ike_tunnels(stack());
}
std::vector<ike::DynamicTunnelView> Node::dynamic_tunnels() const {
  return engine_ == nullptr ? std::vector<ike::DynamicTunnelView>{} : engine_->dynamic_tunnels(stack());
}
bool Node::is_leaving(const contract::ChildSaName& name) const {
  if (engine_ == nullptr) return false;
  const auto leaving = engine_->leaving(stack());
  return std::ranges::find(leaving, name) != leaving.end();
}
bool Node::has_leaving_pairs() const { return engine_ != nullptr && !engine_->leaving(stack()).empty(); }
ike::Statistics Node::statistics() const { return engine_ == nullptr ? ike::Statistics{} : engine_->statistics(); }
std::optional<Instant> Node::next_deadline() const {
  return engine_ == nullptr ? std::nullopt : engine_->next_deadline();
}

std::vector<std::string> Node::breaches() const {
  std::vector<std::string> found = stack_.breaches();
  if (looks_ > most_looks) found.emplace_back("looks at the clock without end");
  return found;
}

void Node::feed(ike::Input input) {
  if (engine_ == nullptr) return;
  ++steps_;
  perform(engine_->handle(std::move(input), around_.clockwork.now()));
  plan_deadline();
  look();
}

void Node::look() {
  if (watch_) watch_(*this);
}

void Node::perform(ike::Step step) {
  for (const LogRecord& record : step.log) {
    around_.trace.note(site_.name, record.to_string());
    ++told_[record.message];
  }
  for (const ike::Datagram& datagram : step.send) {
    if (stack_.is_up()) around_.network.send(datagram);  // stackd has the sockets
  }
  for (ike::StackRequest& request : step.stack) stack_.ask(std::move(request));
  for (ike::OperatorAnswer& answer : step.answers) answers_.push_back(std::move(answer));
  for (ike::CertificateRequest& request : step.certificates) nss_.ask(std::move(request));
}

void Node::plan_deadline() {
  const std::optional<Instant> deadline = engine_->next_deadline();
  if (!deadline || deadline == planned_deadline_) return;
  const Instant now = around_.clockwork.now();
  if (now - second_began_ >= Seconds{1}) {
    second_began_ = now;
    looks_ = 0;
  }
  if (looks_ > most_looks) return;  // breaches() tells
  planned_deadline_ = deadline;
  around_.clockwork.plan(std::max(*deadline - now, Duration{0}), [this, life = life_, deadline] {
    if (life != life_ || planned_deadline_ != deadline) return;
    planned_deadline_.reset();
    ++looks_;
    feed(ike::TimePassed{});
  });
}

}  // namespace adit::sim
