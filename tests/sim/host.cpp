#include "sim/host.h"

#include <fmt/format.h>

#include <algorithm>

namespace adit::sim {
namespace {

constexpr unsigned most_idle_turns = 1000;  // deadlines that were due at once, one after another: an engine that spins
constexpr Duration stack_least = std::chrono::microseconds{50}, stack_most = std::chrono::milliseconds{5};

std::string name_text(const contract::ChildSaName& name) {
  return fmt::format("Y{} generation {}", name.tunnel.value(), name.generation);
}

}  // namespace

Host::Host(Clockwork& clockwork, Dice& dice, Network& network, Site site, ike::EngineOptions options,
           std::uint64_t seed)
    : clockwork_{clockwork},
      dice_{dice},
      network_{network},
      site_{std::move(site)},
      options_{options},
      random_{seed},
      engine_{std::make_unique<ike::Engine>(options_, random_)} {
  network_.attach(site_.address, [this](ike::Datagram datagram) { receive(std::move(datagram)); });
}

void Host::install(policy::PolicyPointer policy) {
  policy_ = std::move(policy);
  feed(ike::StackUp{stack()});
  feed(ike::PolicyInstalled{policy_});
}

ike::OperatorAnswer Host::activate(const std::string& tunnel) {
  answers_.clear();
  feed(ike::ActivateRule{stack(), tunnel});
  return answers_.empty() ? ike::OperatorAnswer{} : answers_.front();
}

void Host::deactivate_ike() { feed(ike::DeactivateIkeTunnel{stack(), std::nullopt}); }
void Host::deactivate_tunnels() { feed(ike::DeactivateDynamicTunnel{stack(), std::nullopt}); }

void Host::send_packet(const IpAddress& source, const IpAddress& destination) {
  feed(contract::Acquire{.stack = stack(),
                         .filter_rule = "nets",
                         .packet = {.source = source,
                                    .destination = destination,
                                    .protocol = IpProtocol::udp,
                                    .source_port = 1024,
                                    .destination_port = 53}});
}

void Host::crash_and_restart() {
  ++life_;
  installed_.clear();
  planned_deadline_.reset();
  engine_ = std::make_unique<ike::Engine>(options_, random_);
  log_.push_back("--- restart");
  install(policy_);
}

void Host::receive(ike::Datagram datagram) {
  datagram.stack = stack();
  feed(std::move(datagram));
}

bool Host::has_told(CatalogueId message) const { return std::ranges::find(told_, message) != told_.end(); }

std::string Host::log() const {
  std::string text;
  for (const std::string& line : log_) text += site_.name + " " + line + "\n";
  return text;
}

void Host::feed(ike::Input input) {
  perform(engine_->handle(std::move(input), clockwork_.now()));
  plan_deadline();
}

void Host::perform(ike::Step step) {
  for (const LogRecord& record : step.log) {
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(clockwork_.now().time_since_epoch()).count();
    log_.push_back(fmt::format("{:>8} ms {}", milliseconds, record.to_string()));
    told_.push_back(record.message);
  }
  for (const ike::Datagram& datagram : step.send) network_.send(datagram);
  for (ike::StackRequest& request : step.stack) ask_stack(std::move(request));
  for (ike::OperatorAnswer& answer : step.answers) answers_.push_back(std::move(answer));
  if (!step.certificates.empty()) breaches_.emplace_back("asked the certificate service without a rule that needs it");
}

void Host::ask_stack(ike::StackRequest request) {
  stack_free_at_ = std::max(stack_free_at_, clockwork_.now()) + dice_.between(stack_least, stack_most);
  clockwork_.plan(stack_free_at_ - clockwork_.now(), [this, life = life_, request = std::move(request)] {
    if (life != life_) return;
    std::visit([this](const auto& what) { answer(what); }, request);
  });
}

void Host::answer(const contract::InstallChildSa& request) {
  if (refuses_) {
    feed(contract::InstallResult{stack(), request.name, "no more SAs"});
    return;
  }
  for (const auto& [name, other] : installed_) {
    if (name == request.name) breaches_.push_back(name_text(name) + " installed twice");
    if (other.inbound_spi == request.inbound_spi) breaches_.push_back(name_text(name) + " has the same inbound SPI");
  }
  installed_[request.name] = request;
  ++installs_;
  feed(contract::InstallResult{stack(), request.name, std::nullopt});
}

void Host::answer(const contract::RemoveChildSa& request) {
  if (installed_.erase(request.name) == 0)
    breaches_.push_back(name_text(request.name) + " removed without being there");
}

void Host::answer(const contract::RetireChildSa& request) {
  if (!installed_.contains(request.name)) breaches_.push_back(name_text(request.name) + " retired without being there");
}

void Host::answer(const ike::QueryCounters& request) {
  if (!installed_.contains(request.name)) return;
  feed(contract::ChildSaCounters{.stack = stack(), .name = request.name});
}

void Host::plan_deadline() {
  const std::optional<Instant> deadline = engine_->next_deadline();
  if (!deadline || deadline == planned_deadline_) return;
  idle_turns_ = *deadline <= clockwork_.now() ? idle_turns_ + 1 : 0;
  if (idle_turns_ > most_idle_turns) {
    if (idle_turns_ == most_idle_turns + 1) breaches_.emplace_back("looks at the clock without end");
    return;
  }
  planned_deadline_ = deadline;
  const Duration after = std::max(*deadline - clockwork_.now(), Duration{0});
  clockwork_.plan(after, [this, life = life_, deadline] {
    if (life != life_ || planned_deadline_ != deadline) return;
    planned_deadline_.reset();
    feed(ike::TimePassed{});
  });
}

}  // namespace adit::sim
