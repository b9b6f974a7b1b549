#pragma once
// iked's connections for one stack: requests and events (StackService), IKE datagrams (the IKE channel) and the policy
// (PolicyService). Each is made again by itself when it breaks.

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemons/event_loop.h"
#include "daemons/policy_by_time.h"
#include "ike/engine/engine.h"
#include "rpc/policy_client.h"
#include "rpc/stack_client.h"
#include "stack/user/ike_channel.h"

namespace adit::daemons::iked {

class StackLink {
 public:
  /// `happened` takes what concerns the engine.
  StackLink(EventLoop& loop, const std::string& socket_folder, StackName stack,
            std::function<void(ike::Input)> happened);
  ~StackLink() { close_channel(); }
  StackLink(const StackLink&) = delete;
  StackLink& operator=(const StackLink&) = delete;

  /// Datagrams that the channel does not take now are dropped: IKE retransmits.
  void send(std::vector<ike::Datagram> datagrams);
  void ask(std::span<const ike::StackRequest> requests) { requests_.ask(requests); }

 private:
  rpc::StackClient::Callbacks stack_callbacks();
  rpc::PolicyClient::Callbacks policy_callbacks();
  void open_channel();
  void close_channel();
  void await_datagrams();
  void read_datagrams();

  const StackName stack_;
  const std::string stack_path_, channel_path_, pagent_path_;
  std::function<void(ike::Input)> happened_;
  std::optional<stack::user::IkeChannel> channel_;
  boost::asio::posix::stream_descriptor readable_;  // borrows the channel's descriptor
  boost::asio::steady_timer retry_;
  PolicyByTime by_time_;
  rpc::StackClient requests_;
  rpc::PolicyClient policies_;
};

}  // namespace adit::daemons::iked
