#pragma once
// One bidirectional stream at the client's end, kept open: opened again after it broke, with a pause that grows while
// the server turns it away.

#include <grpcpp/alarm.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace adit::rpc {

/// How soon a stream that has ended is opened again.
struct LinkPace {
  /// What begins the series of pauses anew: that the server takes the stream, or that it says something on it.
  enum class Proof : std::uint8_t { stream, message };

  std::chrono::milliseconds shortest{50}, longest{2000};  ///< each is twice the one before
  Proof proof = Proof::stream;
  /// What a pause becomes, so that the many clients of a server that is back do not come all at once.
  std::function<std::chrono::milliseconds(std::chrono::milliseconds)> jitter = {};
};

template <class Out, class In>
class ClientLink {
 public:
  using Reactor = grpc::ClientBidiReactor<Out, In>;
  struct Events {
    std::function<void(grpc::ClientContext*, Reactor*)> open;  ///< starts the call on a stub
    std::function<void()> up;                                  ///< the server has taken the stream
    std::function<void(const std::string& reason)> down;       ///< a stream that was up has ended
    std::function<void(In&)> received;
    std::function<bool(Out&)> fill;  ///< the next message to write; false when nothing waits
    /// An attempt has ended before the server took the stream; where there is none, attempts wait for a connection.
    std::function<void(const std::string& reason)> failed = {};
  };

  /// Events come on gRPC's threads, one after another.
  explicit ClientLink(Events events, LinkPace pace = {}) : events_{std::move(events)}, pace_{std::move(pace)} {
    next_pause_ = pace_.shortest;
    const std::lock_guard lock{mutex_};
    open();
  }
  ~ClientLink() {
    std::unique_lock lock{mutex_};
    stopping_ = true;
    if (attempt_) attempt_->context.TryCancel();
    pause_.Cancel();
    idle_.wait(lock, [this] { return attempt_ == nullptr && !pausing_; });
  }
  ClientLink(const ClientLink&) = delete;
  ClientLink& operator=(const ClientLink&) = delete;

  /// Something may wait to be written. Nothing is while the link is not up.
  void wake() {
    const std::lock_guard lock{mutex_};
    if (attempt_) attempt_->write_next();
  }
  bool is_up() const {
    const std::lock_guard lock{mutex_};
    return attempt_ && attempt_->is_up;
  }
  /// Ends the stream that is up, as if it had broken.
  void break_off() {
    const std::lock_guard lock{mutex_};
    if (attempt_) attempt_->context.TryCancel();
  }

 private:
  struct Attempt final : Reactor {
    explicit Attempt(ClientLink& owner) : link{owner} { context.set_wait_for_ready(!owner.events_.failed); }

    void OnReadInitialMetadataDone(bool ok) override {
      if (!ok) return;
      link.events_.up();
      const std::lock_guard lock{link.mutex_};
      is_up = true;
      if (link.pace_.proof == LinkPace::Proof::stream) link.next_pause_ = link.pace_.shortest;
      write_next();
    }
    void OnReadDone(bool ok) override {
      if (ok) {
        link.events_.received(in);
        in.Clear();
        if (link.pace_.proof == LinkPace::Proof::message) {
          const std::lock_guard lock{link.mutex_};
          link.next_pause_ = link.pace_.shortest;
        }
        this->StartRead(&in);
        return;
      }
      {
        const std::lock_guard lock{link.mutex_};
        closed = true;
      }
      this->RemoveHold();
    }
    void OnWriteDone(bool ok) override {
      const std::lock_guard lock{link.mutex_};
      writing = false;
      if (ok) write_next();
    }
    void OnDone(const grpc::Status& status) override { link.ended(status); }

    void write_next() {  // under the link's mutex
      if (!is_up || writing || closed) return;
      out.Clear();
      if (!link.events_.fill(out)) return;
      writing = true;
      this->StartWrite(&out);
    }

    ClientLink& link;
    grpc::ClientContext context;
    In in;
    Out out;
    bool is_up = false, writing = false, closed = false;
  };

  void open() {  // under the mutex: gRPC never runs a reaction inside of the call that brings it about
    attempt_ = std::make_unique<Attempt>(*this);
    events_.open(&attempt_->context, attempt_.get());
    attempt_->AddHold();  // writes start outside of reactions: the stream must not end under one
    attempt_->StartRead(&attempt_->in);
    attempt_->StartCall();
  }

  void ended(const grpc::Status& status) {
    bool was_up = false;
    std::unique_ptr<Attempt> over;
    {
      const std::lock_guard lock{mutex_};
      over = std::move(attempt_);
      was_up = over->is_up;
      pausing_ = !stopping_;
    }
    const std::string reason = status.error_message().empty() ? "the server ended it" : status.error_message();
    if (was_up) events_.down(reason);
    if (!was_up && events_.failed) events_.failed(reason);
    over.reset();
    const std::lock_guard lock{mutex_};
    if (stopping_) {
      pausing_ = false;
      idle_.notify_all();
      return;
    }
    const std::chrono::milliseconds pause = pace_.jitter ? pace_.jitter(next_pause_) : next_pause_;
    pause_.Set(std::chrono::system_clock::now() + pause, [this](bool) {
      const std::lock_guard after_pause{mutex_};
      pausing_ = false;
      if (!stopping_) open();
      idle_.notify_all();
    });
    next_pause_ = std::min(next_pause_ * 2, pace_.longest);
  }

  Events events_;
  LinkPace pace_;
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  std::unique_ptr<Attempt> attempt_;
  grpc::Alarm pause_;
  std::chrono::milliseconds next_pause_{};
  bool stopping_ = false, pausing_ = false;
};

}  // namespace adit::rpc
