#pragma once
// Inbound ESP and AH (RFC 4303 §3.4, RFC 4302 §3.4, RFC 4301 §5.2) for a batch of packets, in place: ESP or AH packets
// go in, the IP packets that they carried come out.

#include <array>
#include <optional>
#include <span>

#include "base/time.h"
#include "stack/drop.h"
#include "stack/grouped_jobs.h"
#include "stack/mutable_fields.h"
#include "stack/packet_buffer.h"
#include "stack/sad.h"

namespace adit::stack {

/// What was outside of a packet, as its socket told.
struct OuterFields {
  Endpoint source, destination;  ///< ports of UDP encapsulation, else 0
  std::uint8_t traffic_class = 0;
  std::uint8_t hop_limit = 64;
};

/// A packet that came in. Of ESP, `packet` begins with the SPI; in transport mode, its headroom has 40 octets for the
/// IP header. Of AH it begins with the IP header, and four octets behind it may be written. After run(): either drop
/// says why it went no further; or `packet` is an IP packet, checked against what its SA was negotiated for. `spi` and
/// `sequence` are filled in either way where they could be read, for the audit log. Of AH around ESP, `sa`, `spi` and
/// `sequence` are ESP's once AH has been proved.
struct InboundPacket {
  PacketBuffer* packet = nullptr;
  contract::SaProtocol protocol = contract::SaProtocol::esp;
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
  Drop prepare_esp(InboundPacket& packet, crypto::PacketJob& job);
  Drop prepare_ah(InboundPacket& packet, crypto::PacketJob& job);
  Drop finish(InboundPacket& packet, const crypto::PacketJob& job, Instant now);
  void run_within_ah(std::span<InboundPacket> packets, Instant now);
  InboundSa* find_sa(contract::SaProtocol protocol, std::uint32_t spi);

  Sad& sad_;
  DropCounters& drops_;
  GroupedJobs<InboundSa> jobs_;
  std::array<MutableFields, largest_batch> mutable_fields_;  // of those with AH
  InboundSa* last_found_ = nullptr;                          // in this batch: packets of one SA come together
};

}  // namespace adit::stack
