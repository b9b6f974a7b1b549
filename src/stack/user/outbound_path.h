#pragma once
// From the TUN device to the network: segments, SAs, ESP or AH, sockets; a batch at a time.

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"
#include "stack/acquires.h"
#include "stack/classifier.h"
#include "stack/encapsulator.h"
#include "stack/user/packet_notes.h"
#include "stack/user/refusals.h"
#include "stack/user/tun_device.h"
#include "stack/user/wire_sockets.h"

namespace adit::stack::user {

class OutboundPath {
 public:
  /// Reads of the TUN device in one turn, so that the sockets get theirs.
  static constexpr unsigned reads_a_turn = 16;

  /// What is refused goes back to the kernel, whose rules reject it: what it forwarded by its device, what is of this
  /// host by a socket.
  struct Refuse {
    TunDevice& forwarded;
    const Refusals& of_this_host;
  };
  OutboundPath(unsigned mtu, Classifier& classifier, DropCounters& drops, WireSockets& sockets, Refuse refuse,
               PacketNotes& notes);

  /// What waits in a TUN device goes on its way, or to acquires. Each device has packets of one path.
  void drain(TunDevice& tun, const policy::PacketPath& path, Instant now);
  /// Sends the packets that waited for an SA that is there now.
  void release();
  /// Once a second.
  void forget_old(Instant now);

  /// The questions to iked since the last call.
  std::vector<contract::Acquire> take_questions() { return std::exchange(questions_, {}); }
  /// What did not fit the path of its SA since the last call, if anything: it went in fragments (RFC 4301 §8.2).
  struct Tightness {
    Endpoint remote;
    std::size_t path_mtu = 0;       ///< octets of the packets towards the peer
    std::size_t largest_inner = 0;  ///< of the packets that enter the SA
  };
  std::optional<Tightness> take_tightness() { return std::exchange(tightness_, {}); }
  std::uint64_t questions_suppressed() const { return questions_suppressed_; }
  std::uint64_t reads() const { return reads_; }

 private:
  void take(const OffloadHeader& header, Bytes packet, const policy::PacketPath& path, Instant now);
  void put(const OffloadHeader& header, Bytes packet, const LeavingFlow& flow, const Classifier::Leaving& leaving);
  void ask_for_sa(const LeavingFlow& flow, const policy::Filter& rule, const OffloadHeader& header, Bytes packet,
                  Instant now);
  void drop(const LeavingFlow& flow, const policy::Filter& rule, const OffloadHeader& header, Bytes packet);
  std::optional<PacketBuffer> first_segment(const OffloadHeader& header, Bytes packet);
  void refuse(const LeavingFlow& flow, const OffloadHeader& header, Bytes packet);
  void note(LoggedAs as, const policy::Filter& rule, const LeavingFlow& flow, std::size_t octets);
  void flush();
  void note_too_long(const Departure& departure);
  std::size_t departures_from(std::size_t begin, std::size_t& pieces, Departure& departure);

  Classifier& classifier_;
  DropCounters& drops_;
  WireSockets& sockets_;
  Refuse refuse_;
  Encapsulator encapsulator_;
  Acquires acquires_;
  std::vector<contract::Acquire> questions_;
  /// A packet of the batch whose filter logs: it is told when it is known what has become of it.
  struct Watched {
    std::size_t at = 0;
    const policy::Filter* rule = nullptr;
    LeavingFlow flow;
    std::size_t octets = 0;
  };
  std::vector<Watched> watched_;
  PacketNotes& notes_;
  unsigned refused_in_second_ = 0;
  std::optional<Tightness> tightness_;
  bool asked_for_path_ = false;  // in this second
  std::uint64_t questions_suppressed_ = 0, reads_ = 0;

  std::size_t slot_size_;
  std::unique_ptr<std::uint8_t[]> read_buffer_, storage_;
  std::size_t filled_ = 0;
  std::array<PacketBuffer, largest_batch> buffers_;
  std::array<OutboundPacket, largest_batch> packets_;
  std::array<iovec, largest_batch> pieces_;
  std::array<Departure, largest_batch> departures_;
  std::array<const OutboundSa*, largest_batch> departing_;  // the SA of each
};

}  // namespace adit::stack::user
