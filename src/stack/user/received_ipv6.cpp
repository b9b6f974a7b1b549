#include "stack/user/received_ipv6.h"

#include <algorithm>
#include <cstring>

#include "stack/ip_header.h"
#include "stack/user/receive_slots.h"

namespace adit::stack::user {

void ExtensionHeaders::keep(std::uint8_t type, Bytes header, MutableBytes kept) {
  if (too_many || header.size() > kept.size() - size) {
    too_many = true;
    return;
  }
  if (size == 0) {
    first_type = type;
  } else {
    kept[last_at] = type;
  }
  std::ranges::copy(header, kept.subspan(size).begin());
  last_at = size;
  size = static_cast<std::uint16_t>(size + header.size());
}

void put_back_ipv6_headers(ReceivedDatagram& datagram) {
  const ExtensionHeaders& extensions = datagram.extensions;
  const std::size_t payload = extensions.size + datagram.octets.size();
  if (extensions.too_many || payload > UINT16_MAX) {
    datagram.octets = datagram.octets.first(0);
    return;
  }
  std::uint8_t* kept = datagram.octets.data() - receive_headroom;
  if (extensions.size != 0) kept[extensions.last_at] = NextHeader::ah;
  std::uint8_t* moved = datagram.octets.data() - extensions.size;
  std::memmove(moved, kept, extensions.size);
  const OuterHeader header{.source = datagram.source.address,
                           .destination = datagram.destination,
                           .traffic_class = datagram.traffic_class,
                           .hop_limit = datagram.hop_limit,
                           .next_header = extensions.size != 0 ? extensions.first_type : NextHeader::ah};
  std::uint8_t* packet = moved - ipv6_header_size;
  header.write(packet, payload);
  datagram.octets = {packet, ipv6_header_size + payload};
}

}  // namespace adit::stack::user
