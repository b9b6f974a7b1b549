#include "ike/wire/v1/header.h"

#include "ike/wire/header.h"

namespace adit::ike::wire::v1 {
namespace {

constexpr std::uint8_t flag_encryption = 0x01;
constexpr std::uint8_t flag_commit = 0x02;
constexpr std::uint8_t flag_authentication_only = 0x04;
constexpr std::uint8_t all_flags = flag_encryption | flag_commit | flag_authentication_only;

}  // namespace

std::expected<Header, ParseError> Header::parse(Bytes datagram) {
  Reader in{datagram};
  Header header;
  header.initiator_cookie = IkeSpi{in.u64("initiator cookie")};
  in.require(header.initiator_cookie != IkeSpi{}, "initiator cookie");
  header.responder_cookie = IkeSpi{in.u64("responder cookie")};
  header.next_payload = static_cast<PayloadType>(in.u8("next payload"));
  const std::uint8_t version = in.u8("version");
  header.major_version = version >> 4;
  header.minor_version = version & 15;
  // A larger minor version is not taken either (RFC 2408 §3.1).
  in.require(header.major_version == 1 && header.minor_version == 0, "version");
  header.exchange = static_cast<ExchangeType>(in.u8("exchange type"));
  const std::uint8_t flags = in.u8("flags");
  in.require((flags & ~all_flags) == 0, "flags");
  header.is_encrypted = (flags & flag_encryption) != 0;
  header.is_commit = (flags & flag_commit) != 0;
  header.authentication_only = (flags & flag_authentication_only) != 0;
  header.id = MessageId{in.u32("message ID")};
  header.length = in.u32("length");
  in.require(header.length == datagram.size() && header.length <= largest_message, "length");
  if (in.failed()) return std::unexpected{in.error()};
  return header;
}

void Header::build(Writer& out) const {
  std::uint8_t flags = 0;
  if (is_encrypted) flags |= flag_encryption;
  if (is_commit) flags |= flag_commit;
  if (authentication_only) flags |= flag_authentication_only;
  out.u64(initiator_cookie.value());
  out.u64(responder_cookie.value());
  out.u8(static_cast<std::uint8_t>(next_payload));
  out.u8(static_cast<std::uint8_t>(major_version << 4 | minor_version));
  out.u8(static_cast<std::uint8_t>(exchange));
  out.u8(flags);
  out.u32(id.value());
  out.u32(length);
}

}  // namespace adit::ike::wire::v1
