#pragma once
// The Delete payload (RFC 2408 §3.15, §5.15): SAs of one protocol that the sender has removed. ISAKMP SAs are named by
// both cookies.

#include <expected>
#include <vector>

#include "base/reader.h"
#include "base/strong_id.h"
#include "base/writer.h"
#include "ike/wire/v1/security_association.h"

namespace adit::ike::wire::v1 {

struct Delete {
  struct Cookies {
    IkeSpi initiator, responder;
    auto operator<=>(const Cookies&) const = default;
  };
  std::uint32_t doi = doi_ipsec;
  ProtocolId protocol{};
  std::vector<Spi> spis;         ///< of AH or ESP: the sender's inbound SPIs
  std::vector<Cookies> cookies;  ///< of ISAKMP

  static std::expected<Delete, ParseError> parse(Bytes body);
  void build(Writer& out) const;
  bool operator==(const Delete&) const = default;
};

}  // namespace adit::ike::wire::v1
