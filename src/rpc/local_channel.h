#pragma once
// A gRPC channel to a Unix socket, with Adit's limits and a reconnection that does not keep an operator waiting.

#include <grpcpp/channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <memory>
#include <string>

namespace adit::rpc {

grpc::ChannelArguments channel_arguments();
std::shared_ptr<grpc::Channel> local_channel(const std::string& path);

}  // namespace adit::rpc
