#include "daemons/event_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <csignal>

namespace adit::daemons {

EventLoop::EventLoop() : context_{1}, signals_{context_, SIGTERM, SIGINT, SIGHUP} {
  std::signal(SIGPIPE, SIG_IGN);  // a peer that has gone is an error of the write
  await_signal();
}

rpc::Post EventLoop::post() {
  return [this](rpc::Task task) { boost::asio::post(context_, std::move(task)); };
}

void EventLoop::run() {
  const auto guard = boost::asio::make_work_guard(context_);
  context_.run();
}

void EventLoop::await_signal() {
  signals_.async_wait([this](const boost::system::error_code& failure, int signal) {
    if (failure) return;
    if (signal != SIGHUP) return context_.stop();
    if (refresh_) refresh_();
    await_signal();
  });
}

}  // namespace adit::daemons
