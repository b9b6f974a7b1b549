#pragma once
// The IKE header (RFC 7296 §3.1), which IKEv1 shares (RFC 2408 §3.1) up to the meaning of its flags. Of the version the
// major one alone counts (RFC 7296 §2.5).

#include <expected>

#include "base/reader.h"
#include "base/strong_id.h"
#include "base/writer.h"
#include "ike/wire/payload_type.h"

namespace adit::ike::wire {

inline constexpr std::size_t header_size = 28;
/// No IKE message of ours or of a peer is larger: what a UDP datagram holds, which is more than RFC 7296 §2 asks for.
inline constexpr std::size_t largest_message = 65535;

/// R of the header's flags (RFC 7296 §3.1).
enum class Direction : std::uint8_t { request, response };
/// I of the header's flags: who sends began the IKE SA.
enum class Sender : std::uint8_t { original_initiator, original_responder };

struct Header {
  IkeSpi initiator_spi, responder_spi;
  PayloadType next_payload = PayloadType::none;
  std::uint8_t major_version = 2, minor_version = 0;
  ExchangeType exchange{};
  Sender sender = Sender::original_initiator;
  Direction direction = Direction::request;
  bool speaks_higher_version = false;  ///< V
  MessageId id;
  std::uint32_t length = 0;  ///< octets of the whole message

  /// Of a whole datagram: its length must be what the header says. IKEv1 messages parse too; of their flags nothing is
  /// kept.
  static std::expected<Header, ParseError> parse(Bytes datagram);
  void build(Writer& out) const;
  bool operator==(const Header&) const = default;
};

}  // namespace adit::ike::wire
