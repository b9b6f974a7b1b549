#include "rpc/nss_client.h"

#include <atomic>
#include <map>

#include "adit/v1/nss.grpc.pb.h"
#include "rpc/client_link.h"
#include "rpc/guarded_post.h"
#include "rpc/nss_messages.h"
#include "rpc/outbox.h"
#include "rpc/tls_channel.h"

namespace adit::rpc {
class NssClient::Asking {
 public:
  Asking(const Server& server, Post post, Callbacks callbacks)
      : post_{std::move(post)},
        callbacks_{std::move(callbacks)},
        stub_{v1::NssService::NewStub(tls_channel(server.host, server.port, server.expected_name, server.tls))},
        link_{{
            .open = [this](auto* context, auto* reactor) { stub_->async()->Serve(context, reactor); },
            .up =
                [this] {
                  is_asking_ = false;
                  post_([this] { ask_all(); });
                },
            .down =
                [this](const std::string& reason) { post_([this, reason] { callbacks_.connection.down(reason); }); },
            .received = [this](const v1::NssAnswers& batch) { receive(batch); },
            .fill = [this](v1::NssRequests& batch) { return is_asking_ && outbox_.fill(batch); },
        }} {}

  void ask(NssQuestion question) {
    const ike::RequestId id = question.id;
    if (waiting_.size() >= most_waiting) return refuse(id, "too many questions wait for the certificate service");
    const auto entry = waiting_.emplace(id, std::move(question)).first;
    if (!is_asking_) return;
    push(entry->second);
    link_.wake();
  }

  void forget_before(ike::RequestId id) { waiting_.erase(waiting_.begin(), waiting_.lower_bound(id)); }

 private:
  void push(const NssQuestion& question) {
    v1::NssRequest message;
    write(question, message);
    if (!outbox_.push(std::move(message))) link_.break_off();  // it reads nothing any more
  }

  /// On the daemon's thread, when a stream has come up: what was not answered before is asked anew.
  void ask_all() {
    outbox_.clear();
    for (const auto& [id, question] : waiting_) push(question);
    is_asking_ = true;
    link_.wake();
    callbacks_.connection.up();
  }

  void refuse(ike::RequestId id, std::string reason) {
    using contract::ServiceRefusal;
    post_([this, id, reason = std::move(reason)]() mutable {
      callbacks_.answered({id, ServiceRefusal{ServiceRefusal::Kind::unavailable, std::move(reason), {}, {}}});
    });
  }

  void receive(const v1::NssAnswers& batch) {
    for (const v1::NssAnswer& message : batch.items()) {
      auto reply = from_message(message);
      if (!reply) {
        using contract::ServiceRefusal;
        reply = NssReply{
            ike::RequestId{message.id()},
            ServiceRefusal{ServiceRefusal::Kind::malformed, "answer is wrong in: " + reply.error().field, {}, {}}};
      }
      post_([this, reply = std::move(*reply)]() mutable {
        if (waiting_.erase(reply.id) != 0) callbacks_.answered(std::move(reply));
      });
    }
  }

  GuardedPost post_;
  Callbacks callbacks_;
  std::map<ike::RequestId, NssQuestion> waiting_;  // on the daemon's thread
  std::atomic<bool> is_asking_ = false;
  Outbox<v1::NssRequests> outbox_;
  std::unique_ptr<v1::NssService::Stub> stub_;
  ClientLink<v1::NssRequests, v1::NssAnswers> link_;  // last: its events use the others
};

NssClient::NssClient(const Server& server, Post post, Callbacks callbacks)
    : asking_{std::make_unique<Asking>(server, std::move(post), std::move(callbacks))} {}
NssClient::~NssClient() = default;
void NssClient::ask(NssQuestion question) { asking_->ask(std::move(question)); }
void NssClient::forget_before(ike::RequestId id) { asking_->forget_before(id); }

}  // namespace adit::rpc
