#include "rpc/operator_client.h"

#include <fmt/format.h>
#include <grpcpp/client_context.h>

#include "adit/v1/operator.grpc.pb.h"
#include "rpc/local_channel.h"
#include "rpc/operator_messages.h"

namespace adit::rpc {
namespace {

constexpr std::chrono::seconds longest_wait{10};

/// One call of a stub's member.
template <class Response, class Stub, class Method, class Request>
OrReason<Response> call(Stub& stub, Method method, const Request& request, const std::string& path) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + longest_wait);
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (status.ok()) return response;
  return std::unexpected{fmt::format("no answer at {}: {}", path, status.error_message())};
}

/// Each message of an answer as a value, or the first that is wrong.
template <class T, class Messages>
OrReason<std::vector<T>> values(const Messages& messages) {
  std::vector<T> result;
  for (const auto& message : messages) {
    auto value = from_message(message);
    if (!value) return std::unexpected{"the answer is wrong in: " + value.error().field};
    result.push_back(std::move(*value));
  }
  return result;
}

template <class Id>
v1::TunnelsRequest request_for(const StackName& stack, const std::vector<Id>& tunnels) {
  v1::TunnelsRequest request;
  request.set_stack(stack.text);
  for (const Id tunnel : tunnels) request.add_tunnels(tunnel.value());
  return request;
}

}  // namespace

class OperatorClient::Calls {
 public:
  explicit Calls(std::string path)
      : path_{std::move(path)}, stub_{v1::OperatorService::NewStub(local_channel(path_))} {}

  template <class Response, class Method, class Request>
  OrReason<Response> operator()(Method method, const Request& request) {
    return call<Response>(*stub_, method, request, path_);
  }
  template <class Method, class Request>
  OrReason<std::vector<NamedAnswer>> act(Method method, const Request& request) {
    const auto response = (*this).template operator()<v1::OperatorAnswers>(method, request);
    if (!response) return std::unexpected{response.error()};
    return values<NamedAnswer>(response->items());
  }

 private:
  std::string path_;
  std::unique_ptr<v1::OperatorService::Stub> stub_;
};

OperatorClient::OperatorClient(const std::string& path) : calls_{std::make_unique<Calls>(path)} {}
OperatorClient::~OperatorClient() = default;

OrReason<std::vector<StackName>> OperatorClient::stacks() {
  const auto response =
      calls_->operator()<v1::ShowStacksResponse>(&v1::OperatorService::Stub::ShowStacks, v1::ShowStacksRequest{});
  if (!response) return std::unexpected{response.error()};
  std::vector<StackName> stacks;
  for (const std::string& name : response->stacks()) stacks.push_back(StackName{name});
  return stacks;
}

OrReason<std::vector<ike::IkeTunnelView>> OperatorClient::ike_tunnels(const StackName& stack) {
  v1::ShowIkeTunnelsRequest request;
  request.set_stack(stack.text);
  const auto response =
      calls_->operator()<v1::ShowIkeTunnelsResponse>(&v1::OperatorService::Stub::ShowIkeTunnels, request);
  if (!response) return std::unexpected{response.error()};
  return values<ike::IkeTunnelView>(response->tunnels());
}

OrReason<std::vector<ike::DynamicTunnelView>> OperatorClient::dynamic_tunnels(const StackName& stack) {
  v1::ShowDynamicTunnelsRequest request;
  request.set_stack(stack.text);
  const auto response =
      calls_->operator()<v1::ShowDynamicTunnelsResponse>(&v1::OperatorService::Stub::ShowDynamicTunnels, request);
  if (!response) return std::unexpected{response.error()};
  return values<ike::DynamicTunnelView>(response->tunnels());
}

OrReason<std::vector<NamedAnswer>> OperatorClient::activate(const StackName& stack,
                                                            const std::vector<std::string>& rules) {
  v1::ActivateRequest request;
  request.set_stack(stack.text);
  for (const std::string& rule : rules) request.add_local_dyn_vpn_rules(rule);
  return calls_->act(&v1::OperatorService::Stub::Activate, request);
}

OrReason<std::vector<NamedAnswer>> OperatorClient::deactivate_ike(const StackName& stack,
                                                                  const std::vector<IkeTunnelId>& tunnels) {
  return calls_->act(&v1::OperatorService::Stub::DeactivateIkeTunnels, request_for(stack, tunnels));
}

OrReason<std::vector<NamedAnswer>> OperatorClient::deactivate_dynamic(const StackName& stack,
                                                                      const std::vector<DynamicTunnelId>& tunnels) {
  return calls_->act(&v1::OperatorService::Stub::DeactivateDynamicTunnels, request_for(stack, tunnels));
}

OrReason<std::vector<NamedAnswer>> OperatorClient::refresh_ike(const StackName& stack,
                                                               const std::vector<IkeTunnelId>& tunnels) {
  return calls_->act(&v1::OperatorService::Stub::RefreshIkeTunnels, request_for(stack, tunnels));
}

OrReason<std::vector<NamedAnswer>> OperatorClient::refresh_dynamic(const StackName& stack,
                                                                   const std::vector<DynamicTunnelId>& tunnels) {
  return calls_->act(&v1::OperatorService::Stub::RefreshDynamicTunnels, request_for(stack, tunnels));
}

class StackOperatorClient::Calls {
 public:
  explicit Calls(std::string socket)
      : path{std::move(socket)}, stub{v1::StackOperatorService::NewStub(local_channel(path))} {}
  std::string path;
  std::unique_ptr<v1::StackOperatorService::Stub> stub;
};

StackOperatorClient::StackOperatorClient(const std::string& path) : calls_{std::make_unique<Calls>(path)} {}
StackOperatorClient::~StackOperatorClient() = default;

OrReason<std::vector<InstalledTunnel>> StackOperatorClient::tunnels() {
  const auto response =
      call<v1::ShowInstalledTunnelsResponse>(*calls_->stub, &v1::StackOperatorService::Stub::ShowInstalledTunnels,
                                             v1::ShowInstalledTunnelsRequest{}, calls_->path);
  if (!response) return std::unexpected{response.error()};
  return values<InstalledTunnel>(response->tunnels());
}

OrReason<std::vector<ManualTunnelView>> StackOperatorClient::manual_tunnels() {
  const auto response = call<v1::ShowManualTunnelsResponse>(
      *calls_->stub, &v1::StackOperatorService::Stub::ShowManualTunnels, v1::ShowManualTunnelsRequest{}, calls_->path);
  if (!response) return std::unexpected{response.error()};
  return values<ManualTunnelView>(response->tunnels());
}

OrReason<std::vector<NamedAnswer>> StackOperatorClient::activate(const std::vector<ManualTunnelId>& tunnels) {
  const auto response = call<v1::OperatorAnswers>(*calls_->stub, &v1::StackOperatorService::Stub::ActivateManualTunnels,
                                                  request_for({}, tunnels), calls_->path);
  if (!response) return std::unexpected{response.error()};
  return values<NamedAnswer>(response->items());
}

OrReason<std::vector<NamedAnswer>> StackOperatorClient::deactivate(const std::vector<ManualTunnelId>& tunnels) {
  const auto response = call<v1::OperatorAnswers>(
      *calls_->stub, &v1::StackOperatorService::Stub::DeactivateManualTunnels, request_for({}, tunnels), calls_->path);
  if (!response) return std::unexpected{response.error()};
  return values<NamedAnswer>(response->items());
}

OrReason<InstalledFilters> StackOperatorClient::filters() {
  const auto response = call<v1::ShowFiltersResponse>(*calls_->stub, &v1::StackOperatorService::Stub::ShowFilters,
                                                      v1::ShowFiltersRequest{}, calls_->path);
  if (!response) return std::unexpected{response.error()};
  auto filters = from_message(*response);
  if (!filters) return std::unexpected{"the answer is wrong in: " + filters.error().field};
  return std::move(*filters);
}

OrReason<void> StackOperatorClient::choose(FilterChoice choice) {
  v1::ChooseFiltersRequest request;
  request.set_default_filter(choice == FilterChoice::default_filter);
  const auto response = call<v1::ChooseFiltersResponse>(*calls_->stub, &v1::StackOperatorService::Stub::ChooseFilters,
                                                        request, calls_->path);
  if (!response) return std::unexpected{response.error()};
  if (!response->failure().empty()) return std::unexpected{response->failure()};
  return {};
}

OrReason<std::vector<InterfaceView>> StackOperatorClient::interfaces() {
  const auto response = call<v1::ShowInterfacesResponse>(*calls_->stub, &v1::StackOperatorService::Stub::ShowInterfaces,
                                                         v1::ShowInterfacesRequest{}, calls_->path);
  if (!response) return std::unexpected{response.error()};
  return values<InterfaceView>(response->interfaces());
}

}  // namespace adit::rpc
