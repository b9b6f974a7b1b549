#include "stack/user/inbound_path.h"

#include <cstring>
#include <utility>

#include "stack/network_order.h"
#include "stack/packet_selectors.h"

namespace adit::stack::user {
namespace {

using contract::SaProtocol;

constexpr std::size_t marker_size = 4;  // the non-ESP marker: four octets of zero (RFC 3948 §2.2)
constexpr std::size_t most_moves_remembered = 1024;

}  // namespace

InboundPath::InboundPath(Sad& sad, Classifier& classifier, DropCounters& drops, Delivery& delivery, PacketNotes& notes)
    : sad_{sad},
      classifier_{classifier},
      drops_{drops},
      delivery_{delivery},
      notes_{notes},
      decapsulator_{sad, drops},
      staging_{std::make_unique_for_overwrite<std::uint8_t[]>(largest_batch * staging_size)} {}

std::size_t InboundPath::drain(WireSocket& socket, TunDevice& tun, Instant now) {
  tun_ = &tun;
  now_ = now;
  const std::span<ReceivedDatagram> received = socket.receive(slots_);
  ++receives_;
  for (ReceivedDatagram& datagram : received) split(datagram, socket.wire());
  flush();
  return received.size();
}

/// Takes a received datagram apart: what the kernel gave as one may be several.
void InboundPath::split(ReceivedDatagram& datagram, Wire wire) {
  if (is_raw(wire)) {
    return add(datagram, datagram.octets, wire == Wire::ah ? SaProtocol::ah : SaProtocol::esp, 0);
  }
  const std::uint16_t local_port = wire == Wire::udp_500 ? 500 : 4500;
  const std::size_t size = datagram.segment_size != 0 ? datagram.segment_size : datagram.octets.size();
  MutableBytes rest = datagram.octets;
  while (!rest.empty()) {
    const MutableBytes one = rest.first(std::min(size, rest.size()));
    rest = rest.subspan(one.size());
    const Endpoint local{.address = datagram.destination, .port = local_port};
    if (local_port == 500) {
      ike_.push_back({.local = local, .remote = datagram.source, .octets = {one.begin(), one.end()}});
      continue;
    }
    if (one.size() <= marker_size) continue;  // a NAT keepalive (RFC 3948 §2.3), or nothing that could be
    if (load_u32(one.data()) != 0) {
      add(datagram, one, SaProtocol::esp, local_port);
      continue;
    }
    const Bytes message = Bytes{one}.subspan(marker_size);
    ike_.push_back({.local = local, .remote = datagram.source, .octets = {message.begin(), message.end()}});
  }
}

void InboundPath::add(const ReceivedDatagram& datagram, MutableBytes octets, SaProtocol protocol,
                      std::uint16_t local_port) {
  if (filled_ == largest_batch) flush();
  PacketBuffer& buffer = buffers_[filled_];
  const bool is_first = octets.data() == datagram.octets.data();
  const InboundSa* sa = nullptr;
  if (!is_first && octets.size() >= 4) {
    sa = sad_.find_inbound(SaProtocol::esp, InboundSpi{load_u32(octets.data())});
  }
  if (sa != nullptr && !sa->is_tunnel) {
    if (octets.size() > staging_size - receive_headroom) return drops_.count(Drop::too_long);
    buffer = PacketBuffer{{staging_.get() + filled_ * staging_size, staging_size}, receive_headroom};
    std::memcpy(buffer.data(), octets.data(), octets.size());
  } else {
    // In place. Before the first, the slot has room; before others of a tunnel none is needed.
    const std::size_t headroom = is_first && protocol == SaProtocol::esp ? receive_headroom : 0;
    const std::size_t tailroom = protocol == SaProtocol::ah ? receive_tailroom : 0;
    buffer = PacketBuffer{{octets.data() - headroom, headroom + octets.size() + tailroom}, headroom};
  }
  buffer.resize(octets.size());
  packets_[filled_] = {.packet = &buffer,
                       .protocol = protocol,
                       .outer = {.source = datagram.source,
                                 .destination = {.address = datagram.destination, .port = local_port},
                                 .traffic_class = datagram.traffic_class,
                                 .hop_limit = datagram.hop_limit}};
  interfaces_[filled_] = datagram.interface;
  ++filled_;
}

bool InboundPath::may_come_in(const InboundPacket& packet, unsigned interface) {
  const auto selectors = read_selectors(packet.packet->octets());
  if (!selectors) return false;
  const std::uint8_t security_class = delivery_.security_class(interface);
  const Admission admission = classifier_.inbound(*selectors, *packet.sa, security_class);
  if (admission == Admission::allowed) return true;
  if (admission != Admission::refused) {
    const auto wanted =
        admission == Admission::if_local ? Delivery::Destination::here : Delivery::Destination::elsewhere;
    if (delivery_.destination_of(selectors->destination) == wanted) return true;
  }
  if (classifier_.logs() && notes_.may_look()) note_refused(*selectors, security_class, packet.packet->size());
  return false;
}

/// Under the rule that it met: one that denies, or one for clear text or another tunnel.
void InboundPath::note_refused(const PacketSelectors& selectors, std::uint8_t security_class, std::size_t octets) {
  const bool is_routed = delivery_.destination_of(selectors.destination) == Delivery::Destination::elsewhere;
  const policy::PacketPath path{
      .direction = policy::Direction::inbound, .routed = is_routed, .security_class = security_class};
  const policy::Filter* rule = classifier_.first_match(selectors, path);
  const bool is_denied = rule == nullptr || rule->action == policy::FilterAction::deny;
  notes_.add(is_denied ? LoggedAs::denied : LoggedAs::mismatch, rule, path, selectors, octets);
}

void InboundPath::flush() {
  const std::span<InboundPacket> batch = std::span{packets_}.first(filled_);
  filled_ = 0;
  if (batch.empty()) return;
  decapsulator_.run(batch, now_);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    InboundPacket& packet = batch[i];
    if (packet.drop != Drop::none) continue;
    if (!may_come_in(packet, interfaces_[i])) {
      drops_.count(Drop::selectors_violated);
      continue;
    }
    if (packet.peer_moved) note_move(packet);
    merger_.add(*packet.packet);
  }
  merger_.flush([this](const OffloadHeader& header, std::span<const Bytes> pieces) {
    ++writes_;
    tun_->write(header, pieces);
  });
}

void InboundPath::note_move(const InboundPacket& packet) {
  const contract::ChildSaName& name = packet.sa->pair->name;
  if (moves_told_.size() >= most_moves_remembered) moves_told_.clear();
  const auto [told, is_new] = moves_told_.emplace(name, now_);
  if (!is_new && now_ - told->second < std::chrono::seconds{1}) return;
  told->second = now_;
  moves_.push_back({.stack = {}, .name = name, .from = packet.outer.source});
}

}  // namespace adit::stack::user
