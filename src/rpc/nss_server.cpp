#include "rpc/nss_server.h"

#include <fmt/format.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>

#include "adit/v1/nss.grpc.pb.h"
#include "rpc/nss_messages.h"
#include "rpc/outbox.h"
#include "rpc/server_stream.h"
#include "rpc/tcp_acceptor.h"

namespace adit::rpc {
namespace {

constexpr int largest_request = 4 * 1024 * 1024;  // 256 questions with certificates fit
// What one client may keep waiting for answers: beyond, nothing more is read from it until some have been given.
constexpr std::size_t most_unanswered = std::size_t{16} * 1024 * 1024;  // octets
constexpr std::size_t octets_beside = 1024;                             // of memory for a question, its text apart
constexpr int most_streams = 16;                                        // of one connection; iked uses one
// A stranger, who cannot end the handshake, is not kept for longer.
constexpr int longest_handshake_ms = 10'000;
// A client that is gone without a word is noticed within a minute.
constexpr int keepalive_ms = 40'000, keepalive_answer_ms = 20'000;

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
        .may_read = [client] { return client->unanswered < most_unanswered; },
        .ended = [this, client] { callbacks_.disconnected(client->name); },
    });
    callbacks_.connected(client->name);
    const std::shared_ptr<Stream> stream = client->stream.lock();
    if (client->name.empty()) stream->end({grpc::StatusCode::UNAUTHENTICATED, "the client has no name"});
    return stream.get();
  }

  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<TcpAcceptor> acceptor;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> handover;

 private:
  struct Client {
    std::string name;
    std::weak_ptr<Stream> stream;
    Outbox<v1::NssAnswers> outbox;
    std::atomic<std::size_t> unanswered = 0;  ///< octets
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
    if (static_cast<std::size_t>(batch.items_size()) > Outbox<v1::NssRequests>::largest_batch) {
      if (const auto stream = client->stream.lock()) stream->end({grpc::StatusCode::INVALID_ARGUMENT, "batch"});
      return;
    }
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
      const std::size_t octets = message.ByteSizeLong() + octets_beside;
      client->unanswered += octets;
      callbacks_.asked(client->name, std::move(*question), [client, id, octets](NssAnswer given) {
        client->unanswered -= octets;
        answer(*client, id, std::move(given));
      });
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
  auto acceptor = TcpAcceptor::listen(at.addresses, at.port);
  if (!acceptor) return std::unexpected{acceptor.error()};
  serving->acceptor = std::move(*acceptor);
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(largest_request);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, longest_handshake_ms);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, most_streams);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_answer_ms);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // no end of them
  using Type = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
  serving->handover = builder.experimental().AddExternalConnectionAcceptor(Type::FROM_FD, credentials);
  builder.RegisterService(serving.get());
  serving->server = builder.BuildAndStart();
  if (serving->server == nullptr) return std::unexpected{"the TLS files do not fit each other"};
  serving->acceptor->start([handover = serving->handover.get()](int connection) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters accepted;
    accepted.fd = connection;
    handover->HandleNewConnection(&accepted);
  });
  return std::unique_ptr<NssServer>{new NssServer{std::move(serving)}};
}

NssServer::NssServer(std::unique_ptr<Serving> serving) : serving_{std::move(serving)} {}
NssServer::~NssServer() {
  serving_->acceptor->stop();
  if (serving_->server) serving_->server->Shutdown(std::chrono::system_clock::now());
}
std::uint16_t NssServer::port() const { return serving_->acceptor->port(); }

}  // namespace adit::rpc
