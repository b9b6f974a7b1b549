#pragma once
// NAT detection (RFC 7296 §2.23): each end tells hashes of the addresses it sends from and to; what does not fit was
// translated on the way.

#include "ike/v2/ike_sa.h"

namespace adit::ike::v2 {

inline constexpr std::uint16_t nat_traversal_port = 4500;

/// SHA-1(SPIs | address | port)
ByteString nat_detection_hash(IkeSpi spi_i, IkeSpi spi_r, const Endpoint& endpoint);

enum class Appearance : std::uint8_t { as_it_is, behind_nat };
/// Adds both notifies for a message from `local` to `remote`. Who appears behind a NAT tells a hash that fits no
/// address: then both ends send all in UDP on port 4500 (RFC 7296 §2.23).
void add_nat_detection(wire::Payloads& payloads, IkeSpi spi_i, IkeSpi spi_r, const Endpoint& local,
                       const Endpoint& remote, Appearance appearance);

struct NatFindings {
  bool supported = false;  ///< the peer sent the notifies
  bool local = false, remote = false;
};
/// What a received message tells about the way between the two endpoints, as seen from here.
NatFindings detect_nat(const wire::Payloads& payloads, IkeSpi spi_i, IkeSpi spi_r, const Endpoint& local,
                       const Endpoint& remote);

}  // namespace adit::ike::v2
