#pragma once
// The Identification payloads, IDi and IDr (RFC 7296 §3.5).

#include <array>
#include <expected>

#include "base/identity.h"
#include "base/reader.h"
#include "base/writer.h"

namespace adit::ike::wire {

struct Identification {
  Identity identity;
  /// Zero when sent, of no meaning when received, and yet signed as they came (RFC 7296 §2.15).
  std::array<std::uint8_t, 3> reserved{};

  static std::expected<Identification, ParseError> parse(Bytes body);
  void build(Writer& out) const;
  bool operator==(const Identification&) const = default;
};

}  // namespace adit::ike::wire
