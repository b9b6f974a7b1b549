#include "stack/user/wire_sockets.h"

namespace adit::stack::user {

std::expected<WireSockets, SystemFailure> WireSockets::open(std::uint32_t mark) {
  WireSockets sockets;
  for (const Wire wire : {Wire::udp_500, Wire::udp_4500, Wire::esp, Wire::ah}) {
    for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
      auto socket = WireSocket::open(wire, family, mark);
      if (!socket && family == IpFamily::v6 && socket.error().reason.value() == EAFNOSUPPORT) continue;
      if (!socket) return std::unexpected{std::move(socket.error())};
      sockets.sockets_[static_cast<std::size_t>(wire) * 2 + (family == IpFamily::v6 ? 1 : 0)] = std::move(*socket);
    }
  }
  return sockets;
}

const Departure* WireSockets::send(Wire wire, IpFamily family, std::span<const Departure> departures) {
  WireSocket* socket = find(wire, family);
  if (socket == nullptr) {
    failures_ += departures.size();
    return nullptr;
  }
  const WireSocket::Sent sent = socket->send(departures);
  sends_ += sent.calls;
  failures_ += sent.failures;
  return sent.too_long;
}

}  // namespace adit::stack::user
