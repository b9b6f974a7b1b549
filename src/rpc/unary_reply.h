#pragma once
// The answer to one unary call, owed to gRPC from the moment the call came: if the daemon goes without giving it, the
// call ends as unavailable.

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <utility>

namespace adit::rpc {

class UnaryReply {
 public:
  explicit UnaryReply(grpc::CallbackServerContext& call) : reactor_{call.DefaultReactor()} {}
  UnaryReply(UnaryReply&& other) noexcept : reactor_{std::exchange(other.reactor_, nullptr)} {}
  UnaryReply& operator=(UnaryReply&&) = delete;
  ~UnaryReply() {
    if (reactor_ != nullptr) reactor_->Finish({grpc::StatusCode::UNAVAILABLE, "the daemon is stopping"});
  }

  grpc::ServerUnaryReactor* reactor() const { return reactor_; }
  void finish(grpc::Status status) { std::exchange(reactor_, nullptr)->Finish(std::move(status)); }

 private:
  grpc::ServerUnaryReactor* reactor_;
};

}  // namespace adit::rpc
