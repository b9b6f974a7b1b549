#include "stack/user/path_mtu.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "stack/user/file_descriptor.h"
#include "stack/user/socket_address.h"

namespace adit::stack::user {

std::size_t path_mtu(const IpAddress& local, const IpAddress& remote) {
  const bool is_v4 = remote.is_v4();
  const FileDescriptor socket{::socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_storage name{};
  socklen_t size = write_name(name, local, 0);
  if (::bind(socket.number(), reinterpret_cast<const sockaddr*>(&name), size) != 0) return 0;
  constexpr std::uint16_t discard_port = 9;  // no packet is sent: any port will do
  size = write_name(name, remote, discard_port);
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&name), size) != 0) return 0;
  int mtu = 0;
  socklen_t mtu_size = sizeof mtu;
  const int level = is_v4 ? SOL_IP : SOL_IPV6, option = is_v4 ? IP_MTU : IPV6_MTU;
  if (::getsockopt(socket.number(), level, option, &mtu, &mtu_size) != 0 || mtu < 0) return 0;
  return static_cast<std::size_t>(mtu);
}

}  // namespace adit::stack::user
