#include "stack/range_parts.h"

namespace adit::stack {

IpAddress predecessor(const IpAddress& address) {
  ByteString octets{address.octets().begin(), address.octets().end()};
  for (auto octet = octets.rbegin(); octet != octets.rend(); ++octet) {
    if ((*octet)-- != 0) break;
  }
  return *IpAddress::from_octets(octets);
}

}  // namespace adit::stack
