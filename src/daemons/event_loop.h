#pragma once
// The one thread of a daemon: what comes in from sockets, gRPC's threads, timers and signals runs here, one after
// another.

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>

#include "rpc/post.h"

namespace adit::daemons {

class EventLoop {
 public:
  EventLoop();

  boost::asio::io_context& context() { return context_; }
  /// From any thread.
  rpc::Post post();
  /// What SIGHUP does.
  void on_refresh(std::function<void()> refresh) { refresh_ = std::move(refresh); }
  /// Until SIGTERM or SIGINT.
  void run();

 private:
  void await_signal();

  boost::asio::io_context context_;
  boost::asio::signal_set signals_;
  std::function<void()> refresh_;
};

}  // namespace adit::daemons
