#include "daemons/iked/negotiator.h"

#include <fmt/format.h>

#include <filesystem>

#include "rpc/socket_paths.h"

namespace adit::daemons::iked {
namespace {

/// How often the socket folder is looked at for stacks that have come.
constexpr std::chrono::milliseconds look_interval{250};

ike::EngineOptions engine_options(const policy::IkedConfig& configuration) {
  ike::EngineOptions options;
  options.retries = configuration.retries;
  options.initial_wait = configuration.initial_wait;
  options.certificate_wait = configuration.nss_wait_limit;
  return options;
}

/// One answer for each that the engine gave; an engine that found nothing gives none.
std::vector<rpc::NamedAnswer> named(const std::string& subject, std::vector<ike::OperatorAnswer> answers) {
  if (answers.empty()) return {{subject, {ike::OperatorAnswer::Status::not_found, {}}}};
  std::vector<rpc::NamedAnswer> result;
  for (ike::OperatorAnswer& answer : answers) result.push_back({subject, std::move(answer)});
  return result;
}

}  // namespace

std::expected<std::unique_ptr<Negotiator>, std::string> Negotiator::start(EventLoop& loop, std::string socket_folder,
                                                                          const policy::IkedConfig& configuration) {
  std::unique_ptr<Negotiator> negotiator{new Negotiator{loop, std::move(socket_folder), configuration}};
  // Operators are root or of the socket's group: its file says who (mode 0660).
  auto operators = rpc::OperatorServer::start({rpc::iked_socket(negotiator->socket_folder_), std::nullopt}, loop.post(),
                                              negotiator->operator_callbacks());
  if (!operators) return std::unexpected{operators.error()};
  negotiator->operators_ = std::move(*operators);
  negotiator->look_for_stacks();
  return negotiator;
}

Negotiator::Negotiator(EventLoop& loop, std::string socket_folder, const policy::IkedConfig& configuration)
    : loop_{loop},
      socket_folder_{std::move(socket_folder)},
      engine_{loop, engine_options(configuration), outlets()},
      certificates_{loop, [this](ike::Input input) { engine_.take(std::move(input)); }},
      next_look_{loop.context()} {
  certificates_.configure(configuration);
}

Outlets Negotiator::outlets() {
  return {
      .send =
          [this](const StackName& stack, std::vector<ike::Datagram> datagrams) {
            if (const auto link = stacks_.find(stack); link != stacks_.end()) link->second->send(std::move(datagrams));
          },
      .ask_stack =
          [this](const StackName& stack, const std::vector<ike::StackRequest>& requests) {
            if (const auto link = stacks_.find(stack); link != stacks_.end()) link->second->ask(requests);
          },
      .ask_nss = [this](ike::CertificateRequest request) { certificates_.ask(std::move(request)); },
  };
}

void Negotiator::look_for_stacks() {
  std::error_code failure;
  for (const auto& file : std::filesystem::directory_iterator{rpc::stacks_folder(socket_folder_), failure}) {
    const auto stack = rpc::stack_of_socket(file.path().filename().string());
    if (!stack || stacks_.contains(*stack)) continue;
    stacks_[*stack] = std::make_unique<StackLink>(loop_, socket_folder_, *stack,
                                                  [this](ike::Input input) { engine_.take(std::move(input)); });
  }
  next_look_.expires_after(look_interval);
  next_look_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) look_for_stacks();
  });
}

rpc::OperatorServer::Callbacks Negotiator::operator_callbacks() {
  return {
      .stacks =
          [this] {
            std::vector<StackName> names;
            for (const auto& [name, link] : stacks_) names.push_back(name);
            return names;
          },
      .ike_tunnels = [this](const StackName& stack) { return engine_.engine().ike_tunnels(stack); },
      .dynamic_tunnels = [this](const StackName& stack) { return engine_.engine().dynamic_tunnels(stack); },
      .activate =
          [this](const StackName& stack, const std::vector<std::string>& rules) {
            std::vector<rpc::NamedAnswer> answers;
            for (const std::string& rule : rules) {
              std::ranges::move(named(rule, engine_.ask(ike::ActivateRule{stack, rule})), std::back_inserter(answers));
            }
            return answers;
          },
      .deactivate_ike =
          [this](const StackName& stack, const std::vector<IkeTunnelId>& tunnels) {
            return act<ike::DeactivateIkeTunnel>(stack, tunnels, 'K');
          },
      .deactivate_dynamic =
          [this](const StackName& stack, const std::vector<DynamicTunnelId>& tunnels) {
            return act<ike::DeactivateDynamicTunnel>(stack, tunnels, 'Y');
          },
      .refresh_ike =
          [this](const StackName& stack, const std::vector<IkeTunnelId>& tunnels) {
            return act<ike::RefreshIkeTunnel>(stack, tunnels, 'K');
          },
      .refresh_dynamic =
          [this](const StackName& stack, const std::vector<DynamicTunnelId>& tunnels) {
            return act<ike::RefreshDynamicTunnel>(stack, tunnels, 'Y');
          },
  };
}

template <class Action, class Id>
std::vector<rpc::NamedAnswer> Negotiator::act(const StackName& stack, const std::vector<Id>& tunnels, char letter) {
  if (tunnels.empty()) return named("all", engine_.ask(Action{stack, std::nullopt}));
  std::vector<rpc::NamedAnswer> answers;
  for (const Id tunnel : tunnels) {
    std::ranges::move(named(fmt::format("{}{}", letter, tunnel.value()), engine_.ask(Action{stack, tunnel})),
                      std::back_inserter(answers));
  }
  return answers;
}

}  // namespace adit::daemons::iked
