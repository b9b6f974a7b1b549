#include "stack/user/outbound_path.h"

#include "stack/packet_selectors.h"
#include "stack/segmentation.h"
#include "stack/user/path_mtu.h"

namespace adit::stack::user {
namespace {

constexpr std::size_t rounded_to_line(std::size_t size) { return (size + cache_line - 1) / cache_line * cache_line; }

/// Of all datagrams that the kernel cuts from one message: what UDP over IPv4 can carry.
constexpr std::size_t most_octets_together = 65507;
/// The kernel answers fewer, by its limits (icmp_ratelimit, icmp_msgs_per_sec).
constexpr unsigned most_refused_a_second = 1000;

policy::PacketPath path_of(const LeavingFlow& flow) {
  return {.direction = policy::Direction::outbound, .routed = flow.routed};
}

bool leave_alike(const OutboundPacket& a, const OutboundPacket& b) {
  return a.sa == b.sa && a.outer.traffic_class == b.outer.traffic_class && a.outer.hop_limit == b.outer.hop_limit &&
         a.outer.dont_fragment == b.outer.dont_fragment;
}

}  // namespace

OutboundPath::OutboundPath(unsigned mtu, Classifier& classifier, DropCounters& drops, WireSockets& sockets,
                           Refuse refuse, PacketNotes& notes)
    : classifier_{classifier},
      drops_{drops},
      sockets_{sockets},
      refuse_{refuse},
      encapsulator_{drops},
      notes_{notes},
      slot_size_{rounded_to_line(packet_headroom + mtu + packet_tailroom)},
      read_buffer_{std::make_unique_for_overwrite<std::uint8_t[]>(TunDevice::largest_read)},
      storage_{std::make_unique_for_overwrite<std::uint8_t[]>(largest_batch * slot_size_)} {
  for (std::size_t i = 0; i < largest_batch; ++i) {
    buffers_[i] = PacketBuffer{{storage_.get() + i * slot_size_, slot_size_}};
  }
}

void OutboundPath::drain(TunDevice& tun, const policy::PacketPath& path, Instant now) {
  for (unsigned i = 0; i < reads_a_turn; ++i) {
    const std::size_t size = tun.read({read_buffer_.get(), TunDevice::largest_read});
    if (size == 0) break;
    ++reads_;
    if (size < OffloadHeader::size) continue;
    take(OffloadHeader::read(read_buffer_.get()), Bytes{read_buffer_.get(), size}.subspan(OffloadHeader::size), path,
         now);
  }
  flush();
}

void OutboundPath::take(const OffloadHeader& header, Bytes packet, const policy::PacketPath& path, Instant now) {
  // One look for all segments: they are of one flow.
  const auto selectors = read_selectors(packet);
  if (!selectors) return drops_.count(Drop::malformed);
  const LeavingFlow flow{.packet = *selectors, .routed = path.routed};
  const Classifier::Leaving leaving = classifier_.outbound(flow.packet, path);
  if (leaving.sa != nullptr) return put(header, packet, flow, leaving);
  drops_.count(Drop::no_sa);
  if (leaving.rule != nullptr) ask_for_sa(flow, *leaving.rule, header, packet, now);
}

void OutboundPath::put(const OffloadHeader& header, Bytes packet, const LeavingFlow& flow,
                       const Classifier::Leaving& leaving) {
  for (std::size_t begin = 0, left = 1; left > 0;) {
    if (filled_ == largest_batch) flush();
    for (std::size_t i = filled_; i < largest_batch; ++i) buffers_[i].reset();
    const auto cut = segment(header, packet, begin, std::span{buffers_}.subspan(filled_));
    if (!cut) return drops_.count(cut.error());
    if (begin == 0 && leaving.rule->logging != policy::FilterLogging::none) {
      watched_.push_back({.at = filled_, .rule = leaving.rule, .flow = flow, .octets = packet.size()});
    }
    for (std::size_t i = 0; i < cut->filled; ++i, ++filled_) {
      packets_[filled_] = {.packet = &buffers_[filled_], .sa = leaving.sa};
    }
    begin += cut->filled;
    left = cut->left;
  }
}

void OutboundPath::ask_for_sa(const LeavingFlow& flow, const policy::Filter& rule, const OffloadHeader& header,
                              Bytes packet, Instant now) {
  const bool may_ask = rule.vpn && rule.vpn->initiation != policy::Initiation::remote_only && rule.local_start &&
                       rule.local_start->allow_on_demand;
  if (!may_ask) return drop(flow, rule, header, packet);

  // What waits is a packet as it goes on the wire; of a long one, its first segment.
  const auto first = first_segment(header, packet);
  if (!first) return;
  switch (acquires_.add(flow, first->octets(), now)) {
    case Acquires::Ask::now:
      questions_.push_back({.stack = {}, .filter_rule = rule.rule, .packet = flow.packet});
      return;
    case Acquires::Ask::again:
      questions_.push_back({.stack = {}, .filter_rule = rule.rule, .packet = flow.packet});
      break;
    case Acquires::Ask::too_many:
      ++questions_suppressed_;
      break;
    case Acquires::Ask::already:
      break;
  }
  // Its sender is not told: it may send again when the tunnel is there.
  note(LoggedAs::no_tunnel, rule, flow, packet.size());
}

/// In the slot of the packet that comes next into the batch. Nothing when the packet cannot be cut.
std::optional<PacketBuffer> OutboundPath::first_segment(const OffloadHeader& header, Bytes packet) {
  if (filled_ == largest_batch) flush();
  PacketBuffer first{{storage_.get() + filled_ * slot_size_, slot_size_}};
  if (!segment(header, packet, 0, {&first, 1})) return std::nullopt;
  return first;
}

/// There is no tunnel, and none is asked for.
void OutboundPath::drop(const LeavingFlow& flow, const policy::Filter& rule, const OffloadHeader& header,
                        Bytes packet) {
  note(rule.manual ? LoggedAs::inactive : LoggedAs::no_tunnel, rule, flow, packet.size());
  if (rule.discard == policy::DiscardAction::icmp) refuse(flow, header, packet);
}

void OutboundPath::refuse(const LeavingFlow& flow, const OffloadHeader& header, Bytes packet) {
  // What one tunnel brought and another does not take on is not quoted to its sender in clear.
  if (flow.routed && classifier_.came_protected(flow.packet)) return;
  if (refused_in_second_ == most_refused_a_second) return;
  ++refused_in_second_;
  if (flow.routed) {
    refuse_.forwarded.write(header, {&packet, 1});
  } else if (const auto first = first_segment(header, packet)) {
    refuse_.of_this_host.send(first->octets());
  }
}

void OutboundPath::note(LoggedAs as, const policy::Filter& rule, const LeavingFlow& flow, std::size_t octets) {
  if (classifier_.logs()) notes_.add(as, &rule, path_of(flow), flow.packet, octets);
}

void OutboundPath::release() {
  const auto leaving = [&](const LeavingFlow& flow) { return classifier_.outbound(flow.packet, path_of(flow)); };
  const auto released = acquires_.release([&](const LeavingFlow& flow) { return leaving(flow).sa != nullptr; });
  for (const Acquires::Held& held : released) put({}, held.packet, held.flow, leaving(held.flow));
  flush();
}

void OutboundPath::forget_old(Instant now) {
  for (const Acquires::Held& held : acquires_.forget_old(now)) {
    const auto [sa, rule] = classifier_.outbound(held.flow.packet, path_of(held.flow));
    if (rule != nullptr) drop(held.flow, *rule, {}, held.packet);
  }
  asked_for_path_ = false;
  refused_in_second_ = 0;
}

/// Gathers the packets from `begin` on that one message can carry; returns the first that it cannot.
std::size_t OutboundPath::departures_from(std::size_t begin, std::size_t& pieces, Departure& departure) {
  const OutboundPacket& first = packets_[begin];
  const std::size_t size = first.packet->size();
  std::size_t end = begin, octets = 0;
  const std::size_t first_piece = pieces;
  while (end < filled_ && packets_[end].drop == Drop::none && leave_alike(first, packets_[end])) {
    PacketBuffer& packet = *packets_[end].packet;
    if (packet.size() > size || octets + packet.size() > most_octets_together) break;
    octets += packet.size();
    pieces_[pieces++] = {.iov_base = packet.data(), .iov_len = packet.size()};
    ++end;
    // A shorter one can only be the last; and raw sockets take one packet a message.
    if (packet.size() < size || !first.sa->is_udp || end - begin == WireSocket::most_segments) break;
  }
  departure = {.local = first.outer.source,
               .remote = {.address = first.outer.destination, .port = first.sa->remote.port},
               .traffic_class = first.outer.traffic_class,
               .hop_limit = first.outer.hop_limit,
               .dont_fragment = first.outer.dont_fragment,
               .segment_size = end - begin > 1 ? size : 0,
               .pieces = std::span{pieces_}.subspan(first_piece, end - begin)};
  return end;
}

void OutboundPath::note_too_long(const Departure& departure) {
  if (std::exchange(asked_for_path_, true)) return;
  const std::size_t mtu = path_mtu(departure.local, departure.remote.address);
  if (mtu == 0) return;
  const OutboundSa& sa = *departing_[static_cast<std::size_t>(&departure - departures_.data())];
  tightness_ = {.remote = departure.remote, .path_mtu = mtu, .largest_inner = largest_inner_packet(sa, mtu)};
}

void OutboundPath::flush() {
  encapsulator_.run(std::span{packets_}.first(filled_));
  for (const Watched& one : watched_) {
    const bool is_protected = packets_[one.at].drop == Drop::none;
    note(is_protected ? LoggedAs::permitted : LoggedAs::no_tunnel, *one.rule, one.flow, one.octets);
  }
  watched_.clear();
  std::size_t departures = 0, pieces = 0;
  Wire wire{};
  IpFamily family{};
  const auto send = [&] {
    const auto leaving = std::span{departures_}.first(std::exchange(departures, 0));
    if (leaving.empty()) return;
    if (const Departure* too_long = sockets_.send(wire, family, leaving)) note_too_long(*too_long);
  };
  for (std::size_t i = 0; i < filled_;) {
    if (packets_[i].drop != Drop::none) {
      ++i;
      continue;
    }
    const OutboundSa& sa = *packets_[i].sa;
    const Wire next_wire = sa.leaves_in_ah() ? Wire::ah : sa.is_udp ? Wire::udp_4500 : Wire::esp;
    const IpFamily next_family = packets_[i].outer.source.family();
    if (next_wire != wire || next_family != family) send();
    wire = next_wire;
    family = next_family;
    departing_[departures] = packets_[i].sa;
    i = departures_from(i, pieces, departures_[departures]);
    ++departures;
  }
  send();
  filled_ = 0;
}

}  // namespace adit::stack::user
