#include "stack/user/wire_socket.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <array>
#include <cstring>

#include "stack/user/received_ipv6.h"
#include "stack/user/socket_address.h"

namespace adit::stack::user {
namespace {

/// What may wait in the kernel: 64 KiB of packets some ten times over, so that a busy moment here loses none.
constexpr int buffer_octets = 8 << 20;

std::string name_of(Wire wire, IpFamily family) {
  // RFC 2408 §2.5.1, RFC 3947 §4, RFC 4303, RFC 4302.
  static constexpr std::array<std::string_view, 4> names = {"UDP port 500", "UDP port 4500", "ESP socket", "AH socket"};
  return std::string{names[std::to_underlying(wire)]} + (family == IpFamily::v4 ? ", IPv4" : ", IPv6");
}

struct SocketOption {
  int level, name, value;
};

bool set(int fd, const SocketOption& option) {
  return setsockopt(fd, option.level, option.name, &option.value, sizeof option.value) == 0;
}

bool set_options(int fd, Wire wire, IpFamily family, std::uint32_t mark) {
  bool done = set(fd, {SOL_SOCKET, SO_MARK, static_cast<int>(mark)}) &&
              set(fd, {SOL_SOCKET, SO_RCVBUFFORCE, buffer_octets}) &&
              set(fd, {SOL_SOCKET, SO_SNDBUFFORCE, buffer_octets});
  if (family == IpFamily::v4) {
    for (const int name : {IP_PKTINFO, IP_RECVTOS, IP_RECVTTL}) done = done && set(fd, {SOL_IP, name, 1});
    done = done && set(fd, {SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT});
  } else {
    for (const int name : {IPV6_V6ONLY, IPV6_RECVPKTINFO, IPV6_RECVTCLASS, IPV6_RECVHOPLIMIT}) {
      if (name == IPV6_V6ONLY && is_raw(wire)) continue;
      done = done && set(fd, {SOL_IPV6, name, 1});
    }
    done = done && set(fd, {SOL_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT});
  }
  if (wire == Wire::ah) {
    // The ICV covers the header: the one that leaves is ours to the bit, and of one that comes in we need all parts.
    if (family == IpFamily::v4) return done && set(fd, {SOL_IP, IP_HDRINCL, 1});
    for (const int name : {IPV6_HDRINCL, IPV6_RECVHOPOPTS, IPV6_RECVDSTOPTS, IPV6_RECVRTHDR}) {
      done = done && set(fd, {SOL_IPV6, name, 1});
    }
  }
  if (wire == Wire::udp_4500) set(fd, {SOL_UDP, UDP_GRO, 1});  // a kernel before 5.0 gives single datagrams
  return done;
}

/// Builds the control part of one message.
class ControlWriter {
 public:
  ControlWriter(msghdr& message, MutableBytes storage) : message_{message}, storage_{storage} {
    message_.msg_control = storage_.data();
    message_.msg_controllen = 0;
  }
  template <class T>
  void put(int level, int type, const T& value) {
    auto* part = reinterpret_cast<cmsghdr*>(storage_.data() + message_.msg_controllen);
    part->cmsg_level = level;
    part->cmsg_type = type;
    part->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(part), &value, sizeof value);
    message_.msg_controllen += CMSG_SPACE(sizeof value);
  }

 private:
  msghdr& message_;
  MutableBytes storage_;
};

constexpr std::size_t control_size = 160;
constexpr std::uint8_t usual_hop_limit = 64;

void write_control(msghdr& message, MutableBytes storage, const Departure& departure) {
  ControlWriter control{message, storage};
  const int traffic_class = departure.traffic_class, hop_limit = departure.hop_limit;
  if (departure.local.is_v4()) {
    in_pktinfo from{};
    std::memcpy(&from.ipi_spec_dst, departure.local.octets().data(), 4);
    control.put(SOL_IP, IP_PKTINFO, from);
    if (traffic_class != 0) control.put(SOL_IP, IP_TOS, traffic_class);
    if (hop_limit != usual_hop_limit) control.put(SOL_IP, IP_TTL, hop_limit);
  } else {
    in6_pktinfo from{};
    std::memcpy(&from.ipi6_addr, departure.local.octets().data(), 16);
    control.put(SOL_IPV6, IPV6_PKTINFO, from);
    if (traffic_class != 0) control.put(SOL_IPV6, IPV6_TCLASS, traffic_class);
    if (hop_limit != usual_hop_limit) control.put(SOL_IPV6, IPV6_HOPLIMIT, hop_limit);
  }
  if (departure.segment_size != 0) {
    control.put(SOL_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(departure.segment_size));
  }
}

/// DF is in the header that the packet of AH brings; its ICV does not cover it (RFC 4302 §3.3.3.1.1.1).
void allow_fragments(const Departure& departure) {
  auto* header = static_cast<std::uint8_t*>(departure.pieces.front().iov_base);
  if (departure.local.is_v4()) header[6] = 0;  // the kernel computes the checksum
}

}  // namespace

struct WireSocket::SendSlots {
  std::array<mmsghdr, most_departures> messages{};
  std::array<sockaddr_storage, most_departures> names{};
  alignas(cmsghdr) std::array<std::array<std::uint8_t, control_size>, most_departures> control{};
};

WireSocket::WireSocket(FileDescriptor file, Wire wire, IpFamily family)
    : file_{std::move(file)}, wire_{wire}, family_{family}, slots_{std::make_unique<SendSlots>()} {}
WireSocket::WireSocket(WireSocket&&) noexcept = default;
WireSocket& WireSocket::operator=(WireSocket&&) noexcept = default;
WireSocket::~WireSocket() = default;

std::expected<WireSocket, SystemFailure> WireSocket::open(Wire wire, IpFamily family, std::uint32_t mark) {
  const std::string name = name_of(wire, family);
  const int domain = family == IpFamily::v4 ? AF_INET : AF_INET6;
  const int type = (is_raw(wire) ? SOCK_RAW : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const int protocol = wire == Wire::esp ? IPPROTO_ESP : wire == Wire::ah ? IPPROTO_AH : IPPROTO_UDP;
  FileDescriptor file{::socket(domain, type, protocol)};
  if (!file) return std::unexpected{SystemFailure::last("make " + name)};
  if (!set_options(file.number(), wire, family, mark)) {
    return std::unexpected{SystemFailure::last("set options of " + name)};
  }
  if (!is_raw(wire)) {
    sockaddr_storage any{};
    const socklen_t size = write_name(any, IpAddress::any(family), wire == Wire::udp_500 ? 500 : 4500);
    if (::bind(file.number(), reinterpret_cast<const sockaddr*>(&any), size) != 0) {
      return std::unexpected{SystemFailure::last("bind " + name)};
    }
  }
  return WireSocket{std::move(file), wire, family};
}

std::span<ReceivedDatagram> WireSocket::receive(ReceiveSlots& slots) {
  const std::span<ReceivedDatagram> received = slots.receive(fd(), family_, batch());
  if (!is_raw(wire_)) return received;
  for (ReceivedDatagram& datagram : received) {
    datagram.source.port = 0;  // a raw socket's name has the protocol there
    if (wire_ == Wire::ah) {
      if (family_ == IpFamily::v6) put_back_ipv6_headers(datagram);
      continue;
    }
    if (family_ == IpFamily::v6 || datagram.octets.empty()) continue;
    // Raw IPv4 sockets give the IP header too (raw(7)); the kernel has checked it.
    const std::size_t header =
        std::min<std::size_t>((datagram.octets[0] & 15u) * std::size_t{4}, datagram.octets.size());
    datagram.octets = datagram.octets.subspan(header);
  }
  return received;
}

void WireSocket::set_fragments(Fragments fragments) {
  if (fragments == fragments_) return;
  const bool forbidden = fragments == Fragments::forbidden;
  // "Do": DF, and what does not fit the path, as far as the kernel has learnt it (RFC 1191, RFC 8201), is refused.
  if (family_ == IpFamily::v4) {
    set(fd(), {SOL_IP, IP_MTU_DISCOVER, forbidden ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT});
  } else {
    set(fd(), {SOL_IPV6, IPV6_MTU_DISCOVER, forbidden ? IPV6_PMTUDISC_DO : IPV6_PMTUDISC_DONT});
  }
  fragments_ = fragments;
}

WireSocket::Sent WireSocket::send(std::span<const Departure> departures) {
  Sent sent;
  while (!departures.empty()) {
    // DF is a property of the socket: runs of the same are sent together.
    std::size_t alike = 1;
    while (alike < departures.size() && alike < most_departures &&
           departures[alike].dont_fragment == departures[0].dont_fragment) {
      ++alike;
    }
    set_fragments(departures[0].dont_fragment ? Fragments::forbidden : Fragments::allowed);
    const Sent now = send_alike(departures.first(alike));
    sent.calls += now.calls;
    sent.failures += now.failures;
    if (sent.too_long == nullptr) sent.too_long = now.too_long;
    departures = departures.subspan(alike);
  }
  return sent;
}

WireSocket::Sent WireSocket::send_alike(std::span<const Departure> departures) {
  for (std::size_t i = 0; i < departures.size(); ++i) {
    const Departure& departure = departures[i];
    msghdr& message = slots_->messages[i].msg_hdr;
    message = {};
    message.msg_name = &slots_->names[i];
    const std::uint16_t port = is_raw(wire_) ? std::uint16_t{0} : departure.remote.port;
    message.msg_namelen = write_name(slots_->names[i], departure.remote.address, port);
    message.msg_iov = departure.pieces.data();
    message.msg_iovlen = departure.pieces.size();
    write_control(message, slots_->control[i], departure);
  }
  Sent sent;
  std::size_t done = 0;
  while (done < departures.size()) {
    const int count = sendmmsg(fd(), &slots_->messages[done], static_cast<unsigned>(departures.size() - done), 0);
    ++sent.calls;
    if (count > 0) {
      done += static_cast<std::size_t>(count);
      continue;
    }
    const Departure& refused = departures[done];
    ++done;
    const bool is_too_long = errno == EMSGSIZE || (refused.segment_size != 0 && (errno == EINVAL || errno == EIO));
    if (!is_too_long) {
      ++sent.failures;
      continue;
    }
    send_singly(refused, sent);
  }
  return sent;
}

/// Whether the kernel did not find it too long.
bool WireSocket::send_one(const Departure& departure, Sent& sent) {
  msghdr message{};
  sockaddr_storage name{};
  alignas(cmsghdr) std::array<std::uint8_t, control_size> control{};
  message.msg_name = &name;
  const std::uint16_t port = is_raw(wire_) ? std::uint16_t{0} : departure.remote.port;
  message.msg_namelen = write_name(name, departure.remote.address, port);
  message.msg_iov = departure.pieces.data();
  message.msg_iovlen = departure.pieces.size();
  write_control(message, control, departure);
  ++sent.calls;
  if (sendmsg(fd(), &message, 0) >= 0) return true;
  if (errno == EMSGSIZE) return false;
  ++sent.failures;
  return true;
}

/// Not every device and path takes segments cut by the kernel: then one by one. And one that does not fit the path goes
/// in fragments, as do those behind it: its sender learns of it from the device's MTU, and nothing is lost until then.
void WireSocket::send_singly(const Departure& departure, Sent& sent) {
  Departure single = departure;
  single.segment_size = 0;
  const std::size_t step = departure.segment_size != 0 ? 1 : departure.pieces.size();
  for (std::size_t i = 0; i < departure.pieces.size(); i += step) {
    single.pieces = departure.pieces.subspan(i, step);
    if (send_one(single, sent)) continue;
    // A raw socket of whole packets (AH) takes none longer than its device, whatever DF says.
    if ((departure.dont_fragment || wire_ == Wire::ah) && sent.too_long == nullptr) sent.too_long = &departure;
    if (wire_ == Wire::ah) allow_fragments(single);
    set_fragments(Fragments::allowed);
    if (!send_one(single, sent)) ++sent.failures;
  }
}

}  // namespace adit::stack::user
