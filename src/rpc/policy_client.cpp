#include "rpc/policy_client.h"

#include <atomic>

#include "adit/v1/policy.grpc.pb.h"
#include "rpc/client_link.h"
#include "rpc/guarded_post.h"
#include "rpc/local_channel.h"
#include "rpc/policy_messages.h"
#include "rpc/wiped_message.h"

namespace adit::rpc {

class PolicyClient::Watching {
 public:
  Watching(const std::string& path, const StackName& stack, Audience audience, Post post, Callbacks callbacks)
      : post_{std::move(post)},
        callbacks_{std::move(callbacks)},
        stub_{v1::PolicyService::NewStub(local_channel(path))},
        link_{{
            .open = [this](auto* context, auto* reactor) { stub_->async()->Watch(context, reactor); },
            .up =
                [this] {
                  asked_ = false;
                  post_([this] { callbacks_.connection.up(); });
                },
            .down =
                [this](const std::string& reason) { post_([this, reason] { callbacks_.connection.down(reason); }); },
            .received = [this](v1::PolicyChange& change) { receive(change); },
            .fill =
                [this, stack, audience](v1::WatchRequest& request) {
                  if (asked_.exchange(true)) return false;
                  request.set_stack(stack.text);
                  request.set_audience(audience == Audience::iked ? v1::AUDIENCE_IKED : v1::AUDIENCE_STACK);
                  return true;
                },
        }} {}

 private:
  void receive(v1::PolicyChange& change) {
    if (change.change_case() == v1::PolicyChange::kRemoved) return post_([this] { callbacks_.removed(); });
    auto policy = from_message(change.installed());
    wipe(change);
    if (!policy) return post_([this, field = policy.error().field] { callbacks_.malformed(field); });
    post_([this, policy = std::move(*policy)] { callbacks_.installed(policy); });
  }

  GuardedPost post_;
  Callbacks callbacks_;
  std::unique_ptr<v1::PolicyService::Stub> stub_;
  std::atomic<bool> asked_ = false;
  ClientLink<v1::WatchRequest, v1::PolicyChange> link_;  // last: its events use the others
};

PolicyClient::PolicyClient(const std::string& path, const StackName& stack, Audience audience, Post post,
                           Callbacks callbacks)
    : watching_{std::make_unique<Watching>(path, stack, audience, std::move(post), std::move(callbacks))} {}
PolicyClient::~PolicyClient() = default;

}  // namespace adit::rpc
