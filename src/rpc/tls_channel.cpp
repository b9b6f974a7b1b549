#include "rpc/tls_channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "rpc/local_channel.h"

namespace adit::rpc {

std::shared_ptr<grpc::Channel> tls_channel(const std::string& host, std::uint16_t port,
                                           const std::string& expected_name, const TlsCredentials& tls) {
  allow_only_tls_1_3();
  grpc::ChannelArguments arguments = channel_arguments();
  // A server that is gone without a word is noticed within half a minute.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  // On a stream that is silent for days, too: gRPC would stop after two.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  if (!expected_name.empty()) arguments.SetSslTargetNameOverride(expected_name);
  const grpc::SslCredentialsOptions credentials{tls.trusted, tls.private_key, tls.certificate_chain};
  return grpc::CreateCustomChannel(host_and_port(host, port), grpc::SslCredentials(credentials), arguments);
}

}  // namespace adit::rpc
