#pragma once
// Payloads of one field: Key Exchange, Hash, Signature, Nonce, Vendor ID (RFC 2408 §3.7, §3.11 to §3.13, §3.16), NAT-D
// (RFC 3947 §3.2); and NAT-OA (§5.2).

#include <expected>

#include "base/ip_address.h"
#include "base/reader.h"
#include "base/writer.h"
#include "ike/wire/v1/payload_type.h"

namespace adit::ike::wire::v1 {

template <PayloadType Type>
struct OpaquePayload {
  ByteString value;

  static std::expected<OpaquePayload, ParseError> parse(Bytes body) {
    Reader in{body};
    const Bytes value = in.rest();
    in.require(!value.empty(), "payload of no octets");
    return in.finish(OpaquePayload{ByteString(value.begin(), value.end())});
  }
  void build(Writer& out) const { out.bytes(value); }
  bool operator==(const OpaquePayload&) const = default;
};

using KeyExchange = OpaquePayload<PayloadType::key_exchange>;
using Hash = OpaquePayload<PayloadType::hash>;
using Signature = OpaquePayload<PayloadType::signature>;
using Nonce = OpaquePayload<PayloadType::nonce>;
using VendorId = OpaquePayload<PayloadType::vendor_id>;
using NatDetection = OpaquePayload<PayloadType::nat_detection>;

/// The address that an end in transport mode has before its NAT.
struct NatOriginalAddress {
  IpAddress address;

  static std::expected<NatOriginalAddress, ParseError> parse(Bytes body);
  void build(Writer& out) const;
  bool operator==(const NatOriginalAddress&) const = default;
};

}  // namespace adit::ike::wire::v1
