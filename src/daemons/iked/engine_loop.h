#pragma once
// Drives one engine: takes in what happens, all that is ready before anything is done about it, then performs what the
// engine asks for, gathered by destination. One shard; several would each have a loop of their own.

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/system_random.h"
#include "daemons/event_loop.h"
#include "daemons/wall_clock.h"
#include "ike/engine/engine.h"

namespace adit::daemons::iked {

/// Where an engine's requests go.
struct Outlets {
  std::function<void(const StackName&, std::vector<ike::Datagram>)> send;
  std::function<void(const StackName&, std::vector<ike::StackRequest>)> ask_stack;
  std::function<void(ike::CertificateRequest)> ask_nss;
};

class EngineLoop {
 public:
  EngineLoop(EventLoop& loop, const ike::EngineOptions& options, Outlets outlets);

  /// Handled soon, together with whatever else has come by then.
  void take(ike::Input input);
  /// Handled now, after what has come before: an operator waits for the answer.
  std::vector<ike::OperatorAnswer> ask(ike::Input input);

  const ike::Engine& engine() const { return engine_; }

 private:
  /// What the engine asked for, until it is performed.
  struct Gathered {
    std::map<StackName, std::vector<ike::Datagram>> datagrams;
    std::map<StackName, std::vector<ike::StackRequest>> requests;
    std::vector<ike::CertificateRequest> certificates;
  };

  void handle_waiting();
  std::vector<ike::OperatorAnswer> handle(ike::Input input);
  void perform();
  void arm_timer();

  EventLoop& loop_;
  Outlets outlets_;
  SystemRandom random_;
  SteadyTimeLine time_;
  ike::Engine engine_;
  std::vector<ike::Input> waiting_;
  bool is_scheduled_ = false;
  Gathered gathered_;
  boost::asio::steady_timer timer_;
  std::optional<Instant> armed_for_;
};

}  // namespace adit::daemons::iked
