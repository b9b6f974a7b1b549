#include "rpc/stack_server.h"

#include <mutex>

#include "adit/v1/stack.grpc.pb.h"
#include "rpc/guarded_post.h"
#include "rpc/local_server.h"
#include "rpc/outbox.h"
#include "rpc/server_stream.h"
#include "rpc/stack_messages.h"

namespace adit::rpc {

class StackServer::Serving final : public v1::StackService::CallbackService {
 public:
  Serving(StackName stack, Post post, Callbacks callbacks)
      : stack_{std::move(stack)}, post_{std::move(post)}, callbacks_{std::move(callbacks)} {}

  grpc::ServerBidiReactor<v1::StackRequests, v1::StackEvents>* Attach(grpc::CallbackServerContext*) override {
    auto client = std::make_shared<Client>();
    client->stream = Stream::begin({
        .received = [this, client](Stream&, const v1::StackRequests& batch) { receive(client, batch); },
        .fill = [client](v1::StackEvents& batch) { return client->outbox.fill(batch); },
        .ended = [this, client] { forget(client); },
    });
    return client->stream.lock().get();
  }

  void tell(const StackEvent& event) {
    std::shared_ptr<Client> client;
    {
      const std::lock_guard lock{mutex_};
      client = attached_;
    }
    if (client == nullptr) return;
    v1::StackEvent message;
    write(event, message);
    push(*client, std::move(message));
  }

  void stop() {
    post_.close();  // a call that waits for the daemon's thread would otherwise wait for itself
    server.reset();
  }

  std::unique_ptr<LocalServer> server;

 private:
  using Stream = ServerStream<v1::StackRequests, v1::StackEvents>;
  struct Client {
    std::weak_ptr<Stream> stream;
    Outbox<v1::StackEvents> outbox;
  };

  void push(Client& client, v1::StackEvent message) {
    const std::shared_ptr<Stream> stream = client.stream.lock();
    if (stream == nullptr) return;
    if (!client.outbox.push(std::move(message))) {
      return stream->end({grpc::StatusCode::RESOURCE_EXHAUSTED, "the client does not read its events"});
    }
    stream->wake();
  }

  void receive(const std::shared_ptr<Client>& client, const v1::StackRequests& batch) {
    std::vector<ike::StackRequest> requests;
    for (const v1::StackRequest& message : batch.items()) {
      if (message.has_hello()) {
        attach(client, message.hello().program());
        continue;
      }
      if (!is_attached(client)) continue;
      if (auto request = from_message(message, stack_)) {
        requests.push_back(std::move(*request));
      } else {
        post_([this, field = request.error().field] { callbacks_.malformed(field); });
      }
    }
    if (requests.empty()) return;
    post_([this, client, requests = std::move(requests)]() mutable {
      if (is_attached(client)) callbacks_.requested(std::move(requests));
    });
  }

  void attach(const std::shared_ptr<Client>& client, const std::string& program) {
    std::shared_ptr<Client> former;
    {
      const std::lock_guard lock{mutex_};
      if (attached_ == client) return;
      former = std::exchange(attached_, client);
    }
    if (former != nullptr) {
      if (const auto stream = former->stream.lock()) {
        stream->end({grpc::StatusCode::ABORTED, "another key manager has attached"});
      }
    }
    post_([this, client, program] {
      callbacks_.attached(program);
      v1::StackEvent ready;
      ready.mutable_ready()->set_stack(stack_.text);
      push(*client, std::move(ready));
    });
  }

  bool is_attached(const std::shared_ptr<Client>& client) {
    const std::lock_guard lock{mutex_};
    return attached_ == client;
  }

  void forget(const std::shared_ptr<Client>& client) {
    {
      const std::lock_guard lock{mutex_};
      if (attached_ != client) return;
      attached_ = nullptr;
    }
    post_([this] { callbacks_.detached(); });
  }

  const StackName stack_;
  GuardedPost post_;
  Callbacks callbacks_;
  std::mutex mutex_;
  std::shared_ptr<Client> attached_;
};

std::expected<std::unique_ptr<StackServer>, std::string> StackServer::start(const LocalSocket& socket, StackName stack,
                                                                            Post post, Callbacks callbacks) {
  auto serving = std::make_unique<Serving>(std::move(stack), std::move(post), std::move(callbacks));
  auto server = LocalServer::start(socket, {serving.get()});
  if (!server) return std::unexpected{server.error()};
  serving->server = std::move(*server);
  return std::unique_ptr<StackServer>{new StackServer{std::move(serving)}};
}

StackServer::StackServer(std::unique_ptr<Serving> serving) : serving_{std::move(serving)} {}
StackServer::~StackServer() { serving_->stop(); }
void StackServer::tell(const StackEvent& event) { serving_->tell(event); }

}  // namespace adit::rpc
