#pragma once
// Outbound ESP and AH (RFC 4303 §3.3, RFC 4302 §3.3) for a batch of packets, in place: the caller's IP packets go in,
// ESP or AH packets come out. What stands outside of ESP is handed back as an OuterHeader: a socket builds it from
// these values, or prepend_outer_header() writes it. What stands outside of AH is covered by the ICV, so it is there
// already.

#include <array>
#include <span>

#include "stack/drop.h"
#include "stack/grouped_jobs.h"
#include "stack/ip_header.h"
#include "stack/mutable_fields.h"
#include "stack/packet_buffer.h"
#include "stack/security_association.h"

namespace adit::stack {

/// A packet on its way out. `packet` begins with the IP header and has packet_headroom and packet_tailroom about it.
/// After run(): either drop says why it went no further, and the packet is not to be used; or `packet` is the ESP
/// packet, from the SPI to the ICV, and `outer` what goes before it; or the packet with AH in whole, which begins with
/// what `outer` says: of AH, and of ESP that AH stands around.
struct OutboundPacket {
  PacketBuffer* packet = nullptr;
  OutboundSa* sa = nullptr;  ///< null: no_sa
  Drop drop = Drop::none;    ///< out
  OuterHeader outer;         ///< out; of an SA with UDP, sa->local and sa->remote have the ports
};

class Encapsulator {
 public:
  explicit Encapsulator(DropCounters& drops) : drops_{drops} {}

  /// Gives every packet its sequence number in the order of the span, and seals them SA by SA; then those that AH
  /// stands around a second time. At most largest_batch.
  void run(std::span<OutboundPacket> packets);

 private:
  DropCounters& drops_;
  GroupedJobs<OutboundSa> jobs_;
  std::array<MutableFields, largest_batch> mutable_fields_;  // of those with AH
};

/// Writes UDP and IP headers before ESP that run() made, for whoever sends whole IP packets.
void prepend_outer_header(OutboundPacket& packet);

/// The octets that ESP or AH adds to an IP packet in the worst case, outer headers included.
std::size_t largest_overhead(const OutboundSa& sa);
/// The largest IP packet that leaves unfragmented where packets of `path_mtu` octets do: the MTU of what is protected.
/// 0 when nothing fits.
std::size_t largest_inner_packet(const OutboundSa& sa, std::size_t path_mtu);

}  // namespace adit::stack
