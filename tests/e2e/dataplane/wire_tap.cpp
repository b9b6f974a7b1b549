#include "wire_tap.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "stack/network_order.h"
#include "stack/packet_selectors.h"

namespace adit::test {
namespace {

constexpr std::size_t ethernet_header = 14;
constexpr std::size_t most_frames = 16;

int packet_socket(unsigned protocol) {
  const int fd =
      socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, stack::load_u16(reinterpret_cast<const std::uint8_t*>("\0\3")));
  sockaddr_ll name{};
  name.sll_family = AF_PACKET;
  name.sll_ifindex = static_cast<int>(if_nametoindex("wire"));
  const std::uint8_t octets[2] = {static_cast<std::uint8_t>(protocol >> 8), static_cast<std::uint8_t>(protocol)};
  std::memcpy(&name.sll_protocol, octets, 2);
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0)
    throw std::runtime_error{"packet socket"};
  return fd;
}

bool is_esp(const PacketSelectors& packet) {
  return packet.protocol == IpProtocol::esp || (packet.protocol == IpProtocol::udp && packet.destination_port == 4500);
}
bool is_housekeeping(const PacketSelectors& packet) {
  const int type = packet.source_port >> 8;
  return packet.protocol == IpProtocol::icmpv6 && (type == 143 || (type >= 130 && type <= 137));
}

}  // namespace

WireTap::WireTap(const NetworkNamespace& space) {
  space.run([&] { socket_ = packet_socket(ETH_P_ALL); });
  thread_ = std::jthread{[this](const std::stop_token& stopped) { listen(stopped); }};
}

WireTap::~WireTap() {
  thread_.request_stop();
  thread_.join();
  close(socket_);
}

void WireTap::listen(const std::stop_token& stopped) {
  ByteString buffer(1 << 17);
  pollfd readable{.fd = socket_, .events = POLLIN, .revents = 0};
  while (!stopped.stop_requested()) {
    if (poll(&readable, 1, 10) <= 0) continue;
    sockaddr_ll from{};
    socklen_t size = sizeof from;
    const ssize_t got =
        recvfrom(socket_, buffer.data(), buffer.size(), MSG_TRUNC, reinterpret_cast<sockaddr*>(&from), &size);
    if (got <= static_cast<ssize_t>(ethernet_header)) continue;
    const Bytes frame = Bytes{buffer}.first(static_cast<std::size_t>(got));
    const auto packet = stack::read_selectors(frame.subspan(ethernet_header));
    if (!packet) continue;  // ARP
    const std::scoped_lock lock{mutex_};
    if (is_esp(*packet) || packet->protocol == IpProtocol::ah) {
      ++(packet->protocol == IpProtocol::ah ? ah_ : esp_);
      if (from.sll_pkttype == PACKET_HOST && frames_.size() < most_frames)
        frames_.emplace_back(frame.begin(), frame.end());
    } else if (!is_housekeeping(*packet)) {
      ++in_clear_;
    }
  }
}

std::size_t WireTap::in_clear() {
  std::this_thread::sleep_for(std::chrono::milliseconds{30});  // what the kernel has queued for us
  const std::scoped_lock lock{mutex_};
  return in_clear_;
}
std::size_t WireTap::esp() {
  const std::scoped_lock lock{mutex_};
  return esp_;
}
std::size_t WireTap::ah() {
  const std::scoped_lock lock{mutex_};
  return ah_;
}

bool WireTap::shows(Bytes octets) {
  std::this_thread::sleep_for(std::chrono::milliseconds{30});
  const std::scoped_lock lock{mutex_};
  return std::ranges::any_of(frames_,
                             [&](const ByteString& frame) { return !std::ranges::search(frame, octets).empty(); });
}

std::size_t WireTap::replay_into(const NetworkNamespace& other_end) {
  std::this_thread::sleep_for(std::chrono::milliseconds{30});
  std::vector<ByteString> frames;
  {
    const std::scoped_lock lock{mutex_};
    frames = frames_;
  }
  other_end.run([&] {
    const int fd = packet_socket(0);
    for (ByteString& frame : frames) {
      // The sender left the UDP checksum to a network card that is not there; none is right too (RFC 3948 §2.1).
      if (frame[ethernet_header + 9] == IpProtocol::udp) stack::store_u16(&frame[ethernet_header + 26], 0);
    }
    for (const ByteString& frame : frames) send(fd, frame.data(), frame.size(), 0);
    close(fd);
  });
  return frames.size();
}

}  // namespace adit::test
