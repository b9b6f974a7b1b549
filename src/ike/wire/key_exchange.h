#pragma once
// The Key Exchange payload (RFC 7296 §3.4).

#include <expected>

#include "base/algorithms.h"
#include "base/reader.h"
#include "base/writer.h"

namespace adit::ike::wire {

struct KeyExchange {
  GroupId group{};  ///< as sent: may be one that is not known here
  ByteString value;

  static std::expected<KeyExchange, ParseError> parse(Bytes body);
  void build(Writer& out) const;
  bool operator==(const KeyExchange&) const = default;
};

}  // namespace adit::ike::wire
