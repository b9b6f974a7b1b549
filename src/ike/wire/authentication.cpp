#include "ike/wire/authentication.h"

namespace adit::ike::wire {

std::expected<Authentication, ParseError> Authentication::parse(Bytes body) {
  Reader in{body};
  Authentication payload;
  payload.method = static_cast<AuthMethod>(in.u8("auth method"));
  in.take(3, "reserved");
  in.require(in.more(), "authentication data");
  const Bytes data = in.rest();
  payload.data.assign(data.begin(), data.end());
  return in.finish(std::move(payload));
}

void Authentication::build(Writer& out) const {
  out.u8(static_cast<std::uint8_t>(method));
  out.zeros(3);
  out.bytes(data);
}

}  // namespace adit::ike::wire
