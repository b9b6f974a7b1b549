#include "daemons/iked/engine_loop.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <variant>

#include "base/log.h"
#include "rpc/overloaded.h"

namespace adit::daemons::iked {

EngineLoop::EngineLoop(EventLoop& loop, const ike::EngineOptions& options, Outlets outlets)
    : loop_{loop}, outlets_{std::move(outlets)}, engine_{options, random_}, timer_{loop.context()} {}

void EngineLoop::take(ike::Input input) {
  waiting_.push_back(std::move(input));
  if (std::exchange(is_scheduled_, true)) return;
  boost::asio::post(loop_.context(), [this] {
    is_scheduled_ = false;
    handle_waiting();
    perform();
  });
}

std::vector<ike::OperatorAnswer> EngineLoop::ask(ike::Input input) {
  handle_waiting();
  std::vector<ike::OperatorAnswer> answers = handle(std::move(input));
  perform();
  return answers;
}

void EngineLoop::handle_waiting() {
  for (ike::Input& input : std::exchange(waiting_, {})) handle(std::move(input));
}

std::vector<ike::OperatorAnswer> EngineLoop::handle(ike::Input input) {
  ike::Step step = engine_.handle(std::move(input), time_.now());
  for (ike::Datagram& datagram : step.send) {
    gathered_.datagrams[datagram.stack].push_back(std::move(datagram));
  }
  for (ike::StackRequest& request : step.stack) {
    const StackName& stack = std::visit([](const auto& one) -> const StackName& { return one.stack; }, request);
    gathered_.requests[stack].push_back(std::move(request));
  }
  std::ranges::move(step.certificates, std::back_inserter(gathered_.certificates));
  for (const LogRecord& record : step.log) log::write(record);
  return std::move(step.answers);
}

void EngineLoop::perform() {
  Gathered gathered = std::exchange(gathered_, {});
  // SAs before datagrams: once the peer has the answer it sends through them.
  for (auto& [stack, requests] : gathered.requests) outlets_.ask_stack(stack, std::move(requests));
  for (auto& [stack, datagrams] : gathered.datagrams) outlets_.send(stack, std::move(datagrams));
  for (ike::CertificateRequest& request : gathered.certificates) outlets_.ask_nss(std::move(request));
  arm_timer();
}

void EngineLoop::arm_timer() {
  const std::optional<Instant> deadline = engine_.next_deadline();
  if (deadline == armed_for_) return;
  armed_for_ = deadline;
  timer_.cancel();
  if (!deadline) return;
  timer_.expires_after(std::max(Duration::zero(), *deadline - time_.now()));
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    armed_for_.reset();
    take(ike::TimePassed{});
  });
}

}  // namespace adit::daemons::iked
