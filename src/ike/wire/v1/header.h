#pragma once
// The ISAKMP header (RFC 2408 §3.1): the octets of IKEv2's, with flags of other meaning and cookies for SPIs.

#include <expected>

#include "base/reader.h"
#include "base/strong_id.h"
#include "base/writer.h"
#include "ike/wire/payload_type.h"
#include "ike/wire/v1/payload_type.h"

namespace adit::ike::wire::v1 {

struct Header {
  IkeSpi initiator_cookie, responder_cookie;
  PayloadType next_payload = PayloadType::none;
  std::uint8_t major_version = 1, minor_version = 0;
  ExchangeType exchange{};
  bool is_encrypted = false;         ///< E: all after the header
  bool is_commit = false;            ///< C: CONNECTED will follow
  bool authentication_only = false;  ///< A: an Informational exchange in clear, with a HASH
  MessageId id;                      ///< 0 in phase 1
  std::uint32_t length = 0;          ///< octets of the whole message, padding counted in

  /// Of a whole datagram: its length must be what the header says (RFC 2408 §5.1), its version 1.0 and its flags those
  /// above (RFC 2408 §5.2).
  static std::expected<Header, ParseError> parse(Bytes datagram);
  void build(Writer& out) const;
  bool operator==(const Header&) const = default;
};

}  // namespace adit::ike::wire::v1
