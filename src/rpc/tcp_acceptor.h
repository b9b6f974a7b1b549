#pragma once
// Listens on TCP and hands accepted connections on. gRPC's own listener is not used where strangers connect: when the
// process has no descriptor left it stops listening for good, so that whoever opens connections enough ends the
// service. This one waits until there are descriptors again.

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace adit::rpc {

class TcpAcceptor {
 public:
  /// @param addresses  none: all of both families
  /// @param port       0: one that is free
  /// An error is told for the operator.
  static std::expected<std::unique_ptr<TcpAcceptor>, std::string> listen(const std::vector<std::string>& addresses,
                                                                         std::uint16_t port);
  ~TcpAcceptor();
  TcpAcceptor(const TcpAcceptor&) = delete;
  TcpAcceptor& operator=(const TcpAcceptor&) = delete;

  std::uint16_t port() const { return port_; }
  /// Called once; each connection, without delay and not blocking, is the taker's to close. On a thread of its own.
  void start(std::function<void(int connection)> take);
  /// No connection is handed on afterwards. Idempotent.
  void stop();

 private:
  TcpAcceptor() = default;
  std::expected<void, std::string> add(const std::string& address, std::uint16_t port);
  void accept_until_stopped(const std::function<void(int)>& take);

  std::vector<int> listeners_;
  std::uint16_t port_ = 0;
  int wake_ = -1;
  std::thread thread_;
};

}  // namespace adit::rpc
