#pragma once
// Inbound ESP (RFC 4303 §3.4, RFC 4301 §5.2) for a batch of packets, in place: ESP packets go in, the IP packets that
// they carried come out.

#include <optional>
#include <span>

#include "base/time.h"
#include "stack/drop.h"
#include "stack/grouped_jobs.h"
#include "stack/packet_buffer.h"
#include "stack/sad.h"

namespace adit::stack {

/// What was outside of an ESP packet, as its socket told.
struct OuterFields {
  Endpoint source, destination;  ///< ports of UDP encapsulation, else 0
  std::uint8_t traffic_class = 0;
  std::uint8_t hop_limit = 64;
};

/// A packet that came in. `packet` begins with the SPI; in transport mode, its headroom has 40 octets for the IP
/// header. After run(): either drop says why it went no further; or `packet` is an IP packet, checked against what its
/// SA was negotiated for. `spi` and `sequence` are filled in either way where they could be read, for the audit log.
struct InboundPacket {
  PacketBuffer* packet = nullptr;
  OuterFields outer;
  Drop drop = Drop::none;      ///< out
  bool peer_moved = false;     ///< out: authentic, UDP, and from elsewhere than the SA sends to (RFC 7296 §2.23)
  InboundSa* sa = nullptr;     ///< out
  std::uint32_t spi = 0;       ///< out
  std::uint64_t sequence = 0;  ///< out
};

class Decapsulator {
 public:
  Decapsulator(Sad& sad, DropCounters& drops) : sad_{sad}, drops_{drops} {}

  /// Packets stay in their order. At most largest_batch.
  void run(std::span<InboundPacket> packets, Instant now);

 private:
  Drop prepare(InboundPacket& packet, crypto::PacketJob& job);
  Drop finish(InboundPacket& packet, const crypto::PacketJob& job, Instant now);
  InboundSa* find_sa(std::uint32_t spi);

  Sad& sad_;
  DropCounters& drops_;
  GroupedJobs<InboundSa> jobs_;
  InboundSa* last_found_ = nullptr;  // in this batch: packets of one SA come together
};

}  // namespace adit::stack
