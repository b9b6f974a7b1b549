#pragma once
// Memory for the datagrams of one receiving system call, and what came with each.

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/ip_address.h"
#include "crypto/packet_cipher.h"
#include "stack/authentication_header.h"
#include "stack/user/received_ipv6.h"

namespace adit::stack::user {

/// One datagram as it was received. With segment_size it is several of that size, one after another, the last perhaps
/// shorter (UDP_GRO). At least receive_headroom octets before it may be written, and receive_tailroom behind it.
struct ReceivedDatagram {
  MutableBytes octets;
  std::size_t segment_size = 0;  ///< 0: it is one
  Endpoint source;
  IpAddress destination;
  unsigned interface = 0;  ///< index of the one that it came in by
  std::uint8_t traffic_class = 0, hop_limit = 64;
  /// IPv6 extension headers that came before it, where the socket asks for them: in the headroom, from its begin.
  ExtensionHeaders extensions;
};

/// For the IP header that leaving transport mode writes, or the IPv6 headers before AH.
inline constexpr std::size_t receive_headroom = most_before_ah;
inline constexpr std::size_t receive_tailroom = crypto::largest_sequence_high;

class ReceiveSlots {
 public:
  static constexpr std::size_t slots = 128;
  /// Of raw ESP: as many packets as make a few merged ones.
  static constexpr unsigned raw_batch = slots;
  /// Of UDP: each may be 64 KiB of packets, and more than the second-level cache holds is slower, not faster.
  static constexpr unsigned udp_batch = 8;

  ReceiveSlots();

  /// Receives up to `most` datagrams from a socket of `family`. What it returns holds until the next call.
  std::span<ReceivedDatagram> receive(int fd, IpFamily family, unsigned most);

 private:
  static constexpr std::size_t largest_datagram = 65536;
  // Not a power of two: slots at the same place of every 4 KiB would share few lines of the first-level cache.
  static constexpr std::size_t slot_size = receive_headroom + largest_datagram + 2112;
  static constexpr std::size_t control_size = 512;

  void prepare(unsigned most);
  void read_control(const msghdr& message, ReceivedDatagram& datagram);

  std::unique_ptr<std::uint8_t[]> storage_;
  std::array<mmsghdr, slots> messages_{};
  std::array<iovec, slots> parts_{};
  std::array<sockaddr_storage, slots> names_{};
  alignas(cmsghdr) std::array<std::array<std::uint8_t, control_size>, slots> control_{};
  std::array<ReceivedDatagram, slots> received_;
};

}  // namespace adit::stack::user
