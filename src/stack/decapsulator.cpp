#include "stack/decapsulator.h"

#include <cassert>

#include "base/narrow.h"
#include "stack/congestion.h"
#include "stack/ip_header.h"
#include "stack/network_order.h"
#include "stack/packet_selectors.h"
#include "stack/upper_checksum.h"

namespace adit::stack {
namespace {

/// Takes padding, pad length and next header off the text (RFC 4303 §2.4); nothing when the padding is not as it must
/// be.
std::optional<std::uint8_t> remove_trailer(PacketBuffer& packet) {
  const Bytes text = packet.octets();
  const std::size_t padding = text[text.size() - 2];
  const std::uint8_t next_header = text.back();
  if (padding + 2 > text.size()) return std::nullopt;
  const Bytes padded = text.subspan(text.size() - 2 - padding, padding);
  for (std::size_t i = 0; i < padding; ++i) {
    if (padded[i] != i + 1) return std::nullopt;
  }
  packet.remove_back(padding + 2);
  return next_header;
}

/// The packet that a tunnel carried: its family, its length (what follows is TFC padding, RFC 4303 §2.7), its ECN mark.
Drop leave_tunnel(PacketBuffer& packet, std::uint8_t next_header, const OuterFields& outer) {
  if (next_header != NextHeader::ipv4 && next_header != NextHeader::ipv6) return Drop::bad_next_header;
  const auto inner = IpHeader::read(packet.octets());
  if (!inner) return Drop::malformed;
  if ((inner->family == IpFamily::v4) != (next_header == NextHeader::ipv4)) return Drop::bad_next_header;
  packet.resize(inner->total_size);

  const Ecn before = ecn_of(inner->traffic_class);
  const auto after = decapsulated(before, ecn_of(outer.traffic_class));
  if (!after) return Drop::congestion_lost;
  if (*after != before) {
    const auto mark = static_cast<std::uint8_t>(*after);
    set_traffic_class(packet.data(), static_cast<std::uint8_t>(dscp_bits(inner->traffic_class) | mark));
  }
  return Drop::none;
}

/// Puts back the IP header that the socket has taken off.
Drop leave_transport(PacketBuffer& packet, std::uint8_t next_header, const OuterFields& outer) {
  const OuterHeader header{.source = outer.source.address,
                           .destination = outer.destination.address,
                           .traffic_class = outer.traffic_class,
                           .hop_limit = outer.hop_limit,
                           .next_header = next_header,
                           .dont_fragment = true};
  if (outer.source.address.family() != outer.destination.address.family()) return Drop::malformed;
  if (packet.headroom() < header.size() || packet.size() + header.size() > largest_packet) return Drop::too_long;
  const std::size_t payload = packet.size();
  header.write(packet.prepend(header.size()), payload);
  if (outer.source.port != 0) {
    if (const auto built = IpHeader::read(packet.octets())) renew_upper_checksum(packet.octets(), *built);
  }
  return Drop::none;
}

}  // namespace

InboundSa* Decapsulator::find_sa(std::uint32_t spi) {
  if (last_found_ == nullptr || last_found_->spi != spi) {
    last_found_ = sad_.find_inbound(contract::SaProtocol::esp, InboundSpi{spi});
  }
  return last_found_;
}

Drop Decapsulator::prepare(InboundPacket& in, crypto::PacketJob& job) {
  PacketBuffer& packet = *in.packet;
  if (packet.size() < crypto::esp_header_size) return Drop::malformed;
  const std::uint32_t sequence_low = load_u32(packet.data() + 4);
  in.spi = load_u32(packet.data());
  in.sequence = sequence_low;
  in.sa = find_sa(in.spi);
  if (in.sa == nullptr) return Drop::no_sa;
  InboundSa& sa = *in.sa;

  in.sequence = sa.window.infer(sequence_low);
  const std::size_t around = crypto::esp_header_size + sa.iv_size + sa.icv_size;
  if (packet.size() < around + sa.alignment || packet.size() > largest_packet) return Drop::malformed;
  const std::size_t text = packet.size() - around;
  if (text % sa.alignment != 0) return Drop::malformed;
  if (!sa.window.may_accept(in.sequence)) {
    ++sa.replayed;
    return Drop::replayed;
  }
  if (sa.octets >= sa.limits.hard) return Drop::octets_exhausted;
  job = {.header = packet.data(),
         .text_size = narrow<std::uint32_t>(text),
         .sequence_high = static_cast<std::uint32_t>(in.sequence >> 32),
         .extended = sa.window.is_extended()};
  return Drop::none;
}

Drop Decapsulator::finish(InboundPacket& in, const crypto::PacketJob& job, Instant now) {
  InboundSa& sa = *in.sa;
  if (!job.authentic) {
    ++sa.not_authentic;
    return Drop::not_authentic;
  }
  if (!sa.window.accept(in.sequence)) {
    ++sa.replayed;
    return Drop::replayed;
  }
  sa.last_packet = now;
  if (sa.sending == Sending::awaits_peer) [[unlikely]]
    sad_.begin_sending(*sa.pair);
  in.peer_moved = sa.remote.port != 0 && in.outer.source.port != 0 && in.outer.source != sa.remote &&
                  in.outer.source.address.family() == sa.remote.address.family();  // else it could not be followed

  PacketBuffer& packet = *in.packet;
  packet.remove_front(crypto::esp_header_size + sa.iv_size);
  packet.remove_back(sa.icv_size);
  const auto next_header = remove_trailer(packet);
  if (!next_header) return Drop::bad_padding;
  if (*next_header == NextHeader::none) return Drop::dummy;
  const Drop left =
      sa.is_tunnel ? leave_tunnel(packet, *next_header, in.outer) : leave_transport(packet, *next_header, in.outer);
  if (left != Drop::none) return left;

  const auto selectors = read_selectors(packet.octets());
  if (!selectors) return Drop::malformed;
  if (!sa.pair->may_have_carried(*selectors)) return Drop::selectors_violated;
  ++sa.packets;
  sa.octets += packet.size();
  return Drop::none;
}

void Decapsulator::run(std::span<InboundPacket> packets, Instant now) {
  assert(packets.size() <= largest_batch);
  last_found_ = nullptr;  // the Sad may have changed since
  for (std::size_t i = 0; i < packets.size(); ++i) {
    InboundPacket& packet = packets[i];
    crypto::PacketJob job;
    packet.sa = nullptr;
    packet.peer_moved = false;
    packet.drop = prepare(packet, job);
    if (packet.drop == Drop::none) {
      jobs_.add(*packet.sa, i, job);
    } else {
      drops_.count(packet.drop);
    }
  }
  jobs_.run([](InboundSa& sa, std::span<crypto::PacketJob> jobs) { sa.cipher->open(jobs); },
            [&](std::size_t i, const crypto::PacketJob& job) {
              packets[i].drop = finish(packets[i], job, now);
              if (packets[i].drop != Drop::none) drops_.count(packets[i].drop);
            });
}

}  // namespace adit::stack
