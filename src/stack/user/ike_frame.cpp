#include "stack/user/ike_frame.h"

#include <algorithm>

#include "stack/network_order.h"

namespace adit::stack::user {
namespace {

constexpr std::uint8_t frame_version = 1;
constexpr std::size_t family_at = 1, local_port_at = 4, remote_port_at = 6, local_at = 8, remote_at = 24;

std::optional<Endpoint> endpoint(Bytes record, std::size_t address_at, std::size_t port_at) {
  const std::size_t size = record[family_at] == 4 ? 4 : 16;
  const auto address = IpAddress::from_octets(record.subspan(address_at, size));
  if (!address) return std::nullopt;
  return Endpoint{.address = *address, .port = load_u16(&record[port_at])};
}

}  // namespace

std::array<std::uint8_t, ike_frame_header_size> ike_frame_header(const IkeDatagram& datagram) {
  std::array<std::uint8_t, ike_frame_header_size> header{};
  header[0] = frame_version;
  header[family_at] = datagram.local.address.is_v4() ? 4 : 6;
  store_u16(&header[local_port_at], datagram.local.port);
  store_u16(&header[remote_port_at], datagram.remote.port);
  std::ranges::copy(datagram.local.address.octets(), header.begin() + local_at);
  std::ranges::copy(datagram.remote.address.octets(), header.begin() + remote_at);
  return header;
}

std::optional<IkeDatagram> parse_ike_frame(Bytes record) {
  if (record.size() < ike_frame_header_size || record[0] != frame_version) return std::nullopt;
  if (record[family_at] != 4 && record[family_at] != 6) return std::nullopt;
  const auto local = endpoint(record, local_at, local_port_at);
  const auto remote = endpoint(record, remote_at, remote_port_at);
  if (!local || !remote) return std::nullopt;
  const Bytes octets = record.subspan(ike_frame_header_size);
  return IkeDatagram{.local = *local, .remote = *remote, .octets = ByteString{octets.begin(), octets.end()}};
}

}  // namespace adit::stack::user
