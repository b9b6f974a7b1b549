#include "rpc/operator_server.h"

#include "adit/v1/operator.grpc.pb.h"
#include "rpc/guarded_post.h"
#include "rpc/local_server.h"
#include "rpc/operator_messages.h"
#include "rpc/unary_reply.h"

namespace adit::rpc {
namespace {

constexpr int most_named = 10'000;  // tunnels or rules in one request

template <class Values, class Messages>
void write_all(const Values& from, Messages& to) {
  for (const auto& value : from) write(value, *to.Add());
}

}  // namespace

class OperatorServer::Serving final : public v1::OperatorService::CallbackService {
 public:
  Serving(Post post, Callbacks callbacks) : post_{std::move(post)}, callbacks_{std::move(callbacks)} {}

  grpc::ServerUnaryReactor* ShowStacks(grpc::CallbackServerContext* call, const v1::ShowStacksRequest*,
                                       v1::ShowStacksResponse* response) override {
    return answer(*call, [this, response] {
      for (const StackName& stack : callbacks_.stacks()) response->add_stacks(stack.text);
    });
  }
  grpc::ServerUnaryReactor* ShowIkeTunnels(grpc::CallbackServerContext* call, const v1::ShowIkeTunnelsRequest* request,
                                           v1::ShowIkeTunnelsResponse* response) override {
    return answer(*call, [this, request, response] {
      write_all(callbacks_.ike_tunnels(StackName{request->stack()}), *response->mutable_tunnels());
    });
  }
  grpc::ServerUnaryReactor* ShowDynamicTunnels(grpc::CallbackServerContext* call,
                                               const v1::ShowDynamicTunnelsRequest* request,
                                               v1::ShowDynamicTunnelsResponse* response) override {
    return answer(*call, [this, request, response] {
      write_all(callbacks_.dynamic_tunnels(StackName{request->stack()}), *response->mutable_tunnels());
    });
  }
  grpc::ServerUnaryReactor* Activate(grpc::CallbackServerContext* call, const v1::ActivateRequest* request,
                                     v1::OperatorAnswers* response) override {
    if (request->local_dyn_vpn_rules_size() > most_named) return refuse(*call);
    return answer(*call, [this, request, response] {
      const std::vector<std::string> rules{request->local_dyn_vpn_rules().begin(),
                                           request->local_dyn_vpn_rules().end()};
      write_all(callbacks_.activate(StackName{request->stack()}, rules), *response->mutable_items());
    });
  }
  grpc::ServerUnaryReactor* DeactivateIkeTunnels(grpc::CallbackServerContext* call, const v1::TunnelsRequest* request,
                                                 v1::OperatorAnswers* response) override {
    return act_on_tunnels(*call, *request, *response, callbacks_.deactivate_ike);
  }
  grpc::ServerUnaryReactor* DeactivateDynamicTunnels(grpc::CallbackServerContext* call,
                                                     const v1::TunnelsRequest* request,
                                                     v1::OperatorAnswers* response) override {
    return act_on_tunnels(*call, *request, *response, callbacks_.deactivate_dynamic);
  }
  grpc::ServerUnaryReactor* RefreshIkeTunnels(grpc::CallbackServerContext* call, const v1::TunnelsRequest* request,
                                              v1::OperatorAnswers* response) override {
    return act_on_tunnels(*call, *request, *response, callbacks_.refresh_ike);
  }
  grpc::ServerUnaryReactor* RefreshDynamicTunnels(grpc::CallbackServerContext* call, const v1::TunnelsRequest* request,
                                                  v1::OperatorAnswers* response) override {
    return act_on_tunnels(*call, *request, *response, callbacks_.refresh_dynamic);
  }

  void stop() {
    post_.close();  // a call that waits for the daemon's thread would otherwise wait for itself
    server.reset();
  }

  std::unique_ptr<LocalServer> server;

 private:
  template <class Id>
  grpc::ServerUnaryReactor* act_on_tunnels(
      grpc::CallbackServerContext& call, const v1::TunnelsRequest& request, v1::OperatorAnswers& response,
      const std::function<std::vector<NamedAnswer>(const StackName&, const std::vector<Id>&)>& action) {
    if (request.tunnels_size() > most_named) return refuse(call);
    return answer(call, [&request, &response, &action] {
      std::vector<Id> tunnels;
      for (const std::uint64_t number : request.tunnels()) tunnels.emplace_back(number);
      write_all(action(StackName{request.stack()}, tunnels), *response.mutable_items());
    });
  }

  template <class Fill>
  grpc::ServerUnaryReactor* answer(grpc::CallbackServerContext& call, Fill fill) {
    UnaryReply reply{call};
    grpc::ServerUnaryReactor* const reactor = reply.reactor();
    post_([reply = std::move(reply), fill = std::move(fill)]() mutable {
      fill();
      reply.finish(grpc::Status::OK);
    });
    return reactor;
  }
  static grpc::ServerUnaryReactor* refuse(grpc::CallbackServerContext& call) {
    UnaryReply reply{call};
    grpc::ServerUnaryReactor* const reactor = reply.reactor();
    reply.finish({grpc::StatusCode::INVALID_ARGUMENT, "too many are named"});
    return reactor;
  }

  GuardedPost post_;
  Callbacks callbacks_;
};

std::expected<std::unique_ptr<OperatorServer>, std::string> OperatorServer::start(const LocalSocket& socket, Post post,
                                                                                  Callbacks callbacks) {
  auto serving = std::make_unique<Serving>(std::move(post), std::move(callbacks));
  auto server = LocalServer::start(socket, {serving.get()});
  if (!server) return std::unexpected{server.error()};
  serving->server = std::move(*server);
  return std::unique_ptr<OperatorServer>{new OperatorServer{std::move(serving)}};
}

OperatorServer::OperatorServer(std::unique_ptr<Serving> serving) : serving_{std::move(serving)} {}
OperatorServer::~OperatorServer() { serving_->stop(); }

}  // namespace adit::rpc
