#pragma once
// A socket towards the network: UDP port 500 or 4500, raw ESP or raw AH, of one family, on all local addresses. What it
// sends carries our mark, so that the filters know it. The one of AH takes and gives whole IP packets.

#include <sys/uio.h>

#include <expected>
#include <memory>
#include <span>

#include "stack/user/file_descriptor.h"
#include "stack/user/receive_slots.h"
#include "stack/user/system_failure.h"

namespace adit::stack::user {

enum class Wire : std::uint8_t { udp_500, udp_4500, esp, ah };
constexpr bool is_raw(Wire wire) { return wire == Wire::esp || wire == Wire::ah; }

/// One datagram to be sent; or with segment_size, several that the kernel cuts it into (UDP_SEGMENT).
struct Departure {
  IpAddress local;
  Endpoint remote;
  std::uint8_t traffic_class = 0, hop_limit = 64;
  bool dont_fragment = false;
  std::size_t segment_size = 0;
  std::span<iovec> pieces;
};

class WireSocket {
 public:
  /// Of one call.
  static constexpr std::size_t most_departures = 256;
  /// The kernel's UDP_MAX_SEGMENTS of every version that has UDP_SEGMENT.
  static constexpr std::size_t most_segments = 64;

  static std::expected<WireSocket, SystemFailure> open(Wire wire, IpFamily family, std::uint32_t mark);
  WireSocket(WireSocket&&) noexcept;
  WireSocket& operator=(WireSocket&&) noexcept;
  ~WireSocket();

  Wire wire() const { return wire_; }
  IpFamily family() const { return family_; }
  int fd() const { return file_.number(); }

  /// Datagrams of one receive() at most.
  unsigned batch() const { return is_raw(wire_) ? ReceiveSlots::raw_batch : ReceiveSlots::udp_batch; }
  std::span<ReceivedDatagram> receive(ReceiveSlots& slots);

  struct Sent {
    std::size_t calls = 0, failures = 0;
    const Departure* too_long = nullptr;  ///< the first that was to be left whole and did not fit: it went in fragments
  };
  /// Sends them in order. What the kernel refuses (no route, a full queue) is counted and lost, as on a wire.
  Sent send(std::span<const Departure> departures);

 private:
  struct SendSlots;
  WireSocket(FileDescriptor file, Wire wire, IpFamily family);
  enum class Fragments : std::uint8_t { allowed, forbidden };
  void set_fragments(Fragments fragments);
  Sent send_alike(std::span<const Departure> departures);
  bool send_one(const Departure& departure, Sent& sent);
  void send_singly(const Departure& departure, Sent& sent);

  FileDescriptor file_;
  Wire wire_;
  IpFamily family_;
  Fragments fragments_ = Fragments::allowed;
  std::unique_ptr<SendSlots> slots_;
};

}  // namespace adit::stack::user
