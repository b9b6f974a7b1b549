#include "stack/user/refusals.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "stack/ip_header.h"
#include "stack/user/socket_address.h"

namespace adit::stack::user {

std::expected<Refusals, SystemFailure> Refusals::open(std::uint32_t mark) {
  Refusals refusals;
  for (auto [family, socket] : {std::pair{AF_INET, &refusals.v4_}, std::pair{AF_INET6, &refusals.v6_}}) {
    // Of IPPROTO_RAW: sends whole packets, and receives none (raw(7)).
    *socket = FileDescriptor{::socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW)};
    if (!*socket && family == AF_INET6 && errno == EAFNOSUPPORT) continue;
    if (!*socket || setsockopt(socket->number(), SOL_SOCKET, SO_MARK, &mark, sizeof mark) != 0) {
      return std::unexpected{SystemFailure::last("open a socket for packets to be refused")};
    }
  }
  return refusals;
}

void Refusals::send(Bytes packet) const {
  const auto header = IpHeader::read(packet);
  if (!header) return;
  const bool is_v4 = header->family == IpFamily::v4;
  const FileDescriptor& socket = is_v4 ? v4_ : v6_;
  if (!socket) return;
  sockaddr_storage name{};
  const auto destination = is_v4 ? packet.subspan(16, 4) : packet.subspan(24, 16);
  const socklen_t size = write_name(name, *IpAddress::from_octets(destination), 0);
  [[maybe_unused]] const ssize_t sent =
      sendto(socket.number(), packet.data(), packet.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&name), size);
}

}  // namespace adit::stack::user
