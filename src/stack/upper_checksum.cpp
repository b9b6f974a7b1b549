#include "stack/upper_checksum.h"

#include <optional>

#include "base/traffic_selector.h"
#include "stack/network_order.h"
#include "stack/transport_checksum.h"

namespace adit::stack {
namespace {

std::optional<std::size_t> checksum_offset(std::uint8_t protocol) {
  switch (protocol) {
    case IpProtocol::tcp:
      return 16;
    case IpProtocol::udp:
      return 6;
    case IpProtocol::icmpv6:
      return 2;
    default:
      return std::nullopt;
  }
}

}  // namespace

void renew_upper_checksum(MutableBytes packet, const IpHeader& header) {
  const auto offset = checksum_offset(header.next_header);
  const MutableBytes upper = packet.first(header.total_size).subspan(header.header_size);
  if (!offset || upper.size() < *offset + 2 || header.is_fragment) return;
  std::uint8_t* field = upper.data() + *offset;
  const bool is_udp = header.next_header == IpProtocol::udp;
  if (is_udp && header.family == IpFamily::v4 && load_u16(field) == 0) return;

  store_u16(field, 0);
  auto checksum = static_cast<std::uint16_t>(~transport_sum(packet.data(), header.next_header, upper));
  if (is_udp && checksum == 0) checksum = 0xffff;  // zero means that it is not used
  store_u16(field, checksum);
}

}  // namespace adit::stack
