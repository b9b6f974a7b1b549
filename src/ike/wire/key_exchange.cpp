#include "ike/wire/key_exchange.h"

namespace adit::ike::wire {

std::expected<KeyExchange, ParseError> KeyExchange::parse(Bytes body) {
  Reader in{body};
  KeyExchange payload;
  payload.group = static_cast<GroupId>(in.u16("group"));
  in.u16("reserved");
  in.require(in.more(), "key exchange data");
  const Bytes value = in.rest();
  payload.value.assign(value.begin(), value.end());
  return in.finish(std::move(payload));
}

void KeyExchange::build(Writer& out) const {
  out.u16(static_cast<std::uint16_t>(group));
  out.u16(0);
  out.bytes(value);
}

}  // namespace adit::ike::wire
