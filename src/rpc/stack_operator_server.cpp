#include "rpc/stack_operator_server.h"

#include "adit/v1/operator.grpc.pb.h"
#include "rpc/guarded_post.h"
#include "rpc/local_server.h"
#include "rpc/operator_messages.h"
#include "rpc/unary_reply.h"

namespace adit::rpc {

class StackOperatorServer::Serving final : public v1::StackOperatorService::CallbackService {
 public:
  Serving(Post post, Callbacks callbacks) : post_{std::move(post)}, callbacks_{std::move(callbacks)} {}

  grpc::ServerUnaryReactor* ShowInstalledTunnels(grpc::CallbackServerContext* call,
                                                 const v1::ShowInstalledTunnelsRequest*,
                                                 v1::ShowInstalledTunnelsResponse* response) override {
    UnaryReply reply{*call};
    grpc::ServerUnaryReactor* const reactor = reply.reactor();
    post_([this, response, reply = std::move(reply)]() mutable {
      callbacks_.tunnels([response, reply = std::move(reply)](const std::vector<InstalledTunnel>& tunnels) mutable {
        for (const InstalledTunnel& tunnel : tunnels) write(tunnel, *response->add_tunnels());
        reply.finish(grpc::Status::OK);
      });
    });
    return reactor;
  }
  grpc::ServerUnaryReactor* ShowManualTunnels(grpc::CallbackServerContext* call, const v1::ShowManualTunnelsRequest*,
                                              v1::ShowManualTunnelsResponse* response) override {
    UnaryReply reply{*call};
    grpc::ServerUnaryReactor* const reactor = reply.reactor();
    post_([this, response, reply = std::move(reply)]() mutable {
      callbacks_.manual_tunnels(
          [response, reply = std::move(reply)](const std::vector<ManualTunnelView>& tunnels) mutable {
            for (const ManualTunnelView& tunnel : tunnels) write(tunnel, *response->add_tunnels());
            reply.finish(grpc::Status::OK);
          });
    });
    return reactor;
  }
  grpc::ServerUnaryReactor* ActivateManualTunnels(grpc::CallbackServerContext* call, const v1::TunnelsRequest* request,
                                                  v1::OperatorAnswers* response) override {
    return act(*call, *request, *response, callbacks_.activate);
  }
  grpc::ServerUnaryReactor* DeactivateManualTunnels(grpc::CallbackServerContext* call,
                                                    const v1::TunnelsRequest* request,
                                                    v1::OperatorAnswers* response) override {
    return act(*call, *request, *response, callbacks_.deactivate);
  }
  grpc::ServerUnaryReactor* ShowFilters(grpc::CallbackServerContext* call, const v1::ShowFiltersRequest*,
                                        v1::ShowFiltersResponse* response) override {
    UnaryReply reply{*call};
    grpc::ServerUnaryReactor* const reactor = reply.reactor();
    post_([this, response, reply = std::move(reply)]() mutable {
      callbacks_.filters([response, reply = std::move(reply)](const InstalledFilters& filters) mutable {
        write(filters, *response);
        reply.finish(grpc::Status::OK);
      });
    });
    return reactor;
  }

  grpc::ServerUnaryReactor* ChooseFilters(grpc::CallbackServerContext* call, const v1::ChooseFiltersRequest* request,
                                          v1::ChooseFiltersResponse* response) override {
    UnaryReply reply{*call};
    grpc::ServerUnaryReactor* const reactor = reply.reactor();
    const FilterChoice choice = request->default_filter() ? FilterChoice::default_filter : FilterChoice::policy;
    post_([this, choice, response, reply = std::move(reply)]() mutable {
      callbacks_.choose(choice,
                        [response, reply = std::move(reply)](const std::optional<std::string>& failure) mutable {
                          if (failure) response->set_failure(*failure);
                          reply.finish(grpc::Status::OK);
                        });
    });
    return reactor;
  }
  grpc::ServerUnaryReactor* ShowInterfaces(grpc::CallbackServerContext* call, const v1::ShowInterfacesRequest*,
                                           v1::ShowInterfacesResponse* response) override {
    UnaryReply reply{*call};
    grpc::ServerUnaryReactor* const reactor = reply.reactor();
    post_([this, response, reply = std::move(reply)]() mutable {
      callbacks_.interfaces([response, reply = std::move(reply)](const std::vector<InterfaceView>& interfaces) mutable {
        for (const InterfaceView& interface : interfaces) write(interface, *response->add_interfaces());
        reply.finish(grpc::Status::OK);
      });
    });
    return reactor;
  }

  void stop() {
    post_.close();  // a call that waits for the daemon's thread would otherwise wait for itself
    server.reset();
  }

  std::unique_ptr<LocalServer> server;

 private:
  using Action = std::function<std::vector<NamedAnswer>(const std::vector<ManualTunnelId>&)>;

  grpc::ServerUnaryReactor* act(grpc::CallbackServerContext& call, const v1::TunnelsRequest& request,
                                v1::OperatorAnswers& response, const Action& action) {
    UnaryReply reply{call};
    grpc::ServerUnaryReactor* const reactor = reply.reactor();
    std::vector<ManualTunnelId> tunnels;
    for (const std::uint64_t tunnel : request.tunnels()) tunnels.emplace_back(tunnel);
    post_([&action, &response, tunnels = std::move(tunnels), reply = std::move(reply)]() mutable {
      for (const NamedAnswer& answer : action(tunnels)) write(answer, *response.add_items());
      reply.finish(grpc::Status::OK);
    });
    return reactor;
  }

  GuardedPost post_;
  Callbacks callbacks_;
};

std::expected<std::unique_ptr<StackOperatorServer>, std::string> StackOperatorServer::start(const LocalSocket& socket,
                                                                                            Post post,
                                                                                            Callbacks callbacks) {
  auto serving = std::make_unique<Serving>(std::move(post), std::move(callbacks));
  auto server = LocalServer::start(socket, {serving.get()});
  if (!server) return std::unexpected{server.error()};
  serving->server = std::move(*server);
  return std::unique_ptr<StackOperatorServer>{new StackOperatorServer{std::move(serving)}};
}

StackOperatorServer::StackOperatorServer(std::unique_ptr<Serving> serving) : serving_{std::move(serving)} {}
StackOperatorServer::~StackOperatorServer() { serving_->stop(); }

}  // namespace adit::rpc
