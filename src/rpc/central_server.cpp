#include "rpc/central_server.h"

#include <algorithm>
#include <mutex>
#include <set>

#include "adit/v1/central.grpc.pb.h"
#include "rpc/server_stream.h"
#include "rpc/tls_server.h"
#include "rpc/wiped_message.h"

namespace adit::rpc {
namespace {

// A request is a name. pagent has one stream on a connection.
constexpr TlsServer::Limits limits{.largest_request = 4096, .most_streams = 4};
constexpr std::size_t longest_shown_name = 64;  // octets of what a stranger calls itself

}  // namespace

class CentralServer::Serving final : public v1::CentralPolicyService::CallbackService {
 public:
  using Stream = ServerStream<v1::RetrieveRequest, v1::RetrievedPolicy>;

  Serving(std::vector<Grant> grants, Callbacks callbacks)
      : callbacks_{std::move(callbacks)}, grants_{std::move(grants)} {}

  grpc::ServerBidiReactor<v1::RetrieveRequest, v1::RetrievedPolicy>* Retrieve(
      grpc::CallbackServerContext* call) override {
    auto watcher = std::make_shared<Watcher>();
    watcher->identity = proven_name(*call);
    const std::shared_ptr<Stream> stream = Stream::begin({
        .received = [this, watcher](Stream& from,
                                    const v1::RetrieveRequest& request) { ask(*watcher, from, request.client()); },
        .fill = [this, watcher](v1::RetrievedPolicy& message) { return fill(*watcher, message); },
        .written = [](v1::RetrievedPolicy& message) { wipe(message); },
        .ended = [this, watcher] { forget(watcher); },
    });
    bool is_one_too_many = false;
    {
      const std::lock_guard lock{mutex_};
      const auto of_identity =
          std::ranges::count_if(watchers_, [&](const auto& other) { return other->identity == watcher->identity; });
      is_one_too_many =
          watchers_.size() >= most_streams || static_cast<std::size_t>(of_identity) >= most_of_one_identity;
      watcher->stream = stream;
      if (!is_one_too_many) watchers_.insert(watcher);
    }
    if (is_one_too_many) {
      callbacks_.refused("", watcher->identity, "too many streams");
      stream->end({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many streams"});
    }
    return stream.get();
  }

  void replace(std::vector<Grant> grants) {
    std::vector<std::shared_ptr<Stream>> to_wake, to_end;
    {
      const std::lock_guard lock{mutex_};
      const std::vector<Grant> before = std::exchange(grants_, std::move(grants));
      for (const auto& watcher : watchers_) {
        if (watcher->client.empty()) continue;
        const auto stream = watcher->stream.lock();
        const Grant* grant = find(grants_, *watcher);
        if (stream == nullptr) continue;
        if (grant == nullptr || grant->source == nullptr) {
          to_end.push_back(stream);
          continue;
        }
        const Grant* older = find(before, *watcher);
        const bool is_same = older != nullptr && older->source != nullptr &&
                             (older->source == grant->source || SecretView{*older->source} == *grant->source);
        if (is_same) continue;
        watcher->is_behind = true;
        to_wake.push_back(stream);
      }
    }
    for (const auto& stream : to_wake) stream->wake();
    for (const auto& stream : to_end) stream->end(denied());
  }

  std::unique_ptr<TlsServer> server;

 private:
  struct Watcher {
    std::weak_ptr<Stream> stream;
    std::string identity;
    std::string client;  ///< empty: not served
    bool is_asked = false, is_behind = false;
  };

  /// The same words whether a name is unknown or another's: who may not have a policy does not learn that there is one.
  static grpc::Status denied() {
    return {grpc::StatusCode::PERMISSION_DENIED, "this client is granted no such policy"};
  }

  static const Grant* find(const std::vector<Grant>& grants, const Watcher& watcher) {
    const auto found = std::ranges::find_if(grants, [&watcher](const Grant& grant) {
      return grant.client == watcher.client && grant.tls_identity == watcher.identity;
    });
    return found == grants.end() ? nullptr : &*found;
  }

  void ask(Watcher& watcher, Stream& stream, const std::string& client) {
    bool is_granted = false, has_source = false;
    {
      const std::lock_guard lock{mutex_};
      if (std::exchange(watcher.is_asked, true)) return;
      watcher.client = client;
      const Grant* grant = watcher.identity.empty() ? nullptr : find(grants_, watcher);
      is_granted = grant != nullptr;
      has_source = grant != nullptr && grant->source != nullptr;
      if (!has_source) watcher.client.clear();
      watcher.is_behind = has_source;
    }
    if (has_source) {
      callbacks_.served(client, watcher.identity);
      return stream.wake();
    }
    callbacks_.refused(
        client.substr(0, longest_shown_name), watcher.identity,
        is_granted ? "its policy has errors" : "no DynamicConfigPolicyLoad of that name is for this identity");
    stream.end(is_granted ? grpc::Status{grpc::StatusCode::UNAVAILABLE, "the policy server has no valid policy"}
                          : denied());
  }

  bool fill(Watcher& watcher, v1::RetrievedPolicy& message) {
    std::shared_ptr<const Secret> source;
    {
      const std::lock_guard lock{mutex_};
      if (!std::exchange(watcher.is_behind, false)) return false;
      const Grant* grant = find(grants_, watcher);
      if (grant != nullptr) source = grant->source;
    }
    if (source == nullptr) return false;
    message.set_source(source->reveal().data(), source->size());
    return true;
  }

  void forget(const std::shared_ptr<Watcher>& watcher) {
    {
      const std::lock_guard lock{mutex_};
      watchers_.erase(watcher);
    }
    if (!watcher->client.empty()) callbacks_.gone(watcher->client, watcher->identity);
  }

  Callbacks callbacks_;
  std::mutex mutex_;
  std::vector<Grant> grants_;
  std::set<std::shared_ptr<Watcher>> watchers_;
};

std::expected<std::unique_ptr<CentralServer>, std::string> CentralServer::start(const TlsListening& at,
                                                                                const TlsCredentials& tls,
                                                                                std::vector<Grant> grants,
                                                                                Callbacks callbacks) {
  auto serving = std::make_unique<Serving>(std::move(grants), std::move(callbacks));
  auto server = TlsServer::start(at, tls, limits, *serving);
  if (!server) return std::unexpected{server.error()};
  serving->server = std::move(*server);
  return std::unique_ptr<CentralServer>{new CentralServer{std::move(serving)}};
}

CentralServer::CentralServer(std::unique_ptr<Serving> serving) : serving_{std::move(serving)} {}
CentralServer::~CentralServer() { serving_->server.reset(); }
void CentralServer::replace(std::vector<Grant> grants) { serving_->replace(std::move(grants)); }
std::uint16_t CentralServer::port() const { return serving_->server->port(); }

}  // namespace adit::rpc
