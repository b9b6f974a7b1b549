#include "rpc/nss_server.h"

#include <fmt/format.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "adit/v1/nss.grpc.pb.h"
#include "rpc/local_channel.h"
#include "rpc/nss_messages.h"
#include "rpc/outbox.h"
#include "rpc/server_stream.h"

namespace adit::rpc {
namespace {

constexpr int largest_request = 4 * 1024 * 1024;  // 256 questions with certificates fit

/// The client's first subjectAltName, or its common name: gRPC calls that its identity.
std::string proven_name(const grpc::CallbackServerContext& call) {
  const auto auth = call.auth_context();
  if (auth == nullptr || !auth->IsPeerAuthenticated()) return {};
  const auto names = auth->GetPeerIdentity();
  return names.empty() ? std::string{} : std::string{names.front().data(), names.front().size()};
}

}  // namespace

class NssServer::Serving final : public v1::NssService::CallbackService {
 public:
  using Stream = ServerStream<v1::NssRequests, v1::NssAnswers>;

  explicit Serving(Callbacks callbacks) : callbacks_{std::move(callbacks)} {}

  grpc::ServerBidiReactor<v1::NssRequests, v1::NssAnswers>* Serve(grpc::CallbackServerContext* call) override {
    auto client = std::make_shared<Client>();
    client->name = proven_name(*call);
    client->stream = Stream::begin({
        .received = [this, client](Stream&, const v1::NssRequests& batch) { receive(client, batch); },
        .fill = [client](v1::NssAnswers& batch) { return client->outbox.fill(batch); },
        .ended = [this, client] { callbacks_.disconnected(client->name); },
    });
    callbacks_.connected(client->name);
    const std::shared_ptr<Stream> stream = client->stream.lock();
    if (client->name.empty()) stream->end({grpc::StatusCode::UNAUTHENTICATED, "the client has no name"});
    return stream.get();
  }

  std::unique_ptr<grpc::Server> server;
  int port = 0;

 private:
  struct Client {
    std::string name;
    std::weak_ptr<Stream> stream;
    Outbox<v1::NssAnswers> outbox;
  };

  static void answer(Client& client, ike::RequestId id, NssAnswer answer) {
    const std::shared_ptr<Stream> stream = client.stream.lock();
    if (stream == nullptr) return;
    v1::NssAnswer message;
    write(NssReply{id, std::move(answer)}, message);
    if (!client.outbox.push(std::move(message))) {
      return stream->end({grpc::StatusCode::RESOURCE_EXHAUSTED, "the client does not read its answers"});
    }
    stream->wake();
  }

  void receive(const std::shared_ptr<Client>& client, const v1::NssRequests& batch) {
    for (const v1::NssRequest& message : batch.items()) {
      auto question = from_message(message);
      if (!question) {
        using contract::ServiceRefusal;
        answer(
            *client, ike::RequestId{message.id()},
            ServiceRefusal{ServiceRefusal::Kind::malformed, "request is wrong in: " + question.error().field, {}, {}});
        continue;
      }
      const ike::RequestId id = question->id;
      callbacks_.asked(client->name, std::move(*question),
                       [client, id](NssAnswer given) { answer(*client, id, std::move(given)); });
    }
  }

  Callbacks callbacks_;
};

std::expected<std::unique_ptr<NssServer>, std::string> NssServer::start(const Listening& at, const TlsCredentials& tls,
                                                                        Callbacks callbacks) {
  allow_only_tls_1_3();
  auto serving = std::make_unique<Serving>(std::move(callbacks));
  grpc::SslServerCredentialsOptions options{GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY};
  options.pem_root_certs = tls.trusted;
  options.pem_key_cert_pairs = {{tls.private_key, tls.certificate_chain}};
  const auto credentials = grpc::SslServerCredentials(options);
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(largest_request);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a second nssd must not steal connections
  const std::vector<std::string> everywhere{"::"};
  for (const std::string& address : at.addresses.empty() ? everywhere : at.addresses) {
    builder.AddListeningPort(host_and_port(address, at.port), credentials, &serving->port);
  }
  builder.RegisterService(serving.get());
  serving->server = builder.BuildAndStart();
  if (serving->server == nullptr || serving->port == 0) {
    return std::unexpected{fmt::format("listen on TCP port {}: it is in use, or the TLS files do not fit", at.port)};
  }
  return std::unique_ptr<NssServer>{new NssServer{std::move(serving)}};
}

NssServer::NssServer(std::unique_ptr<Serving> serving) : serving_{std::move(serving)} {}
NssServer::~NssServer() {
  if (serving_->server) serving_->server->Shutdown(std::chrono::system_clock::now());
}
std::uint16_t NssServer::port() const { return static_cast<std::uint16_t>(serving_->port); }

}  // namespace adit::rpc
