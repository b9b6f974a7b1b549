#include "stack/merging.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "base/traffic_selector.h"
#include "stack/network_order.h"
#include "stack/transport_checksum.h"

namespace adit::stack {
namespace {

constexpr std::uint8_t flag_fin = 0x01, flag_psh = 0x08, flag_ack = 0x10, flag_ece = 0x40;
constexpr std::size_t tcp_flags = 13, tcp_checksum = 16;

}  // namespace

/// A TCP segment of one IP packet, without IP options or fragments.
struct Merger::Segment {
  std::uint8_t* ip = nullptr;
  bool is_v4 = false;
  bool may_merge = false;  // data with no flags but ACK, PSH, FIN, ECE, and a checksum that fits
  std::uint16_t transport = 0, headers = 0;
  std::uint32_t payload = 0;

  std::uint8_t* tcp() const { return ip + transport; }
  std::uint8_t flags() const { return tcp()[tcp_flags]; }
  bool ends_run() const { return (flags() & (flag_psh | flag_fin)) != 0; }
};

bool Merger::read(PacketBuffer& packet, Segment& segment) {
  std::uint8_t* ip = packet.data();
  const std::size_t size = packet.size();
  if (size < 40) return false;
  segment.ip = ip;
  segment.is_v4 = ip[0] == 0x45;
  if (segment.is_v4) {
    constexpr std::uint16_t more_fragments_or_offset = 0x3fff;
    if (ip[9] != IpProtocol::tcp || load_u16(ip + 2) != size || (load_u16(ip + 6) & more_fragments_or_offset) != 0) {
      return false;
    }
  } else {
    if (ip[0] >> 4 != 6 || ip[6] != IpProtocol::tcp || load_u16(ip + 4) + std::size_t{40} != size) return false;
  }
  segment.transport = segment.is_v4 ? 20 : 40;
  if (size < segment.transport + std::size_t{20}) return false;
  const std::size_t tcp_header = (segment.tcp()[12] >> 4) * std::size_t{4};
  if (tcp_header < 20 || segment.transport + tcp_header > size) return false;
  segment.headers = static_cast<std::uint16_t>(segment.transport + tcp_header);
  segment.payload = static_cast<std::uint32_t>(size - segment.headers);
  constexpr std::uint8_t harmless = flag_ack | flag_psh | flag_fin | flag_ece;
  segment.may_merge = segment.payload > 0 && (segment.flags() & ~harmless) == 0 && (segment.flags() & flag_ack) != 0;
  return true;
}

bool Merger::same_flow(const Run& run, const Segment& segment) const {
  const std::uint8_t* ip = packet_[run.first]->data();
  if (ip[0] >> 4 != segment.ip[0] >> 4) return false;
  const std::size_t at = segment.is_v4 ? 12 : 8;
  const std::size_t addresses = segment.is_v4 ? 8 : 32;
  return std::memcmp(ip + at, segment.ip + at, addresses) == 0 &&
         std::memcmp(ip + run.transport, segment.tcp(), 4) == 0;
}

/// Whether the segment could have been cut from the same packet: all but length, identification, sequence number, the
/// flags of a last segment and checksums is the same, options included.
bool Merger::continues(const Run& run, const Segment& segment) const {
  const std::uint8_t* ip = packet_[run.first]->data();
  const std::uint8_t* tcp = ip + run.transport;
  if (segment.headers != run.headers || segment.payload > run.segment_size) return false;
  if (run.size + segment.payload > largest_packet || run.pieces == most_pieces) return false;
  if (load_u32(segment.tcp() + 4) != run.next_sequence) return false;
  if (segment.is_v4) {
    constexpr std::uint16_t dont_fragment = 0x4000;
    if (ip[1] != segment.ip[1] || ip[8] != segment.ip[8] || load_u16(ip + 6) != load_u16(segment.ip + 6)) return false;
    // Where fragments are forbidden, an identification means nothing (RFC 6864 §4.1).
    const auto expected_id = static_cast<std::uint16_t>(load_u16(ip + 4) + run.pieces);
    if ((load_u16(ip + 6) & dont_fragment) == 0 && load_u16(segment.ip + 4) != expected_id) return false;
  } else if (std::memcmp(ip, segment.ip, 4) != 0 || ip[7] != segment.ip[7]) {
    return false;
  }
  constexpr std::size_t acknowledgment = 8, window = 14, options = 20;
  constexpr auto of_last = static_cast<std::uint8_t>(flag_psh | flag_fin);
  return std::memcmp(tcp + acknowledgment, segment.tcp() + acknowledgment, 4) == 0 &&
         ((tcp[tcp_flags] ^ segment.flags()) & ~of_last) == 0 &&
         std::memcmp(tcp + window, segment.tcp() + window, 2) == 0 &&
         std::memcmp(tcp + options, segment.tcp() + options, run.headers - run.transport - options) == 0;
}

void Merger::stop_watching(std::size_t place) {
  std::copy(watch_.begin() + static_cast<std::ptrdiff_t>(place) + 1,
            watch_.begin() + static_cast<std::ptrdiff_t>(watched_),
            watch_.begin() + static_cast<std::ptrdiff_t>(place));
  --watched_;
}

/// Opens a run; with a segment, one that others may follow.
void Merger::begin(std::uint16_t packet, const Segment* segment) {
  Run& run = run_[runs_];
  run = {.first = packet, .last = packet, .pieces = 1};
  run.size = static_cast<std::uint32_t>(packet_[packet]->size());
  if (segment != nullptr) {
    run.transport = segment->transport;
    run.headers = segment->headers;
    run.segment_size = static_cast<std::uint16_t>(segment->payload);
    run.next_sequence = load_u32(segment->tcp() + 4) + segment->payload;
    if (watched_ == watched_flows) stop_watching(0);
    watch_[watched_++] = static_cast<std::uint16_t>(runs_);
  }
  ++runs_;
}

void Merger::add(PacketBuffer& packet) {
  assert(packets_ < largest_batch);
  const auto index = static_cast<std::uint16_t>(packets_++);
  packet_[index] = &packet;
  next_[index] = none;
  Segment segment;
  if (!read(packet, segment)) return begin(index, nullptr);

  // The kernel will not look at the checksum of a merged packet again, so it is looked at here.
  if (segment.may_merge) {
    const Bytes transport = packet.octets().subspan(segment.transport);
    segment.may_merge = transport_sum(segment.ip, IpProtocol::tcp, transport) == 0xffff;
  }
  for (std::size_t place = 0; place < watched_; ++place) {
    Run& run = run_[watch_[place]];
    if (!same_flow(run, segment)) continue;
    if (!segment.may_merge || !continues(run, segment)) {
      stop_watching(place);  // what comes later of the flow must not overtake this one
      break;
    }
    next_[run.last] = index;
    run.last = index;
    ++run.pieces;
    run.size += segment.payload;
    run.next_sequence += segment.payload;
    packet_[run.first]->data()[run.transport + tcp_flags] |= segment.flags();
    if (segment.ends_run() || segment.payload < run.segment_size) stop_watching(place);
    return;
  }
  begin(index, segment.may_merge && !segment.ends_run() ? &segment : nullptr);
}

OffloadHeader Merger::finish(const Run& run) {
  if (run.pieces == 1) return {};
  std::uint8_t* ip = packet_[run.first]->data();
  const bool is_v4 = ip[0] >> 4 == 4;
  if (is_v4) {
    store_u16(ip + 2, static_cast<std::uint16_t>(run.size));
    store_u16(ip + 10, 0);
    store_u16(ip + 10, static_cast<std::uint16_t>(~ones_complement_sum({ip, run.transport})));
  } else {
    store_u16(ip + 4, static_cast<std::uint16_t>(run.size - 40));
  }
  store_u16(ip + run.transport + tcp_checksum, pseudo_header_sum(ip, IpProtocol::tcp, run.size - run.transport));
  return {.flags = OffloadHeader::needs_checksum,
          .gso_type = static_cast<std::uint8_t>(is_v4 ? GsoType::tcp_v4 : GsoType::tcp_v6),
          .header_size = run.headers,
          .segment_size = run.segment_size,
          .checksum_start = run.transport,
          .checksum_offset = tcp_checksum};
}

}  // namespace adit::stack
