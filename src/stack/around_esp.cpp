#include "stack/around_esp.h"

#include "base/narrow.h"
#include "stack/authentication_header.h"
#include "stack/network_order.h"

namespace adit::stack {

Drop objection_to_ah_around(const OutboundPacket& out) {
  const OutboundSa& sa = *out.sa;
  const PacketBuffer& packet = *out.packet;
  const std::size_t outside = (sa.local.address.is_v4() ? ipv4_header_size : ipv6_header_size) + sa.ah_size;
  const std::size_t behind = sa.alignment + 1u + sa.icv_size + crypto::largest_sequence_high;
  if (packet.size() + largest_overhead(sa) > crypto::largest_text_size) return Drop::too_long;
  const bool fits = packet.headroom() >= outside + crypto::esp_header_size + sa.iv_size && packet.tailroom() >= behind;
  return fits ? Drop::none : Drop::too_long;
}

crypto::PacketJob put_ah_around(OutboundPacket& out) {
  OutboundSa& ah = out.sa->pair->around->outbound;
  PacketBuffer& packet = *out.packet;
  const std::size_t esp_size = packet.size();
  const std::size_t header_size = out.outer.size();
  ++ah.sequence;  // never past its last: ESP's, which has as many, would have been there first
  ++ah.packets;
  ah.octets += esp_size;
  out.outer.next_header = NextHeader::ah;
  out.outer.identification = covered_identification(ah.sequence);
  out.outer.write(packet.prepend(header_size + ah.ah_size), ah.ah_size + esp_size);
  AuthenticationHeader{.next_header = NextHeader::esp,
                       .size = ah.ah_size,
                       .spi = ah.spi,
                       .sequence = static_cast<std::uint32_t>(ah.sequence)}
      .write(packet.data() + header_size);
  return {.header = packet.data(),
          .icv = packet.data() + header_size + AuthenticationHeader::fixed_size,
          .text_size = narrow<std::uint32_t>(packet.size()),
          .sequence_high = static_cast<std::uint32_t>(ah.sequence >> 32),
          .extended = ah.extended};
}

Drop take_ah_from_around(InboundPacket& in) {
  PacketBuffer& packet = *in.packet;
  InboundSa& esp = in.sa->pair->inbound;
  const HeadersBeforeAh before = *find_ah(packet.octets());  // it has been proved: both are there
  const AuthenticationHeader ah = *AuthenticationHeader::read(packet.octets().subspan(before.size));
  packet.remove_front(before.size + ah.size);
  const bool is_of_pair = ah.next_header == NextHeader::esp && packet.size() >= crypto::esp_header_size &&
                          load_u32(packet.data()) == esp.spi;
  if (!is_of_pair) return Drop::not_around_esp;
  in.sa = &esp;
  return Drop::none;
}

}  // namespace adit::stack
