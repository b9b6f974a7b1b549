#pragma once
// A gRPC server on a Unix socket of its own: it accepts, asks the kernel who connects (SO_PEERCRED), and only then
// hands the connection to gRPC, which does not tell a service who its peer is.

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <expected>
#include <memory>
#include <string>
#include <thread>

#include "rpc/local_socket.h"

namespace adit::rpc {

/// Octets of one message: a policy of a hundred thousand filters.
inline constexpr int largest_message = 64 * 1024 * 1024;

class LocalServer {
 public:
  /// Takes the path over when a socket is left there that nobody serves. An error is told for the operator.
  static std::expected<std::unique_ptr<LocalServer>, std::string> start(const LocalSocket& socket,
                                                                        const std::vector<grpc::Service*>& services);
  ~LocalServer();
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  /// Ends every call; no service runs afterwards. Idempotent.
  void stop();

 private:
  LocalServer(LocalSocket socket, int listener, int wake, std::unique_ptr<grpc::Server> server);
  void accept_until_stopped();
  bool admits(int connection) const;

  LocalSocket socket_;
  int listener_, wake_;
  std::unique_ptr<grpc::Server> server_;
  std::thread acceptor_;
};

}  // namespace adit::rpc
