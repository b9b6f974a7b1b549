#pragma once
// Addresses between our types and the socket interface's.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "base/ip_address.h"

namespace adit::stack::user {

inline IpAddress address_of(const in_addr& address) { return IpAddress::v4(ntohl(address.s_addr)); }
inline IpAddress address_of(const in6_addr& address) {
  return *IpAddress::from_octets({static_cast<const std::uint8_t*>(address.s6_addr), 16});
}

inline Endpoint endpoint_of(const sockaddr_storage& name, IpFamily family) {
  if (family == IpFamily::v4) {
    sockaddr_in v4;
    std::memcpy(&v4, &name, sizeof v4);
    return {.address = address_of(v4.sin_addr), .port = ntohs(v4.sin_port)};
  }
  sockaddr_in6 v6;
  std::memcpy(&v6, &name, sizeof v6);
  return {.address = address_of(v6.sin6_addr), .port = ntohs(v6.sin6_port)};
}

/// Writes an endpoint and returns its size. Of raw sockets the port must be 0.
inline socklen_t write_name(sockaddr_storage& name, const IpAddress& address, std::uint16_t port) {
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.octets().data(), 4);
    std::memcpy(&name, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&v6.sin6_addr, address.octets().data(), 16);
  std::memcpy(&name, &v6, sizeof v6);
  return sizeof v6;
}

}  // namespace adit::stack::user
