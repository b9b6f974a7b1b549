#include "rpc/policy_server.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <tuple>

#include "adit/v1/policy.grpc.pb.h"
#include "rpc/local_server.h"
#include "rpc/policy_messages.h"
#include "rpc/server_stream.h"
#include "rpc/wiped_message.h"

namespace adit::rpc {
namespace {

/// Names of stacks are the same in whatever case (`ipsec -p`).
StackName without_case(StackName stack) {
  std::ranges::transform(stack.text, stack.text.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return stack;
}

}  // namespace

class PolicyServer::Serving {
 public:
  using Stream = ServerStream<v1::WatchRequest, v1::PolicyChange>;

  /// The service as it is on one socket: for one audience, whatever a request says.
  class Door final : public v1::PolicyService::CallbackService {
   public:
    Door(Serving& serving, Audience audience) : serving_{serving}, audience_{audience} {}
    grpc::ServerBidiReactor<v1::WatchRequest, v1::PolicyChange>* Watch(grpc::CallbackServerContext*) override {
      return serving_.begin(audience_);
    }

   private:
    Serving& serving_;
    Audience audience_;
  };

  Stream* begin(Audience audience) {
    auto watcher = std::make_shared<Watcher>();
    watcher->audience = audience;
    const std::shared_ptr<Stream> stream = Stream::begin({
        .received = [this, watcher](Stream& from, const v1::WatchRequest& request) { watch(*watcher, from, request); },
        .fill = [this, watcher](v1::PolicyChange& change) { return fill(*watcher, change); },
        .written = [](v1::PolicyChange& change) { wipe(change); },
        .ended = [this, watcher] { forget(watcher); },
    });
    const std::lock_guard lock{mutex_};
    watcher->stream = stream;
    watchers_.insert(watcher);
    return stream.get();
  }

  void set(const StackName& named, policy::PolicyPointer policy) {
    const StackName stack = without_case(named);
    std::vector<std::shared_ptr<Stream>> to_wake;
    {
      const std::lock_guard lock{mutex_};
      policies_[stack] = std::move(policy);
      for (const auto& watcher : watchers_) {
        if (watcher->stack != stack || !watcher->watches) continue;
        watcher->is_behind = true;
        if (auto stream = watcher->stream.lock()) to_wake.push_back(std::move(stream));
      }
    }
    for (const auto& stream : to_wake) stream->wake();
  }

  Door for_iked{*this, Audience::iked}, for_stacks{*this, Audience::stack};

 private:
  struct Watcher {
    std::weak_ptr<Stream> stream;
    StackName stack, as_named;  ///< without case, and as the watcher wrote it
    Audience audience = Audience::stack;
    bool watches = false, is_behind = false;
  };

  void watch(Watcher& watcher, Stream& stream, const v1::WatchRequest& request) {
    const auto wanted = watcher.audience == Audience::iked ? v1::AUDIENCE_IKED : v1::AUDIENCE_STACK;
    if (request.audience() != wanted) {
      return stream.end({grpc::StatusCode::PERMISSION_DENIED, "this socket is for another audience"});
    }
    {
      const std::lock_guard lock{mutex_};
      if (watcher.watches) return;
      watcher.watches = true;
      watcher.as_named = {request.stack()};
      watcher.stack = without_case(watcher.as_named);
      watcher.is_behind = policies_.contains(watcher.stack);
    }
    stream.wake();
  }

  bool fill(Watcher& watcher, v1::PolicyChange& change) {
    policy::PolicyPointer policy;
    Audience audience{};
    {
      const std::lock_guard lock{mutex_};
      if (!watcher.is_behind) return false;
      watcher.is_behind = false;
      policy = policies_[watcher.stack];
      audience = watcher.audience;
    }
    if (policy == nullptr) {
      change.set_removed(true);
    } else {
      *change.mutable_installed() = to_message(*policy, audience);
      change.mutable_installed()->set_stack(watcher.as_named.text);
    }
    return true;
  }

  void forget(const std::shared_ptr<Watcher>& watcher) {
    const std::lock_guard lock{mutex_};
    watchers_.erase(watcher);
  }

  std::mutex mutex_;
  std::map<StackName, policy::PolicyPointer> policies_;  // null: withdrawn
  std::set<std::shared_ptr<Watcher>> watchers_;

 public:
  // The last, so the first to go: their threads use all of the above until they have stopped.
  std::unique_ptr<LocalServer> iked_server, stack_server;
};

std::expected<std::unique_ptr<PolicyServer>, std::string> PolicyServer::start(const LocalSocket& for_iked,
                                                                              const LocalSocket& for_stacks) {
  auto serving = std::make_unique<Serving>();
  for (const auto& [socket, door, server] : {std::tuple{&for_iked, &serving->for_iked, &serving->iked_server},
                                             {&for_stacks, &serving->for_stacks, &serving->stack_server}}) {
    auto started = LocalServer::start(*socket, {door});
    if (!started) return std::unexpected{started.error()};
    *server = std::move(*started);
  }
  return std::unique_ptr<PolicyServer>{new PolicyServer{std::move(serving)}};
}

PolicyServer::PolicyServer(std::unique_ptr<Serving> serving) : serving_{std::move(serving)} {}
PolicyServer::~PolicyServer() = default;

std::expected<void, std::string> PolicyServer::publish(policy::PolicyPointer policy) {
  if (auto reason = why_not_taken(*policy)) return std::unexpected{*std::move(reason)};
  const StackName stack = policy->stack;
  serving_->set(stack, std::move(policy));
  return {};
}

void PolicyServer::withdraw(const StackName& stack) { serving_->set(stack, nullptr); }

}  // namespace adit::rpc
