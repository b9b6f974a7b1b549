#pragma once
// The sockets of both families towards the network.

#include <array>
#include <optional>

#include "stack/user/wire_socket.h"

namespace adit::stack::user {

class WireSockets {
 public:
  static constexpr std::size_t count = 8;

  /// A host without IPv6 has the four of IPv4.
  static std::expected<WireSockets, SystemFailure> open(std::uint32_t mark);

  /// Null where there is none.
  WireSocket* find(Wire wire, IpFamily family) {
    auto& socket = sockets_[static_cast<std::size_t>(wire) * 2 + (family == IpFamily::v6 ? 1 : 0)];
    return socket ? &*socket : nullptr;
  }
  std::array<std::optional<WireSocket>, count>& all() { return sockets_; }

  /// Sends by the socket of that kind and family. Returns the first that was to be left whole and did not fit, or null.
  const Departure* send(Wire wire, IpFamily family, std::span<const Departure> departures);
  std::uint64_t sends() const { return sends_; }
  std::uint64_t failures() const { return failures_; }

 private:
  std::array<std::optional<WireSocket>, count> sockets_;
  std::uint64_t sends_ = 0, failures_ = 0;
};

}  // namespace adit::stack::user
