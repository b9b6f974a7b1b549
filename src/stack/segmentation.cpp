#include "stack/segmentation.h"

#include <algorithm>
#include <cstring>

#include "base/traffic_selector.h"
#include "stack/network_order.h"
#include "stack/transport_checksum.h"

namespace adit::stack {
namespace {

constexpr std::uint8_t flag_fin = 0x01, flag_psh = 0x08, flag_cwr = 0x80;
constexpr std::size_t tcp_sequence = 4, tcp_flags = 13, tcp_checksum = 16, udp_length = 4, udp_checksum = 6;

/// Where the parts of a packet to be cut are. Checked against its octets.
struct Layout {
  bool is_v4 = false;
  std::uint8_t protocol = 0;
  std::size_t transport = 0;  // offset
  std::size_t payload = 0;    // offset
};

std::expected<Layout, Drop> layout_of(const OffloadHeader& header, Bytes packet) {
  const std::unexpected malformed{Drop::malformed};
  if (packet.size() < 20) return malformed;
  Layout layout;
  layout.is_v4 = packet[0] >> 4 == 4;
  if (!layout.is_v4 && packet[0] >> 4 != 6) return malformed;
  if (header.type() == GsoType::tcp_v4 && !layout.is_v4) return malformed;
  if (header.type() == GsoType::tcp_v6 && layout.is_v4) return malformed;
  // Linux leaves the checksum of what is to be cut always open, and so says where the transport header begins.
  if ((header.flags & OffloadHeader::needs_checksum) == 0 || header.segment_size == 0) return malformed;

  layout.transport = header.checksum_start;
  const std::size_t ip_header = layout.is_v4 ? std::size_t{packet[0] & 15u} * 4 : 40;
  if (layout.transport < ip_header || ip_header < 20 || (layout.is_v4 && layout.transport != ip_header)) {
    return malformed;
  }
  const bool is_udp = header.type() == GsoType::udp;
  layout.protocol = is_udp ? IpProtocol::udp : IpProtocol::tcp;
  const std::size_t least = is_udp ? 8 : 20;
  if (packet.size() < layout.transport + least) return malformed;
  const std::size_t transport_header = is_udp ? 8 : (packet[layout.transport + 12] >> 4) * std::size_t{4};
  layout.payload = layout.transport + transport_header;
  if (transport_header < least || packet.size() <= layout.payload) return malformed;
  return layout;
}

void set_lengths(std::uint8_t* at, const Layout& layout, std::size_t size, std::size_t index) {
  if (!layout.is_v4) {
    store_u16(at + 4, static_cast<std::uint16_t>(size - 40));
    return;
  }
  store_u16(at + 2, static_cast<std::uint16_t>(size));
  store_u16(at + 4, static_cast<std::uint16_t>(load_u16(at + 4) + index));
  store_u16(at + 10, 0);
  store_u16(at + 10, static_cast<std::uint16_t>(~ones_complement_sum({at, layout.transport})));
}

void set_checksum(std::uint8_t* at, const Layout& layout, std::size_t size, std::size_t field) {
  std::uint8_t* transport = at + layout.transport;
  store_u16(transport + field, 0);
  const std::uint16_t sum = transport_sum(at, layout.protocol, {transport, size - layout.transport});
  const auto checksum = static_cast<std::uint16_t>(~sum);
  // Zero means "none" in UDP (RFC 768); TCP never meets it: 0xffff is the same number.
  store_u16(transport + field, checksum == 0 && layout.protocol == IpProtocol::udp ? 0xffff : checksum);
}

std::expected<Segmented, Drop> copy_whole(const OffloadHeader& header, Bytes packet, PacketBuffer& out) {
  if (packet.size() > out.tailroom()) return std::unexpected{Drop::too_long};
  out.resize(packet.size());
  std::memcpy(out.data(), packet.data(), packet.size());
  if ((header.flags & OffloadHeader::needs_checksum) == 0) return Segmented{.filled = 1};

  // The field holds the sum of the pseudo header already: the sum over the rest completes it.
  const std::size_t field = std::size_t{header.checksum_start} + header.checksum_offset;
  if (header.checksum_start > packet.size() || field + 2 > packet.size()) return std::unexpected{Drop::malformed};
  const std::uint16_t sum = ones_complement_sum(out.octets().subspan(header.checksum_start));
  const auto checksum = static_cast<std::uint16_t>(~sum);
  store_u16(out.data() + field, checksum == 0 ? 0xffff : checksum);
  return Segmented{.filled = 1};
}

struct Cut {
  std::size_t payload_at = 0, payload_size = 0;
  std::size_t index = 0;
  bool is_last = false;
};

void cut(const Layout& layout, Bytes packet, const Cut& part, PacketBuffer& out) {
  const std::size_t size = layout.payload + part.payload_size;
  out.resize(size);
  std::uint8_t* at = out.data();
  std::memcpy(at, packet.data(), layout.payload);
  std::memcpy(at + layout.payload, packet.data() + layout.payload + part.payload_at, part.payload_size);
  set_lengths(at, layout, size, part.index);
  std::uint8_t* transport = at + layout.transport;
  if (layout.protocol == IpProtocol::udp) {
    store_u16(transport + udp_length, static_cast<std::uint16_t>(8 + part.payload_size));
    return set_checksum(at, layout, size, udp_checksum);
  }
  store_u32(transport + tcp_sequence, load_u32(transport + tcp_sequence) + static_cast<std::uint32_t>(part.payload_at));
  if (part.index > 0) transport[tcp_flags] &= static_cast<std::uint8_t>(~flag_cwr);
  if (!part.is_last) transport[tcp_flags] &= static_cast<std::uint8_t>(~(flag_fin | flag_psh));
  set_checksum(at, layout, size, tcp_checksum);
}

}  // namespace

std::expected<Segmented, Drop> segment(const OffloadHeader& header, Bytes packet, std::size_t begin,
                                       std::span<PacketBuffer> out) {
  if (out.empty()) return std::unexpected{Drop::too_long};
  switch (header.type()) {
    case GsoType::none:
      return copy_whole(header, packet, out[0]);
    case GsoType::tcp_v4:
    case GsoType::tcp_v6:
    case GsoType::udp:
      break;
    default:
      return std::unexpected{Drop::malformed};
  }
  const auto layout = layout_of(header, packet);
  if (!layout) return std::unexpected{layout.error()};

  const Bytes payload = packet.subspan(layout->payload);
  const std::size_t count = (payload.size() + header.segment_size - 1) / header.segment_size;
  const std::size_t longest = layout->payload + std::min<std::size_t>(payload.size(), header.segment_size);
  if (longest > out[0].tailroom()) return std::unexpected{Drop::too_long};
  const std::size_t end = std::min(count, begin + out.size());
  for (std::size_t i = begin; i < end; ++i) {
    const std::size_t at = i * header.segment_size;
    cut(*layout, packet,
        {.payload_at = at,
         .payload_size = std::min<std::size_t>(header.segment_size, payload.size() - at),
         .index = i,
         .is_last = i + 1 == count},
        out[i - begin]);
  }
  return Segmented{.filled = end - std::min(begin, end), .left = count - end};
}

}  // namespace adit::stack
