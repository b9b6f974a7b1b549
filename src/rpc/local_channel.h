#pragma once
// gRPC channels with Adit's limits and a reconnection that does not keep an operator waiting; how gRPC writes
// addresses.

#include <grpcpp/channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <cstdint>
#include <memory>
#include <string>

namespace adit::rpc {

grpc::ChannelArguments channel_arguments();
std::shared_ptr<grpc::Channel> local_channel(const std::string& path);

/// `192.0.2.1:4159`, `[2001:db8::1]:4159`
std::string host_and_port(const std::string& host, std::uint16_t port);

}  // namespace adit::rpc
