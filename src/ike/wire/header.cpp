#include "ike/wire/header.h"

namespace adit::ike::wire {
namespace {

constexpr std::uint8_t flag_initiator = 0x08;
constexpr std::uint8_t flag_version = 0x10;
constexpr std::uint8_t flag_response = 0x20;

}  // namespace

std::expected<Header, ParseError> Header::parse(Bytes datagram) {
  Reader in{datagram};
  Header header;
  header.initiator_spi = IkeSpi{in.u64("initiator SPI")};
  header.responder_spi = IkeSpi{in.u64("responder SPI")};
  header.next_payload = static_cast<PayloadType>(in.u8("next payload"));
  const std::uint8_t version = in.u8("version");
  header.major_version = version >> 4;
  header.minor_version = version & 15;
  header.exchange = static_cast<ExchangeType>(in.u8("exchange type"));
  const std::uint8_t flags = in.u8("flags");
  header.sender = (flags & flag_initiator) != 0 ? Sender::original_initiator : Sender::original_responder;
  header.direction = (flags & flag_response) != 0 ? Direction::response : Direction::request;
  header.speaks_higher_version = (flags & flag_version) != 0;
  header.id = MessageId{in.u32("message ID")};
  header.length = in.u32("length");
  in.require(header.length == datagram.size() && header.length <= largest_message, "length");
  // An SPI of zero names no IKE SA (RFC 7296 §2.6); the responder's is not known yet in the first message.
  if (in.failed()) return std::unexpected{in.error()};
  if (header.initiator_spi.value() == 0) return std::unexpected{ParseError{.field = "initiator SPI", .offset = 0}};
  return header;
}

void Header::build(Writer& out) const {
  std::uint8_t flags = 0;
  if (sender == Sender::original_initiator) flags |= flag_initiator;
  if (direction == Direction::response) flags |= flag_response;
  if (speaks_higher_version) flags |= flag_version;
  out.u64(initiator_spi.value());
  out.u64(responder_spi.value());
  out.u8(static_cast<std::uint8_t>(next_payload));
  out.u8(static_cast<std::uint8_t>(major_version << 4 | minor_version));
  out.u8(static_cast<std::uint8_t>(exchange));
  out.u8(flags);
  out.u32(id.value());
  out.u32(length);
}

}  // namespace adit::ike::wire
