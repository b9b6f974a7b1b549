#pragma once
// Packets of this host that an IpSec rule drops, given back to the kernel to be rejected: so it tells their senders as
// it does of those that it drops itself, with its own limits.

#include <cstdint>
#include <expected>

#include "base/bytes.h"
#include "stack/user/file_descriptor.h"
#include "stack/user/system_failure.h"

namespace adit::stack::user {

class Refusals {
 public:
  /// The filters reject what carries the mark.
  static std::expected<Refusals, SystemFailure> open(std::uint32_t mark);
  /// An IP packet that fits its way out. What cannot be sent is lost.
  void send(Bytes packet) const;

 private:
  FileDescriptor v4_, v6_;  // a host may run without IPv6
};

}  // namespace adit::stack::user
