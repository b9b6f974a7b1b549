#pragma once
// Payloads whose body is octets without structure: Nonce, Vendor ID, EAP (RFC 7296 §3.9, §3.12, §3.16).

#include <expected>

#include "base/reader.h"
#include "base/writer.h"

namespace adit::ike::wire {

struct Nonce {
  static constexpr std::size_t least = 16, most = 256;  // octets (RFC 7296 §3.9)

  ByteString value;

  static std::expected<Nonce, ParseError> parse(Bytes body);
  void build(Writer& out) const { out.bytes(value); }
  bool operator==(const Nonce&) const = default;
};

struct VendorId {
  ByteString value;

  static std::expected<VendorId, ParseError> parse(Bytes body) { return VendorId{{body.begin(), body.end()}}; }
  void build(Writer& out) const { out.bytes(value); }
  bool operator==(const VendorId&) const = default;
};

struct Eap {
  std::uint8_t code = 0, identifier = 0;
  ByteString data;  ///< type and type data of requests and responses (RFC 3748 §4)

  static std::expected<Eap, ParseError> parse(Bytes body);
  void build(Writer& out) const;
  bool operator==(const Eap&) const = default;
};

}  // namespace adit::ike::wire
