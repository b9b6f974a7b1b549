#include "stack/upper_checksum.h"

#include <array>
#include <optional>

#include "base/traffic_selector.h"

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

std::uint32_t sum_of(Bytes octets) { return static_cast<std::uint16_t>(~internet_checksum(octets)); }

}  // namespace

void renew_upper_checksum(MutableBytes packet, const IpHeader& header) {
  const auto offset = checksum_offset(header.next_header);
  const MutableBytes upper = packet.first(header.total_size).subspan(header.header_size);
  if (!offset || upper.size() < *offset + 2 || header.is_fragment) return;
  std::uint8_t* field = upper.data() + *offset;
  const bool is_udp = header.next_header == IpProtocol::udp;
  if (is_udp && header.family == IpFamily::v4 && field[0] == 0 && field[1] == 0) return;

  field[0] = field[1] = 0;
  const Bytes addresses = header.family == IpFamily::v4 ? Bytes{packet}.subspan(12, 8) : Bytes{packet}.subspan(8, 32);
  const std::uint32_t pseudo_header =
      sum_of(addresses) + header.next_header + static_cast<std::uint32_t>(upper.size() & 0xffff);
  std::uint16_t checksum = internet_checksum(upper, pseudo_header);
  if (is_udp && checksum == 0) checksum = 0xffff;  // zero means that it is not used
  field[0] = static_cast<std::uint8_t>(checksum >> 8);
  field[1] = static_cast<std::uint8_t>(checksum);
}

}  // namespace adit::stack
