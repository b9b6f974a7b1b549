#pragma once
// How long a packet may be that reaches another host in one piece, as far as this one's kernel knows.

#include <cstddef>

#include "base/ip_address.h"

namespace adit::stack::user {

/// Octets of an IP packet; 0 when there is no way there. It makes a socket for the question: not for every packet.
std::size_t path_mtu(const IpAddress& local, const IpAddress& remote);

}  // namespace adit::stack::user
