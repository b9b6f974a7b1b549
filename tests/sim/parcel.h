#pragma once
// What the network carries: octets of IKE, or a numbered packet of the traffic in an SA.

#include <variant>

#include "base/bytes.h"
#include "base/ip_address.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "base/traffic_selector.h"

namespace adit::sim {

/// A packet as an SA carries it. Nothing is encrypted: the key's digest stands for what only its holder can do.
struct TestPacket {
  std::size_t flow = 0;
  std::uint64_t number = 0;
  Instant sent;
  OutboundSpi spi;
  std::uint64_t key_digest = 0;
  /// The SA that the sender would have used without this one.
  std::optional<OutboundSpi> instead;
  PacketSelectors selectors;
};

struct Parcel {
  Endpoint from, to;  ///< port 0: ESP without UDP
  std::variant<ByteString, TestPacket> content;
};

}  // namespace adit::sim
