#pragma once
// The client's end of mutual TLS 1.3.

#include <grpcpp/channel.h>

#include <cstdint>
#include <memory>
#include <string>

#include "rpc/tls_credentials.h"

namespace adit::rpc {

/// @param expected_name  that the server's certificate must carry; empty: the host
std::shared_ptr<grpc::Channel> tls_channel(const std::string& host, std::uint16_t port,
                                           const std::string& expected_name, const TlsCredentials& tls);

}  // namespace adit::rpc
