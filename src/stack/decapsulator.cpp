#include "stack/decapsulator.h"

#include <cassert>
#include <cstring>

#include "base/narrow.h"
#include "stack/around_esp.h"
#include "stack/authentication_header.h"
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

/// Takes ESP off. In transport mode a header is put back before what it carried.
Drop leave_esp(InboundPacket& in) {
  const InboundSa& sa = *in.sa;
  PacketBuffer& packet = *in.packet;
  packet.remove_front(crypto::esp_header_size + sa.iv_size);
  packet.remove_back(sa.icv_size);
  const auto next_header = remove_trailer(packet);
  if (!next_header) return Drop::bad_padding;
  if (*next_header == NextHeader::none) return Drop::dummy;
  return sa.is_tunnel ? leave_tunnel(packet, *next_header, in.outer) : leave_transport(packet, *next_header, in.outer);
}

/// Takes AH off. In transport mode the headers before it move up to what they were before.
Drop leave_ah(InboundPacket& in) {
  PacketBuffer& packet = *in.packet;
  const HeadersBeforeAh before = *find_ah(packet.octets());  // as prepare_ah() has seen
  const AuthenticationHeader ah = *AuthenticationHeader::read(packet.octets().subspan(before.size));
  if (in.sa->is_tunnel) {
    packet.remove_front(before.size + ah.size);
    return leave_tunnel(packet, ah.next_header, in.outer);
  }
  std::memmove(packet.data() + ah.size, packet.data(), before.size);
  packet.remove_front(ah.size);
  packet.data()[before.next_header_at] = ah.next_header;
  set_total_size(packet.data(), packet.size());
  renew_header_checksum(packet.data());
  return Drop::none;
}

/// Whether the number is worth the check of the ICV, and the SA still takes packets.
Drop objection_of(InboundSa& sa, std::uint64_t sequence) {
  if (!sa.window.may_accept(sequence)) {
    ++sa.replayed;
    return Drop::replayed;
  }
  return sa.octets >= sa.limits.hard ? Drop::octets_exhausted : Drop::none;
}

/// Of an ESP packet whose SA has been found. It is as long as an ESP header at least.
Drop prepare_sealed(InboundPacket& in, crypto::PacketJob& job) {
  PacketBuffer& packet = *in.packet;
  InboundSa& sa = *in.sa;
  in.sequence = sa.window.infer(load_u32(packet.data() + 4));
  const std::size_t around = crypto::esp_header_size + sa.iv_size + sa.icv_size;
  if (packet.size() < around + sa.alignment || packet.size() > largest_packet) return Drop::malformed;
  const std::size_t text = packet.size() - around;
  if (text % sa.alignment != 0) return Drop::malformed;
  if (const Drop objection = objection_of(sa, in.sequence); objection != Drop::none) return objection;
  job = {.header = packet.data(),
         .text_size = narrow<std::uint32_t>(text),
         .sequence_high = static_cast<std::uint32_t>(in.sequence >> 32),
         .extended = sa.window.is_extended()};
  return Drop::none;
}

/// Takes the number of a packet whose ICV fits.
Drop prove(InboundPacket& in, const crypto::PacketJob& job) {
  InboundSa& sa = *in.sa;
  if (!job.authentic) {
    ++sa.not_authentic;
    return Drop::not_authentic;
  }
  if (sa.window.accept(in.sequence)) return Drop::none;
  ++sa.replayed;
  return Drop::replayed;
}

void open(InboundSa& sa, std::span<crypto::PacketJob> jobs) { sa.cipher->open(jobs); }

/// Whether a packet in transport mode is one of the SA's own ends to the other, as the sender's side has it
/// (encapsulator.cpp): the peer speaks for itself alone.
bool is_between_ends(const InboundSa& sa, const OuterFields& outer) {
  const OutboundSa& ends = sa.pair->outbound;
  const bool is_from_peer = ends.is_remote_any || ends.is_udp || outer.source.address == ends.remote.address;
  return is_from_peer && (ends.is_local_any || outer.destination.address == ends.local.address);
}

}  // namespace

InboundSa* Decapsulator::find_sa(contract::SaProtocol protocol, std::uint32_t spi) {
  if (last_found_ == nullptr || last_found_->spi != spi ||
      is_ah(last_found_->form) != (protocol == contract::SaProtocol::ah)) {
    last_found_ = sad_.find_inbound(protocol, InboundSpi{spi});
  }
  return last_found_;
}

Drop Decapsulator::prepare_esp(InboundPacket& in, crypto::PacketJob& job) {
  PacketBuffer& packet = *in.packet;
  if (packet.size() < crypto::esp_header_size) return Drop::malformed;
  in.spi = load_u32(packet.data());
  in.sequence = load_u32(packet.data() + 4);
  in.sa = find_sa(in.protocol, in.spi);
  if (in.sa == nullptr) return Drop::no_sa;
  if (in.sa->form == SaForm::esp_within_ah) [[unlikely]]
    return Drop::not_around_esp;
  return prepare_sealed(in, job);
}

Drop Decapsulator::prepare_ah(InboundPacket& in, crypto::PacketJob& job) {
  PacketBuffer& packet = *in.packet;
  const auto header = IpHeader::read(packet.octets());
  if (!header) return Drop::malformed;
  if (header->is_fragment) return Drop::fragment;  // RFC 4302 §3.4.1
  packet.resize(header->total_size);
  const auto before = find_ah(packet.octets());
  if (!before) return Drop::malformed;
  const auto ah = AuthenticationHeader::read(packet.octets().subspan(before->size));
  if (!ah) return Drop::malformed;
  in.spi = ah->spi;
  in.sequence = ah->sequence;
  in.sa = find_sa(in.protocol, in.spi);
  if (in.sa == nullptr) return Drop::no_sa;
  InboundSa& sa = *in.sa;

  in.sequence = sa.window.infer(ah->sequence);
  const std::size_t icv_field = std::size_t{sa.iv_size} + sa.icv_size;
  // More padding than the alignment asks for is prohibited (RFC 4302 §3.3.3.2.1). But some senders align IPv4 as IPv6,
  // and GMAC has none at all where RFC 4543 §4 alone is read.
  if (ah->size != ah_size(IpFamily::v4, icv_field) && ah->size != ah_size(IpFamily::v6, icv_field)) {
    return Drop::malformed;
  }
  if (packet.size() > crypto::largest_text_size || packet.tailroom() < crypto::largest_sequence_high) {
    return Drop::too_long;
  }
  if (const Drop objection = objection_of(sa, in.sequence); objection != Drop::none) return objection;
  job = {.header = packet.data(),
         .icv = packet.data() + before->size + AuthenticationHeader::fixed_size,
         .text_size = narrow<std::uint32_t>(packet.size()),
         .sequence_high = static_cast<std::uint32_t>(in.sequence >> 32),
         .extended = sa.window.is_extended()};
  return Drop::none;
}

Drop Decapsulator::finish(InboundPacket& in, const crypto::PacketJob& job, Instant now) {
  if (const Drop unproved = prove(in, job); unproved != Drop::none) return unproved;
  InboundSa& sa = *in.sa;
  sa.last_packet = now;
  if (sa.sending == Sending::awaits_peer || sa.sending == Sending::awaits_word) [[unlikely]]
    sad_.begin_sending(*sa.pair);
  in.peer_moved = sa.remote.port != 0 && in.outer.source.port != 0 && in.outer.source != sa.remote &&
                  in.outer.source.address.family() == sa.remote.address.family();  // else it could not be followed

  if (!sa.is_tunnel && !is_between_ends(sa, in.outer)) return Drop::other_ends;
  if (const Drop left = sa.form == SaForm::ah ? leave_ah(in) : leave_esp(in); left != Drop::none) return left;

  const PacketBuffer& packet = *in.packet;
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
    const bool is_ah = packet.protocol == contract::SaProtocol::ah;
    packet.drop = is_ah ? prepare_ah(packet, job) : prepare_esp(packet, job);
    if (packet.drop == Drop::none) {
      if (is_ah) mutable_fields_[i].zero({job.header, job.icv - AuthenticationHeader::fixed_size});
      jobs_.add(*packet.sa, i, job);
    } else {
      drops_.count(packet.drop);
    }
  }
  bool is_any_within_ah = false;
  jobs_.run(open, [&](std::size_t i, const crypto::PacketJob& job) {
    InboundPacket& packet = packets[i];
    if (job.icv != nullptr) mutable_fields_[i].put_back(job.header);
    if (packet.sa->form == SaForm::ah_around_esp) [[unlikely]] {
      packet.drop = prove(packet, job);
      if (packet.drop == Drop::none) packet.drop = take_ah_from_around(packet);
      is_any_within_ah |= packet.drop == Drop::none;
    } else {
      packet.drop = finish(packet, job, now);
    }
    if (packet.drop != Drop::none) drops_.count(packet.drop);
  });
  if (is_any_within_ah) run_within_ah(packets, now);
}

/// Of those whose AH has been proved and taken off: their ESP.
void Decapsulator::run_within_ah(std::span<InboundPacket> packets, Instant now) {
  for (std::size_t i = 0; i < packets.size(); ++i) {
    InboundPacket& packet = packets[i];
    if (packet.drop != Drop::none || packet.sa->form != SaForm::esp_within_ah) continue;
    crypto::PacketJob job;
    packet.spi = packet.sa->spi;
    packet.drop = prepare_sealed(packet, job);
    if (packet.drop == Drop::none) {
      jobs_.add(*packet.sa, i, job);
    } else {
      drops_.count(packet.drop);
    }
  }
  jobs_.run(open, [&](std::size_t i, const crypto::PacketJob& job) {
    packets[i].drop = finish(packets[i], job, now);
    if (packets[i].drop != Drop::none) drops_.count(packets[i].drop);
  });
}

}  // namespace adit::stack
