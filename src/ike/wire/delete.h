#pragma once
// The Delete payload (RFC 7296 §3.11).

#include <expected>
#include <vector>

#include "base/reader.h"
#include "base/strong_id.h"
#include "base/writer.h"
#include "ike/wire/security_association.h"

namespace adit::ike::wire {

/// Names SAs that the sender has removed. The body only: the generic payload header is the message's.
struct Delete {
  ProtocolId protocol{};
  std::vector<Spi> spis;  ///< the sender's inbound SPIs; none for ProtocolId::ike

  static std::expected<Delete, ParseError> parse(Bytes body);
  void build(Writer& out) const;
  bool operator==(const Delete&) const = default;
};

}  // namespace adit::ike::wire
