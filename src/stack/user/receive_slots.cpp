#include "stack/user/receive_slots.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "stack/ip_header.h"
#include "stack/user/socket_address.h"

namespace adit::stack::user {
namespace {

template <class T>
T content(const cmsghdr& part) {
  T value;
  std::memcpy(&value, CMSG_DATA(&part), sizeof value);
  return value;
}

/// The number of the extension header that came in a part of this type.
std::optional<std::uint8_t> extension_type(int part) {
  switch (part) {
    case IPV6_HOPOPTS:
      return NextHeader::hop_by_hop;
    case IPV6_RTHDR:
      return NextHeader::routing;
    case IPV6_DSTOPTS:
      return NextHeader::destination_options;
    default:
      return std::nullopt;
  }
}

}  // namespace

ReceiveSlots::ReceiveSlots() : storage_{std::make_unique_for_overwrite<std::uint8_t[]>(slots * slot_size)} {}

void ReceiveSlots::prepare(unsigned most) {
  for (std::size_t i = 0; i < most; ++i) {
    parts_[i] = {.iov_base = storage_.get() + i * slot_size + receive_headroom, .iov_len = largest_datagram};
    messages_[i].msg_hdr = {.msg_name = &names_[i],
                            .msg_namelen = sizeof names_[i],
                            .msg_iov = &parts_[i],
                            .msg_iovlen = 1,
                            .msg_control = control_[i].data(),
                            .msg_controllen = control_size,
                            .msg_flags = 0};
  }
}

void ReceiveSlots::read_control(const msghdr& message, ReceivedDatagram& datagram) {
  for (const cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(const_cast<msghdr*>(&message), const_cast<cmsghdr*>(part))) {
    if (part->cmsg_level == SOL_UDP && part->cmsg_type == UDP_GRO) {
      datagram.segment_size = content<std::uint16_t>(*part);
    } else if (part->cmsg_level == SOL_IP) {
      if (part->cmsg_type == IP_PKTINFO) {
        const auto information = content<in_pktinfo>(*part);
        datagram.destination = address_of(information.ipi_addr);
        datagram.interface = static_cast<unsigned>(information.ipi_ifindex);
      }
      if (part->cmsg_type == IP_TOS) datagram.traffic_class = content<std::uint8_t>(*part);
      if (part->cmsg_type == IP_TTL) datagram.hop_limit = static_cast<std::uint8_t>(content<int>(*part));
    } else if (part->cmsg_level == SOL_IPV6) {
      if (part->cmsg_type == IPV6_PKTINFO) {
        const auto information = content<in6_pktinfo>(*part);
        datagram.destination = address_of(information.ipi6_addr);
        datagram.interface = information.ipi6_ifindex;
      }
      if (part->cmsg_type == IPV6_TCLASS) datagram.traffic_class = static_cast<std::uint8_t>(content<int>(*part));
      if (part->cmsg_type == IPV6_HOPLIMIT) datagram.hop_limit = static_cast<std::uint8_t>(content<int>(*part));
      if (const auto type = extension_type(part->cmsg_type)) {
        const MutableBytes kept{datagram.octets.data() - receive_headroom, receive_headroom - ipv6_header_size};
        datagram.extensions.keep(*type, {CMSG_DATA(part), part->cmsg_len - CMSG_LEN(0)}, kept);
      }
    }
  }
}

std::span<ReceivedDatagram> ReceiveSlots::receive(int fd, IpFamily family, unsigned most) {
  prepare(most);
  const int count = recvmmsg(fd, messages_.data(), most, MSG_DONTWAIT, nullptr);
  if (count <= 0) return {};
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    ReceivedDatagram& datagram = received_[i];
    datagram = {};
    datagram.octets = {storage_.get() + i * slot_size + receive_headroom, messages_[i].msg_len};
    datagram.source = endpoint_of(names_[i], family);
    read_control(messages_[i].msg_hdr, datagram);
    if (datagram.segment_size >= datagram.octets.size()) datagram.segment_size = 0;
  }
  return std::span{received_}.first(static_cast<std::size_t>(count));
}

}  // namespace adit::stack::user
