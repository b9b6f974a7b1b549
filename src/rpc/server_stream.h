#pragma once
// One bidirectional stream at the server's end. It reads one message after another and writes whenever the wire is free
// and there is something to write.

#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <mutex>

namespace adit::rpc {

template <class In, class Out>
class ServerStream final : public grpc::ServerBidiReactor<In, Out> {
 public:
  struct Events {
    std::function<void(ServerStream&, const In&)> received;
    std::function<bool(Out&)> fill;          ///< the next message to write; false when nothing waits
    std::function<void(Out&)> written = {};  ///< that message is on its way: what it holds of secrets can be wiped
    std::function<bool()> may_read = {};     ///< false: the next message is read after a wake() that finds it true
    std::function<void()> ended;             ///< once, and nothing else afterwards
  };

  /// The stream owns itself until it has ended; whoever keeps the pointer may wake() it at any time.
  static std::shared_ptr<ServerStream> begin(Events events) {
    std::shared_ptr<ServerStream> stream{new ServerStream{std::move(events)}};
    stream->self_ = stream;
    stream->StartSendInitialMetadata();  // tells the client that it is served
    stream->StartRead(&stream->in_);
    return stream;
  }

  /// Something may wait to be written, or may be read again.
  void wake() {
    const std::lock_guard lock{mutex_};
    write_next();
    if (holds_back_) read_next();
  }
  void end(grpc::Status status) {
    const std::lock_guard lock{mutex_};
    finish(std::move(status));
  }

  void OnReadDone(bool ok) override {
    if (!ok) return end(grpc::Status::OK);
    events_.received(*this, in_);
    in_.Clear();
    const std::lock_guard lock{mutex_};
    read_next();
  }
  void OnWriteDone(bool ok) override {
    const std::lock_guard lock{mutex_};
    writing_ = false;
    if (events_.written) events_.written(out_);
    if (!ok) return finish(grpc::Status::CANCELLED);
    write_next();
  }
  void OnCancel() override { end(grpc::Status::CANCELLED); }
  void OnDone() override {
    const std::shared_ptr<ServerStream> last = std::move(self_);
    events_.ended();
    const std::lock_guard lock{mutex_};
    events_ = {};  // may hold the last pointer to us
  }

 private:
  explicit ServerStream(Events events) : events_{std::move(events)} {}

  void read_next() {
    if (finished_) return;
    holds_back_ = events_.may_read && !events_.may_read();
    if (!holds_back_) this->StartRead(&in_);
  }
  void write_next() {
    if (writing_ || finished_) return;
    out_.Clear();
    if (!events_.fill(out_)) return;
    writing_ = true;
    this->StartWrite(&out_);
  }
  void finish(grpc::Status status) {
    if (finished_) return;
    finished_ = true;
    this->Finish(std::move(status));
  }

  std::mutex mutex_;  // orders wake() and end() of other threads with the reactions of gRPC's
  Events events_;
  In in_;
  Out out_;
  bool writing_ = false, finished_ = false, holds_back_ = false;
  std::shared_ptr<ServerStream> self_;
};

}  // namespace adit::rpc
