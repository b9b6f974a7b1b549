#include "stack/encapsulator.h"

#include <cassert>

#include "base/narrow.h"
#include "stack/congestion.h"
#include "stack/network_order.h"

namespace adit::stack {
namespace {

std::size_t outer_size(const OutboundSa& sa) {
  return (sa.local.address.is_v4() ? ipv4_header_size : ipv6_header_size) + (sa.is_udp ? udp_header_size : 0);
}

/// What tunnel mode writes outside (RFC 4301 §5.1.2.1). The hop limit within has been lowered by whoever forwarded it.
OuterHeader tunnel_header(const OutboundSa& sa, const IpHeader& inner) {
  OuterHeader outer{.source = sa.local.address, .destination = sa.remote.address};
  const std::uint8_t dscp = sa.copy_dscp ? dscp_bits(inner.traffic_class) : std::uint8_t{0};
  outer.traffic_class = static_cast<std::uint8_t>(dscp | static_cast<std::uint8_t>(ecn_of(inner.traffic_class)));
  switch (sa.df) {
    case contract::DfPolicy::copy:
      outer.dont_fragment = inner.dont_fragment;
      break;
    case contract::DfPolicy::clear:
      outer.dont_fragment = false;
      break;
    case contract::DfPolicy::set:
      outer.dont_fragment = true;
      break;
  }
  return outer;
}

OuterHeader transport_header(const OutboundSa& sa, const IpHeader& original) {
  return {.source = sa.local.address,
          .destination = sa.remote.address,
          .traffic_class = original.traffic_class,
          .hop_limit = original.hop_limit,
          .dont_fragment = original.dont_fragment};
}

/// Transport mode puts ESP behind the IP header: a header with parts that must stay outside is not taken apart here.
/// One of the other family than the SA's addresses cannot get their header in its place.
Drop objection_to_transport(const IpHeader& header, const OutboundSa& sa) {
  if (header.family != sa.local.address.family()) return Drop::unsupported_header;
  if (header.is_fragment) return Drop::fragment;
  if (header.family == IpFamily::v4) {
    return header.header_size == ipv4_header_size ? Drop::none : Drop::unsupported_header;
  }
  const bool stays_outside = header.next_header == NextHeader::hop_by_hop || header.next_header == NextHeader::routing;
  return stays_outside ? Drop::unsupported_header : Drop::none;
}

/// Padding 1, 2, 3, …, its length and the next header (RFC 4303 §2.4 to §2.6).
void append_trailer(PacketBuffer& packet, std::size_t padding, std::uint8_t next_header) {
  std::uint8_t* trailer = packet.append(padding + 2);
  for (std::size_t i = 0; i < padding; ++i) trailer[i] = static_cast<std::uint8_t>(i + 1);
  trailer[padding] = static_cast<std::uint8_t>(padding);
  trailer[padding + 1] = next_header;
}

Drop prepare(OutboundPacket& out, crypto::PacketJob& job) {
  if (out.sa == nullptr) return Drop::no_sa;
  OutboundSa& sa = *out.sa;
  PacketBuffer& packet = *out.packet;
  const auto header = IpHeader::read(packet.octets());
  if (!header) return Drop::malformed;
  packet.resize(header->total_size);
  if (!sa.is_tunnel) {
    if (const Drop objection = objection_to_transport(*header, sa); objection != Drop::none) return objection;
  }

  const std::size_t payload = packet.size() - (sa.is_tunnel ? 0 : header->header_size);
  const std::size_t padding = (sa.alignment - (payload + 2) % sa.alignment) % sa.alignment;
  const std::size_t text = payload + padding + 2;
  const std::size_t before = crypto::esp_header_size + sa.iv_size;
  if (outer_size(sa) + before + text + sa.icv_size > largest_packet) return Drop::too_long;
  if (packet.headroom() + packet.size() - payload < before || packet.tailroom() < text - payload + sa.icv_size) {
    return Drop::too_long;
  }
  if (sa.sequence == sa.last_sequence) return Drop::sequence_exhausted;
  if (packet.size() > sa.limits.hard - sa.octets) {
    sa.limits.hard = sa.octets;  // it ends here: no smaller packet slips through later
    return Drop::octets_exhausted;
  }

  ++sa.sequence;
  ++sa.packets;
  sa.octets += packet.size();
  out.outer = sa.is_tunnel ? tunnel_header(sa, *header) : transport_header(sa, *header);
  out.outer.next_header = sa.is_udp ? NextHeader::udp : NextHeader::esp;
  out.outer.identification = static_cast<std::uint16_t>(sa.sequence);
  std::uint8_t next_header = header->family == IpFamily::v4 ? NextHeader::ipv4 : NextHeader::ipv6;
  if (!sa.is_tunnel) {
    next_header = header->next_header;
    packet.remove_front(header->header_size);
  }
  append_trailer(packet, padding, next_header);
  packet.append(sa.icv_size);
  std::uint8_t* esp = packet.prepend(before);
  store_u32(esp, sa.spi);
  store_u32(esp + 4, static_cast<std::uint32_t>(sa.sequence));
  job = {.header = esp,
         .text_size = narrow<std::uint32_t>(text),
         .sequence_high = static_cast<std::uint32_t>(sa.sequence >> 32),
         .extended = sa.extended};
  return Drop::none;
}

}  // namespace

void Encapsulator::run(std::span<OutboundPacket> packets) {
  assert(packets.size() <= largest_batch);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    crypto::PacketJob job;
    packets[i].drop = prepare(packets[i], job);
    if (packets[i].drop == Drop::none) {
      jobs_.add(*packets[i].sa, i, job);
    } else {
      drops_.count(packets[i].drop);
    }
  }
  jobs_.run([](OutboundSa& sa, std::span<crypto::PacketJob> jobs) { sa.cipher->seal(jobs); },
            [](std::size_t, const crypto::PacketJob&) {});
}

void prepend_outer_header(OutboundPacket& packet) {
  PacketBuffer& buffer = *packet.packet;
  if (packet.sa->is_udp) {
    const std::size_t size = buffer.size();
    write_udp_header(buffer.prepend(udp_header_size), packet.sa->local.port, packet.sa->remote.port, size);
  }
  const std::size_t size = buffer.size();
  packet.outer.write(buffer.prepend(packet.outer.size()), size);
}

std::size_t largest_overhead(const OutboundSa& sa) {
  const std::size_t esp = crypto::esp_header_size + sa.iv_size + (sa.alignment - 1u) + 2 + sa.icv_size;
  return esp + (sa.is_udp ? udp_header_size : 0) +
         (sa.is_tunnel ? outer_size(sa) - (sa.is_udp ? udp_header_size : 0) : 0);
}

std::size_t largest_inner_packet(const OutboundSa& sa, std::size_t path_mtu) {
  const std::size_t around = outer_size(sa) + crypto::esp_header_size + sa.iv_size + sa.icv_size;
  if (path_mtu < around + sa.alignment) return 0;
  const std::size_t payload = (path_mtu - around) / sa.alignment * sa.alignment - 2;
  if (sa.is_tunnel) return payload;
  return payload + (sa.local.address.is_v4() ? ipv4_header_size : ipv6_header_size);
}

}  // namespace adit::stack
