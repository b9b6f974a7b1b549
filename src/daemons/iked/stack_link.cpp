#include "daemons/iked/stack_link.h"

#include "base/log.h"
#include "daemons/life.h"
#include "rpc/socket_paths.h"

namespace adit::daemons::iked {
namespace {

constexpr std::chrono::milliseconds channel_pause{200};
/// Batches of datagrams that one wake-up brings in at most: then others have their turn.
constexpr unsigned batches_at_once = 8;

}  // namespace

StackLink::StackLink(EventLoop& loop, const std::string& socket_folder, StackName stack,
                     std::function<void(ike::Input)> happened)
    : stack_{std::move(stack)},
      stack_path_{rpc::stack_socket(socket_folder, stack_)},
      channel_path_{rpc::ike_channel_socket(socket_folder, stack_)},
      pagent_path_{rpc::pagent_socket(socket_folder)},
      happened_{std::move(happened)},
      readable_{loop.context()},
      retry_{loop.context()},
      by_time_{loop, [this](policy::PolicyPointer policy) { happened_(ike::PolicyInstalled{std::move(policy)}); }},
      requests_{stack_path_, stack_, loop.post(), stack_callbacks()},
      policies_{pagent_path_, stack_, rpc::Audience::iked, loop.post(), policy_callbacks()} {}

rpc::StackClient::Callbacks StackLink::stack_callbacks() {
  return {
      .connection = {.up =
                         [this] {
                           log_connected("stack " + stack_.text, stack_path_);
                           open_channel();
                           happened_(ike::StackUp{stack_});
                         },
                     .down =
                         [this](const std::string& reason) {
                           log_lost("stack " + stack_.text, stack_path_, reason);
                           close_channel();
                           happened_(ike::StackDown{stack_});
                         }},
      .told =
          [this](std::vector<rpc::StackEvent> events) {
            for (rpc::StackEvent& event : events) {
              std::visit([this](auto& one) { happened_(std::move(one)); }, event);
            }
          },
      .malformed = [this](const std::string& field) { log_malformed("stack " + stack_.text, field); },
  };
}

rpc::PolicyClient::Callbacks StackLink::policy_callbacks() {
  return {
      .installed = [this](policy::PolicyPointer policy) { by_time_.replace(std::move(policy)); },
      .removed =
          [this] {
            by_time_.forget();
            happened_(ike::PolicyRemoved{stack_});
          },
      .malformed = [](const std::string& field) { log_malformed("pagent", field); },
      .connection = {.up = [this] { log_connected("pagent for stack " + stack_.text, pagent_path_); },
                     .down =
                         [this](const std::string& reason) {
                           log_lost("pagent for stack " + stack_.text, pagent_path_, reason);
                         }},
  };
}

void StackLink::open_channel() {
  close_channel();
  auto channel = stack::user::IkeChannel::connect(channel_path_);
  if (!channel) {
    log_failure(channel.error().attempted, channel.error().reason.message());
    retry_.expires_after(channel_pause);
    retry_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) open_channel();
    });
    return;
  }
  channel_.emplace(std::move(*channel));
  readable_.assign(channel_->fd());
  await_datagrams();
}

void StackLink::close_channel() {
  retry_.cancel();
  if (readable_.is_open()) readable_.release();  // ends its wait; the channel closes the descriptor
  channel_.reset();
}

void StackLink::await_datagrams() {
  readable_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [this](const boost::system::error_code& ended) {
                         if (!ended) read_datagrams();
                       });
}

void StackLink::read_datagrams() {
  if (!channel_) return;  // closed after the wait had ended
  for (unsigned batch = 0; batch < batches_at_once; ++batch) {
    auto datagrams = channel_->read_batch();
    if (!datagrams) {
      log_lost("IKE channel of stack " + stack_.text, channel_path_, datagrams.error().reason.message());
      return open_channel();
    }
    if (datagrams->empty()) break;
    for (stack::user::IkeDatagram& datagram : *datagrams) {
      happened_(ike::Datagram{stack_, datagram.local, datagram.remote, std::move(datagram.octets)});
    }
  }
  await_datagrams();
}

void StackLink::send(std::vector<ike::Datagram> datagrams) {
  if (!channel_) return;
  std::vector<stack::user::IkeDatagram> records;
  records.reserve(datagrams.size());
  for (ike::Datagram& datagram : datagrams) {
    records.push_back({datagram.local, datagram.remote, std::move(datagram.octets)});
  }
  // A failure shows at the next read as well, and is dealt with there.
  if (const auto written = channel_->write(records); !written) {
    log_failure(written.error().attempted, written.error().reason.message());
  }
}

}  // namespace adit::daemons::iked
