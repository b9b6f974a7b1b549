#pragma once
// A packet as the kernel hands it to a TUN device with offloads, made into packets as they go on the wire: a long TCP
// or UDP packet is cut (as a network card would), a checksum left open is computed.

#include <expected>
#include <span>

#include "stack/drop.h"
#include "stack/offload_header.h"
#include "stack/packet_buffer.h"

namespace adit::stack {

/// How far a packet has been cut.
struct Segmented {
  std::size_t filled = 0;  ///< buffers
  std::size_t left = 0;    ///< segments for which there was no buffer
};

/// Copies `packet` into `out`, as one packet or as many as its header asks for, with lengths, IPv4 identifications,
/// sequence numbers, flags (FIN and PSH in the last, CWR in the first: RFC 3168 §6.1.2) and checksums of their own.
/// @param begin  the segment to go on with, when some are left from a call before
/// @param out    empty buffers of one size
/// @return Drop::malformed, or Drop::too_long when a segment does not fit into a buffer
std::expected<Segmented, Drop> segment(const OffloadHeader& header, Bytes packet, std::size_t begin,
                                       std::span<PacketBuffer> out);

}  // namespace adit::stack
