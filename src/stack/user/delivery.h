#pragma once
// What the kernel knows of the ways of a packet: the security class of the interface that it came in by, and whether it
// is for this host.

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>

#include "base/ip_address.h"
#include "stack/user/system_failure.h"

struct mnl_socket;

namespace adit::stack::user {

class Delivery {
 public:
  /// In this thread's network namespace. The classes are of interfaces by name; 0 where not listed.
  static std::expected<Delivery, SystemFailure> open(std::map<std::string, std::uint8_t> security_classes);

  /// An index is looked up once, until forget_interfaces().
  std::uint8_t security_class(unsigned interface);
  /// Once a second: interfaces may have gone, and others have their indices.
  void forget_interfaces() { classes_by_index_.clear(); }

  enum class Destination : std::uint8_t { unknown, here, elsewhere };
  /// By the routing tables as they are now: a system call each time. Unknown where there is no route.
  Destination destination_of(const IpAddress& address);

 private:
  struct Close {
    void operator()(mnl_socket* socket) const;
  };
  std::map<std::string, std::uint8_t> classes_;
  std::map<unsigned, std::uint8_t> classes_by_index_;
  std::unique_ptr<mnl_socket, Close> socket_;
  std::uint32_t last_question_ = 0;
};

}  // namespace adit::stack::user
