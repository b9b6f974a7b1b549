#include "rpc/nss_server.h"

#include <atomic>

#include "adit/v1/nss.grpc.pb.h"
#include "rpc/nss_messages.h"
#include "rpc/outbox.h"
#include "rpc/server_stream.h"
#include "rpc/tls_server.h"

namespace adit::rpc {
namespace {

constexpr int largest_request = 4 * 1024 * 1024;  // 256 questions with certificates fit
// What one client may keep waiting for answers: beyond, nothing more is read from it until some have been given.
constexpr std::size_t most_unanswered = std::size_t{16} * 1024 * 1024;  // octets
constexpr std::size_t octets_beside = 1024;                             // of memory for a question, its text apart
constexpr TlsServer::Limits limits{.largest_request = largest_request, .most_streams = 16};  // iked uses one

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

  std::unique_ptr<TlsServer> server;

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
  auto serving = std::make_unique<Serving>(std::move(callbacks));
  auto server = TlsServer::start(at, tls, limits, *serving);
  if (!server) return std::unexpected{server.error()};
  serving->server = std::move(*server);
  return std::unique_ptr<NssServer>{new NssServer{std::move(serving)}};
}

NssServer::NssServer(std::unique_ptr<Serving> serving) : serving_{std::move(serving)} {}
NssServer::~NssServer() { serving_->server.reset(); }
std::uint16_t NssServer::port() const { return serving_->server->port(); }

}  // namespace adit::rpc
