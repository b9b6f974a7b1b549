#pragma once
// The socket that the kernel's netlink log (NFLOG) sends packets to that the filters log.

#include <expected>
#include <functional>
#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "stack/user/system_failure.h"

struct mnl_socket;

namespace adit::stack::user {

class LogSocket {
 public:
  /// In this thread's network namespace. A group has one reader: a second fails.
  static std::expected<LogSocket, SystemFailure> open(std::uint16_t group);

  int fd() const;
  /// Takes what waits, without waiting. The packet is valid during the call alone; the indices are of the devices that
  /// it came in by and leaves by, 0 for none.
  using Each = std::function<void(std::string_view prefix, Bytes packet, unsigned in, unsigned out)>;
  void drain(const Each& each);

 private:
  struct Close {
    void operator()(mnl_socket* socket) const;
  };
  std::unique_ptr<mnl_socket, Close> socket_;
};

}  // namespace adit::stack::user
