#include "ike/wire/opaque_payloads.h"

namespace adit::ike::wire {

std::expected<Nonce, ParseError> Nonce::parse(Bytes body) {
  if (body.size() < least || body.size() > most) return std::unexpected{ParseError{.field = "nonce", .offset = 0}};
  return Nonce{{body.begin(), body.end()}};
}

std::expected<Eap, ParseError> Eap::parse(Bytes body) {
  Reader in{body};
  Eap payload;
  payload.code = in.u8("EAP code");
  payload.identifier = in.u8("EAP identifier");
  in.require(in.u16("EAP length") == body.size(), "EAP length");
  const Bytes data = in.rest();
  payload.data.assign(data.begin(), data.end());
  return in.finish(std::move(payload));
}

void Eap::build(Writer& out) const {
  out.u8(code);
  out.u8(identifier);
  out.u16(narrow<std::uint16_t>(data.size() + 4));
  out.bytes(data);
}

}  // namespace adit::ike::wire
