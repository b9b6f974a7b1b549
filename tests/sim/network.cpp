#include "sim/network.h"

#include <fmt/format.h>

#include "ike/wire/header.h"
#include "ike/wire/message.h"
#include "ike/wire/v1/header.h"

namespace adit::sim {
namespace {

bool is_ike(const Parcel& parcel) { return std::holds_alternative<ByteString>(parcel.content); }

std::string text_of(const Parcel& parcel) {
  if (const auto* packet = std::get_if<TestPacket>(&parcel.content)) {
    return fmt::format("packet {} of flow {}, SPI {:08x}", packet->number, packet->flow, packet->spi.value());
  }
  const ByteString& octets = std::get<ByteString>(parcel.content);
  if (const auto v1 = ike::wire::v1::Header::parse(octets); v1 && v1->major_version == 1) {
    return fmt::format("v1 {} {:08x} of {:04x}/{:04x}, {} octets", ike::wire::name_of(v1->exchange), v1->id.value(),
                       v1->initiator_cookie.value() & 0xffff, v1->responder_cookie.value() & 0xffff, octets.size());
  }
  const auto header = ike::wire::Header::parse(octets);
  if (!header) return fmt::format("{} octets", octets.size());
  return fmt::format("{} {} {} of {:04x}/{:04x}, {} octets", ike::wire::name_of(header->exchange),
                     header->direction == ike::wire::Direction::request ? "request" : "response", header->id.value(),
                     header->initiator_spi.value() & 0xffff, header->responder_spi.value() & 0xffff, octets.size());
}

}  // namespace

FaultCounts& FaultCounts::operator+=(const FaultCounts& other) {
  sent += other.sent;
  delivered += other.delivered;
  lost += other.lost;
  duplicated += other.duplicated;
  overtaken += other.overtaken;
  cut += other.cut;
  unsolicited += other.unsolicited;
  packets += other.packets;
  packets_not_delivered += other.packets_not_delivered;
  return *this;
}

void Network::attach(std::size_t node, std::string name, const IpAddress& address, std::optional<IpAddress> outside,
                     Receive receive) {
  by_inside_[address] = node;
  by_address_[outside.value_or(address)] = node;
  nodes_[node] = {.name = std::move(name),
                  .address = address,
                  .nat = outside ? std::optional{Nat{*outside}} : std::nullopt,
                  .receive = std::move(receive)};
}

void Network::rebind(std::size_t node, std::optional<IpAddress> outside) {
  Attached& attached = nodes_.at(node);
  if (!attached.nat) return;
  by_address_.erase(attached.nat->outside());
  attached.nat->rebind(outside);
  by_address_[attached.nat->outside()] = node;
  trace_.note(attached.name, "its NAT rebinds, outside " + attached.nat->outside().to_string());
}

std::optional<std::size_t> Network::behind(const IpAddress& address) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() ? std::nullopt : std::optional{found->second};
}

void Network::note(const Parcel& parcel, std::string_view fate) {
  trace_.note("net",
              fmt::format("{} > {} {}: {}", parcel.from.to_string(), parcel.to.to_string(), text_of(parcel), fate));
}

std::optional<Parcel> Network::depart(Parcel parcel) {
  const auto sender = by_inside_.find(parcel.from.address);
  if (sender == by_inside_.end()) return parcel;  // from an address that nobody has
  Attached& node = nodes_.at(sender->second);
  const auto receiver = behind(parcel.to.address);
  if (node.nat) {
    const auto outside = node.nat->out(parcel.from, parcel.to, clockwork_.now());
    if (!outside) {
      ++counts_.unsolicited;
      return std::nullopt;
    }
    parcel.from = *outside;
  }
  if (receiver && partition_.separates(sender->second, *receiver)) {
    ++counts_.cut;
    if (is_ike(parcel)) note(parcel, "cut off");
    return std::nullopt;
  }
  return parcel;
}

void Network::send(const ike::Datagram& datagram) {
  if (keeps_sent_) sent_.push_back(datagram);
  const std::uint64_t number = ++counts_.sent;
  const auto parcel = depart({.from = datagram.local, .to = datagram.remote, .content = datagram.octets});
  if (!parcel) return;
  const bool is_nth = faults_.lose_every != 0 && number % faults_.lose_every == 0;
  if (is_nth || dice_.chance(faults_.loss)) {
    ++counts_.lost;
    return note(*parcel, "lost");
  }
  deliver_later(*parcel, number);
  if (!dice_.chance(faults_.duplication)) return note(*parcel, "sent");
  ++counts_.duplicated;
  note(*parcel, "sent, and will come twice");
  deliver_later(*parcel, number);
}

void Network::send(const Parcel& packet) {
  ++counts_.packets;
  const auto parcel = depart(packet);
  if (!parcel || dice_.chance(faults_.loss)) {
    ++counts_.packets_not_delivered;
    return;
  }
  deliver_later(*parcel, 0);
}

void Network::deliver_later(const Parcel& parcel, std::uint64_t number) {
  clockwork_.plan(dice_.between(faults_.delay_least, faults_.delay_most),
                  [this, parcel, number] { deliver(parcel, number); });
}

void Network::deliver(Parcel parcel, std::uint64_t number) {
  const auto receiver = behind(parcel.to.address);
  if (!receiver) return;
  Attached& node = nodes_.at(*receiver);
  if (node.nat) {
    const auto inside = node.nat->in(parcel.from, parcel.to, clockwork_.now());
    if (!inside) {
      ++counts_.unsolicited;
      if (is_ike(parcel)) note(parcel, "unsolicited, dropped by the NAT");
      return;
    }
    parcel.to = *inside;
  }
  if (is_ike(parcel)) {
    ++counts_.delivered;
    if (number < node.newest_delivered) ++counts_.overtaken;
    node.newest_delivered = std::max(node.newest_delivered, number);
    note(parcel, "arrives");
  }
  node.receive(std::move(parcel));
}

}  // namespace adit::sim
