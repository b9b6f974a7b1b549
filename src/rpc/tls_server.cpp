#include "rpc/tls_server.h"

#include <grpcpp/security/server_credentials.h>

#include "rpc/tcp_acceptor.h"

namespace adit::rpc {
namespace {

// A stranger, who cannot end the handshake, is not kept for longer.
constexpr int longest_handshake_ms = 10'000;
// A client that is gone without a word is noticed within a minute.
constexpr int keepalive_ms = 40'000, keepalive_answer_ms = 20'000;
// Clients ask as often (tls_channel.cpp): they must not be taken for a flood.
constexpr int least_between_pings_ms = 10'000;

}  // namespace

std::string proven_name(const grpc::CallbackServerContext& call) {
  const auto auth = call.auth_context();
  if (auth == nullptr || !auth->IsPeerAuthenticated()) return {};
  const auto names = auth->GetPeerIdentity();
  return names.empty() ? std::string{} : std::string{names.front().data(), names.front().size()};
}

std::expected<std::unique_ptr<TlsServer>, std::string> TlsServer::start(const TlsListening& at,
                                                                        const TlsCredentials& tls, const Limits& limits,
                                                                        grpc::Service& service) {
  allow_only_tls_1_3();
  grpc::SslServerCredentialsOptions options{GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY};
  options.pem_root_certs = tls.trusted;
  options.pem_key_cert_pairs = {{tls.private_key, tls.certificate_chain}};
  const auto credentials = grpc::SslServerCredentials(options);
  auto acceptor = TcpAcceptor::listen(at.addresses, at.port);
  if (!acceptor) return std::unexpected{acceptor.error()};
  std::unique_ptr<TlsServer> made{new TlsServer};
  made->acceptor_ = std::move(*acceptor);
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(limits.largest_request);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, longest_handshake_ms);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits.most_streams);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_answer_ms);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // no end of them
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, least_between_pings_ms);
  using Type = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
  made->handover_ = builder.experimental().AddExternalConnectionAcceptor(Type::FROM_FD, credentials);
  builder.RegisterService(&service);
  made->server_ = builder.BuildAndStart();
  if (made->server_ == nullptr) return std::unexpected{"the TLS files do not fit each other"};
  made->acceptor_->start([handover = made->handover_.get()](int connection) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters accepted;
    accepted.fd = connection;
    handover->HandleNewConnection(&accepted);
  });
  return made;
}

TlsServer::~TlsServer() {
  acceptor_->stop();
  if (server_) server_->Shutdown(std::chrono::system_clock::now());  // calls are cancelled, not waited for
}

std::uint16_t TlsServer::port() const { return acceptor_->port(); }

}  // namespace adit::rpc
