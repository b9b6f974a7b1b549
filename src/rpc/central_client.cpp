#include "rpc/central_client.h"

#include <atomic>

#include "adit/v1/central.grpc.pb.h"
#include "base/system_random.h"
#include "rpc/client_link.h"
#include "rpc/guarded_post.h"
#include "rpc/tls_channel.h"
#include "rpc/wiped_message.h"

namespace adit::rpc {
namespace {

/// Half of the pause, and as much more as is drawn.
std::chrono::milliseconds drawn(std::chrono::milliseconds pause) {
  SystemRandom random;
  const auto half = pause.count() / 2;
  return std::chrono::milliseconds{
      half + static_cast<std::int64_t>(random.number<std::uint32_t>() % static_cast<std::uint64_t>(half + 1))};
}

}  // namespace

class CentralClient::Retrieving {
 public:
  Retrieving(const Server& server, const std::string& client, Post post, Callbacks callbacks)
      : post_{std::move(post)},
        callbacks_{std::move(callbacks)},
        link_{{
                  // A channel for each attempt: one that is kept would try again at a pace of its own.
                  .open =
                      [this, server](auto* context, auto* reactor) {
                        asked_ = false;
                        stub_ = v1::CentralPolicyService::NewStub(
                            tls_channel(server.host, server.port, server.expected_name, server.tls));
                        stub_->async()->Retrieve(context, reactor);
                      },
                  .up = [] {},
                  .down = [this](const std::string& reason) { tell_away(reason); },
                  .received = [this](v1::RetrievedPolicy& message) { receive(message); },
                  .fill =
                      [this, client](v1::RetrieveRequest& request) {
                        if (asked_.exchange(true)) return false;
                        request.set_client(client);
                        return true;
                      },
                  .failed = [this](const std::string& reason) { tell_away(reason); },
              },
              {.shortest = shortest_pause,
               .longest = longest_pause,
               .proof = LinkPace::Proof::message,
               .jitter = drawn}} {}

 private:
  void tell_away(const std::string& reason) {
    post_([this, reason] { callbacks_.away(reason); });
  }

  void receive(v1::RetrievedPolicy& message) {
    auto source = policy::PolicySource::parse(as_bytes(message.source()));
    wipe(message);
    if (!source) return post_([this, field = std::string{source.error().field}] { callbacks_.malformed(field); });
    post_([this, source = std::move(*source)]() mutable { callbacks_.received(std::move(source)); });
  }

  GuardedPost post_;
  Callbacks callbacks_;
  std::unique_ptr<v1::CentralPolicyService::Stub> stub_;
  std::atomic<bool> asked_ = false;
  ClientLink<v1::RetrieveRequest, v1::RetrievedPolicy> link_;  // last: its events use the others
};

CentralClient::CentralClient(const Server& server, const std::string& client, Post post, Callbacks callbacks)
    : retrieving_{std::make_unique<Retrieving>(server, client, std::move(post), std::move(callbacks))} {}
CentralClient::~CentralClient() = default;

}  // namespace adit::rpc
