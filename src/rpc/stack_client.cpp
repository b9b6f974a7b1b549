#include "rpc/stack_client.h"

#include <atomic>

#include "adit/v1/stack.grpc.pb.h"
#include "rpc/client_link.h"
#include "rpc/guarded_post.h"
#include "rpc/local_channel.h"
#include "rpc/outbox.h"
#include "rpc/stack_messages.h"

namespace adit::rpc {

class StackClient::Attached {
 public:
  Attached(const std::string& path, StackName stack, Post post, Callbacks callbacks)
      : stack_{std::move(stack)},
        post_{std::move(post)},
        callbacks_{std::move(callbacks)},
        stub_{v1::StackService::NewStub(local_channel(path))},
        link_{{
            .open = [this](auto* context, auto* reactor) { stub_->async()->Attach(context, reactor); },
            .up =
                [this] {
                  has_greeted_ = false;
                  post_([this] { say_hello(); });
                },
            .down = [this](const std::string& reason) { post_([this, reason] { lose(reason); }); },
            .received = [this](const v1::StackEvents& batch) { receive(batch); },
            .fill = [this](v1::StackRequests& batch) { return has_greeted_ && outbox_.fill(batch); },
        }} {}

  void ask(std::span<const ike::StackRequest> requests) {
    if (!is_ready_) return;
    for (const ike::StackRequest& request : requests) {
      v1::StackRequest message;
      write(request, message);
      // A stack that takes nothing any more is as good as gone: it begins anew.
      if (!outbox_.push(std::move(message))) return link_.break_off();
    }
    link_.wake();
  }

 private:
  /// On the daemon's thread, and so after every ask() that still meant the stream before.
  void say_hello() {
    outbox_.clear();
    v1::StackRequest hello;
    hello.mutable_hello()->set_program("iked");
    outbox_.push(std::move(hello));
    has_greeted_ = true;
    link_.wake();
  }

  void receive(const v1::StackEvents& batch) {
    std::vector<StackEvent> events;
    for (const v1::StackEvent& message : batch.items()) {
      if (message.has_ready()) {
        post_([this] {
          is_ready_ = true;
          callbacks_.connection.up();
        });
      } else if (auto event = from_message(message, stack_)) {
        events.push_back(std::move(*event));
      } else {
        post_([this, field = event.error().field] { callbacks_.malformed(field); });
      }
    }
    if (events.empty()) return;
    post_([this, events = std::move(events)]() mutable {
      if (is_ready_) callbacks_.told(std::move(events));
    });
  }

  void lose(const std::string& reason) {
    if (!std::exchange(is_ready_, false)) return;
    callbacks_.connection.down(reason);
  }

  const StackName stack_;
  GuardedPost post_;
  Callbacks callbacks_;
  bool is_ready_ = false;  // on the daemon's thread
  std::atomic<bool> has_greeted_ = false;
  Outbox<v1::StackRequests> outbox_;
  std::unique_ptr<v1::StackService::Stub> stub_;
  ClientLink<v1::StackRequests, v1::StackEvents> link_;  // last: its events use the others
};

StackClient::StackClient(const std::string& path, StackName stack, Post post, Callbacks callbacks)
    : attached_{std::make_unique<Attached>(path, std::move(stack), std::move(post), std::move(callbacks))} {}
StackClient::~StackClient() = default;
void StackClient::ask(std::span<const ike::StackRequest> requests) { attached_->ask(requests); }

}  // namespace adit::rpc
