#include "stack/encapsulator.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "base/narrow.h"
#include "stack/around_esp.h"
#include "stack/authentication_header.h"
#include "stack/congestion.h"
#include "stack/network_order.h"
#include "stack/packet_selectors.h"

namespace adit::stack {
namespace {

std::size_t outer_size(const OutboundSa& sa) {
  return (sa.local.address.is_v4() ? ipv4_header_size : ipv6_header_size) + (sa.is_udp ? udp_header_size : 0);
}

struct Ends {
  IpAddress local, remote;
};

/// The addresses outside. Where the SA has none of its own (a manual one for any peer), the packet's.
Ends ends_of(const OutboundSa& sa, const PacketBuffer& packet) {
  Ends ends{.local = sa.local.address, .remote = sa.remote.address};
  if (!sa.is_local_any && !sa.is_remote_any) [[likely]]
    return ends;
  const auto selectors = read_selectors(packet.octets());
  if (sa.is_local_any && selectors) ends.local = selectors->source;
  if (sa.is_remote_any && selectors) ends.remote = selectors->destination;
  return ends;
}

/// Whether a packet can have the SA's addresses outside: in transport mode, and where it gives one of them.
bool is_of_other_family(const IpHeader& header, const OutboundSa& sa) {
  const bool takes_part = !sa.is_tunnel || sa.is_local_any || sa.is_remote_any;
  return takes_part && header.family != sa.local.address.family();
}

/// Whether a packet is one of the SA's own ends to the other. In transport mode its addresses are those outside: with
/// others it would go to the peer as if from one end to the other. In UDP the peer may be elsewhere by now than what
/// is sent to it says (RFC 7296 §2.23); there the SA's selectors alone decide.
bool is_between_ends(Bytes packet, const OutboundSa& sa) {
  const bool is_v4 = sa.local.address.is_v4();
  const auto stands_at = [packet](const IpAddress& address, std::size_t at) {
    return std::memcmp(&packet[at], address.octets().data(), address.size()) == 0;
  };
  return (sa.is_local_any || stands_at(sa.local.address, is_v4 ? 12 : 8)) &&
         (sa.is_remote_any || sa.is_udp || stands_at(sa.remote.address, is_v4 ? 16 : 24));
}

/// What both modes ask of the packet's addresses.
Drop objection_to_addresses(const IpHeader& header, Bytes packet, const OutboundSa& sa) {
  if (is_of_other_family(header, sa)) return Drop::unsupported_header;
  return sa.is_tunnel || is_between_ends(packet, sa) ? Drop::none : Drop::other_ends;
}

/// What tunnel mode writes outside (RFC 4301 §5.1.2.1). The hop limit within has been lowered by whoever forwarded it.
OuterHeader tunnel_header(const OutboundSa& sa, const IpHeader& inner, const Ends& ends) {
  OuterHeader outer{.source = ends.local, .destination = ends.remote};
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

OuterHeader transport_header(const IpHeader& original, const Ends& ends) {
  return {.source = ends.local,
          .destination = ends.remote,
          .traffic_class = original.traffic_class,
          .hop_limit = original.hop_limit,
          .dont_fragment = original.dont_fragment};
}

/// Transport mode puts ESP behind the IP header: a header with parts that must stay outside is not taken apart here.
Drop objection_to_transport(const IpHeader& header) {
  if (header.is_fragment) return Drop::fragment;
  if (header.family == IpFamily::v4) {
    return header.header_size == ipv4_header_size ? Drop::none : Drop::unsupported_header;
  }
  const bool stays_outside = header.next_header == NextHeader::hop_by_hop || header.next_header == NextHeader::routing;
  return stays_outside ? Drop::unsupported_header : Drop::none;
}

/// What a tunnel carries, as a next header.
std::uint8_t number_of(IpFamily family) { return family == IpFamily::v4 ? NextHeader::ipv4 : NextHeader::ipv6; }

/// Padding 1, 2, 3, …, its length and the next header (RFC 4303 §2.4 to §2.6).
void append_trailer(PacketBuffer& packet, std::size_t padding, std::uint8_t next_header) {
  std::uint8_t* trailer = packet.append(padding + 2);
  for (std::size_t i = 0; i < padding; ++i) trailer[i] = static_cast<std::uint8_t>(i + 1);
  trailer[padding] = static_cast<std::uint8_t>(padding);
  trailer[padding + 1] = next_header;
}

/// What both protocols ask of the SA before a packet of that size is given its number.
Drop objection_of(OutboundSa& sa, std::size_t size) {
  if (sa.sequence == sa.last_sequence) return Drop::sequence_exhausted;
  if (size > sa.limits.hard - sa.octets) {
    sa.limits.hard = sa.octets;  // it ends here: no smaller packet slips through later
    return Drop::octets_exhausted;
  }
  return Drop::none;
}

void count(OutboundSa& sa, std::size_t size) {
  ++sa.sequence;
  ++sa.packets;
  sa.octets += size;
}

Drop prepare_esp(OutboundPacket& out, const IpHeader& header, crypto::PacketJob& job) {
  OutboundSa& sa = *out.sa;
  PacketBuffer& packet = *out.packet;
  if (const Drop objection = objection_to_addresses(header, packet.octets(), sa); objection != Drop::none) {
    return objection;
  }
  if (!sa.is_tunnel) {
    if (const Drop objection = objection_to_transport(header); objection != Drop::none) return objection;
  }
  const std::size_t payload = packet.size() - (sa.is_tunnel ? 0 : header.header_size);
  const std::size_t padding = (sa.alignment - (payload + 2) % sa.alignment) % sa.alignment;
  const std::size_t text = payload + padding + 2;
  const std::size_t before = crypto::esp_header_size + sa.iv_size;
  if (outer_size(sa) + before + text + sa.icv_size > largest_packet) return Drop::too_long;
  if (packet.headroom() + packet.size() - payload < before || packet.tailroom() < text - payload + sa.icv_size) {
    return Drop::too_long;
  }
  if (const Drop objection = objection_of(sa, packet.size()); objection != Drop::none) return objection;

  count(sa, packet.size());
  const Ends ends = ends_of(sa, packet);
  out.outer = sa.is_tunnel ? tunnel_header(sa, header, ends) : transport_header(header, ends);
  out.outer.next_header = sa.is_udp ? NextHeader::udp : NextHeader::esp;
  out.outer.identification = static_cast<std::uint16_t>(sa.sequence);
  std::uint8_t next_header = number_of(header.family);
  if (!sa.is_tunnel) {
    next_header = header.next_header;
    packet.remove_front(header.header_size);
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

/// Makes room for AH within the packet, behind its own headers, and makes these right for it (RFC 4302 §3.1.1).
std::uint8_t put_into_transport(PacketBuffer& packet, const HeadersBeforeAh& place, const OutboundSa& sa) {
  std::uint8_t* headers = packet.prepend(sa.ah_size);
  std::memmove(headers, headers + sa.ah_size, place.size);
  const std::uint8_t next_header = std::exchange(headers[place.next_header_at], NextHeader::ah);
  set_total_size(headers, packet.size());
  if (sa.local.address.is_v4() && load_u16(headers + 4) == 0) {
    store_u16(headers + 4, covered_identification(sa.sequence));
  }
  renew_header_checksum(headers);
  return next_header;
}

Drop prepare_ah(OutboundPacket& out, const IpHeader& header, crypto::PacketJob& job) {
  OutboundSa& sa = *out.sa;
  PacketBuffer& packet = *out.packet;
  HeadersBeforeAh place{.size = outer_size(sa)};
  if (const Drop objection = objection_to_addresses(header, packet.octets(), sa); objection != Drop::none) {
    return objection;
  }
  if (!sa.is_tunnel) {
    const auto found = place_of_ah(packet.octets());
    if (!found) return found.error();
    place = *found;
  }
  const std::size_t added = sa.ah_size + (sa.is_tunnel ? place.size : 0);
  if (packet.size() + added > crypto::largest_text_size || packet.headroom() < added) return Drop::too_long;
  if (packet.tailroom() < crypto::largest_sequence_high) return Drop::too_long;
  if (const Drop objection = objection_of(sa, packet.size()); objection != Drop::none) return objection;

  count(sa, packet.size());
  const Ends ends = ends_of(sa, packet);
  out.outer = sa.is_tunnel ? tunnel_header(sa, header, ends) : transport_header(header, ends);
  out.outer.next_header = NextHeader::ah;
  out.outer.identification = covered_identification(sa.sequence);
  std::uint8_t next_header = number_of(header.family);
  if (sa.is_tunnel) {
    const std::size_t inner = packet.size();
    out.outer.write(packet.prepend(added), sa.ah_size + inner);
  } else {
    next_header = put_into_transport(packet, place, sa);
  }
  AuthenticationHeader{.next_header = next_header,
                       .size = sa.ah_size,
                       .spi = sa.spi,
                       .sequence = static_cast<std::uint32_t>(sa.sequence)}
      .write(packet.data() + place.size);
  job = {.header = packet.data(),
         .icv = packet.data() + place.size + AuthenticationHeader::fixed_size,
         .text_size = narrow<std::uint32_t>(packet.size()),
         .sequence_high = static_cast<std::uint32_t>(sa.sequence >> 32),
         .extended = sa.extended};
  return Drop::none;
}

Drop prepare(OutboundPacket& out, crypto::PacketJob& job) {
  if (out.sa == nullptr) return Drop::no_sa;
  const auto header = IpHeader::read(out.packet->octets());
  if (!header) return Drop::malformed;
  out.packet->resize(header->total_size);
  if (out.sa->form == SaForm::esp) [[likely]]
    return prepare_esp(out, *header, job);
  if (out.sa->form == SaForm::ah) return prepare_ah(out, *header, job);
  if (const Drop objection = objection_to_ah_around(out); objection != Drop::none) return objection;
  return prepare_esp(out, *header, job);
}

/// Of what prepare() made: everything before AH.
MutableBytes headers_before_ah(const crypto::PacketJob& job) {
  return {job.header, job.icv - AuthenticationHeader::fixed_size};
}

}  // namespace

void Encapsulator::run(std::span<OutboundPacket> packets) {
  assert(packets.size() <= largest_batch);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    crypto::PacketJob job;
    packets[i].drop = prepare(packets[i], job);
    if (packets[i].drop == Drop::none) {
      if (packets[i].sa->form == SaForm::ah) mutable_fields_[i].zero(headers_before_ah(job));
      jobs_.add(*packets[i].sa, i, job);
    } else {
      drops_.count(packets[i].drop);
    }
  }
  bool is_any_within_ah = false;
  const auto seal = [](OutboundSa& sa, std::span<crypto::PacketJob> jobs) { sa.cipher->seal(jobs); };
  jobs_.run(seal, [&](std::size_t i, const crypto::PacketJob& job) {
    if (packets[i].sa->form == SaForm::esp) [[likely]]
      return;
    if (packets[i].sa->form == SaForm::ah) return mutable_fields_[i].put_back(job.header);
    is_any_within_ah = true;
  });
  if (!is_any_within_ah) return;

  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (packets[i].drop != Drop::none || packets[i].sa->form != SaForm::esp_within_ah) continue;
    const crypto::PacketJob job = put_ah_around(packets[i]);
    mutable_fields_[i].zero(headers_before_ah(job));
    jobs_.add(packets[i].sa->pair->around->outbound, i, job);
  }
  jobs_.run(seal, [&](std::size_t i, const crypto::PacketJob& job) { mutable_fields_[i].put_back(job.header); });
}

void prepend_outer_header(OutboundPacket& packet) {
  PacketBuffer& buffer = *packet.packet;
  if (packet.sa->leaves_in_ah()) return;
  if (packet.sa->is_udp) {
    const std::size_t size = buffer.size();
    write_udp_header(buffer.prepend(udp_header_size), packet.sa->local.port, packet.sa->remote.port, size);
  }
  const std::size_t size = buffer.size();
  packet.outer.write(buffer.prepend(packet.outer.size()), size);
}

std::size_t largest_overhead(const OutboundSa& sa) {
  if (sa.form == SaForm::ah) return sa.ah_size + (sa.is_tunnel ? outer_size(sa) : 0);
  const std::size_t esp = sa.ah_size + crypto::esp_header_size + sa.iv_size + (sa.alignment - 1u) + 2 + sa.icv_size;
  return esp + (sa.is_udp ? udp_header_size : 0) +
         (sa.is_tunnel ? outer_size(sa) - (sa.is_udp ? udp_header_size : 0) : 0);
}

std::size_t largest_inner_packet(const OutboundSa& sa, std::size_t path_mtu) {
  if (sa.form == SaForm::ah) return path_mtu - std::min(path_mtu, largest_overhead(sa));
  const std::size_t around = outer_size(sa) + sa.ah_size + crypto::esp_header_size + sa.iv_size + sa.icv_size;
  if (path_mtu < around + sa.alignment) return 0;
  const std::size_t payload = (path_mtu - around) / sa.alignment * sa.alignment - 2;
  if (sa.is_tunnel) return payload;
  return payload + (sa.local.address.is_v4() ? ipv4_header_size : ipv6_header_size);
}

}  // namespace adit::stack
