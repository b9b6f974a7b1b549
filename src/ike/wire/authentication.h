#pragma once
// The Authentication payload (RFC 7296 §3.8).

#include <expected>

#include "base/algorithms.h"
#include "base/reader.h"
#include "base/writer.h"

namespace adit::ike::wire {

struct Authentication {
  AuthMethod method{};  ///< as sent: may be one that is not known here
  ByteString data;

  static std::expected<Authentication, ParseError> parse(Bytes body);
  void build(Writer& out) const;
  bool operator==(const Authentication&) const = default;
};

}  // namespace adit::ike::wire
