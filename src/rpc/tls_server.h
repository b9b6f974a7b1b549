#pragma once
// A gRPC server where strangers connect: mutual TLS 1.3 on TCP, with the bounds that every such service has.

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "rpc/tls_credentials.h"

namespace adit::rpc {

class TcpAcceptor;

class TlsServer {
 public:
  struct Limits {
    int largest_request;  ///< octets of a message from a client
    int most_streams;     ///< of one connection
  };
  /// The service outlives the server. An error is told for the operator.
  static std::expected<std::unique_ptr<TlsServer>, std::string> start(const TlsListening& at, const TlsCredentials& tls,
                                                                      const Limits& limits, grpc::Service& service);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  std::uint16_t port() const;

 private:
  TlsServer() = default;

  std::unique_ptr<TcpAcceptor> acceptor_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> handover_;
};

/// The client's first subjectAltName, or its common name: gRPC calls that its identity. Empty: it has none.
std::string proven_name(const grpc::CallbackServerContext& call);

}  // namespace adit::rpc
