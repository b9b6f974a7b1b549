#pragma once
// TCP segments that came in one batch, merged again into packets of up to 64 KiB for one write to the TUN device each,
// as a network card's receive offload would (what is merged can be cut into the same segments again). All other packets
// pass as they are. Nothing is held back for a later batch, and the packets of a flow keep their order.

#include <array>
#include <cstdint>
#include <span>

#include "stack/offload_header.h"
#include "stack/packet_buffer.h"

namespace adit::stack {

class Merger {
 public:
  /// Flows that are watched at a time. One more, and the one watched longest is merged no further in this batch.
  static constexpr std::size_t watched_flows = 16;
  /// Pieces in one packet: what a vectored write takes is 1024, what 64 KiB hold of usual segments is 48.
  static constexpr std::size_t most_pieces = 64;

  /// Adds a packet that is an IP packet as far as its header goes (the Decapsulator's). It stays in use until clear().
  /// At most largest_batch of them.
  void add(PacketBuffer& packet);

  /// Calls `write(const OffloadHeader&, std::span<const Bytes> pieces)` for each packet, and forgets them all.
  template <class Write>
  void flush(Write write) {
    std::array<Bytes, most_pieces> pieces;
    for (std::size_t r = 0; r < runs_; ++r) {
      const OffloadHeader header = finish(run_[r]);
      std::size_t count = 0;
      for (std::uint16_t p = run_[r].first; p != none; p = next_[p]) {
        const Bytes octets = packet_[p]->octets();
        pieces[count] = count == 0 ? octets : octets.subspan(run_[r].headers);
        ++count;
      }
      write(header, std::span<const Bytes>{pieces.data(), count});
    }
    clear();
  }
  void clear() { packets_ = runs_ = watched_ = 0; }

 private:
  static constexpr std::uint16_t none = 0xffff;
  /// One packet of the TUN: the first segment, whose headers it takes, and those that follow it.
  struct Run {
    std::uint16_t first, last, pieces;
    std::uint16_t transport = 0, headers = 0;  // octets of the IP header, and of both
    std::uint16_t segment_size = 0;            // octets of payload of the first
    std::uint32_t size = 0;                    // of the whole
    std::uint32_t next_sequence = 0;
  };
  struct Segment;

  static bool read(PacketBuffer& packet, Segment& segment);
  bool continues(const Run& run, const Segment& segment) const;
  bool same_flow(const Run& run, const Segment& segment) const;
  void begin(std::uint16_t packet, const Segment* segment);
  void stop_watching(std::size_t place);
  OffloadHeader finish(const Run& run);

  std::size_t packets_ = 0, runs_ = 0, watched_ = 0;
  std::array<PacketBuffer*, largest_batch> packet_;
  std::array<std::uint16_t, largest_batch> next_;
  std::array<Run, largest_batch> run_;
  std::array<std::uint16_t, watched_flows> watch_;  // runs that may still grow, the oldest first
};

}  // namespace adit::stack
