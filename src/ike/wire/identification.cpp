#include "ike/wire/identification.h"

#include <algorithm>

namespace adit::ike::wire {

std::expected<Identification, ParseError> Identification::parse(Bytes body) {
  Reader in{body};
  Identification payload;
  payload.identity.type = in.known<IdentityType>("ID type");
  std::ranges::copy(in.take(payload.reserved.size(), "reserved"), payload.reserved.begin());
  const Bytes value = in.rest();
  payload.identity.value.assign(value.begin(), value.end());
  if (payload.identity.type == IdentityType::ipv4_addr) in.require(value.size() == 4, "ID data");
  if (payload.identity.type == IdentityType::ipv6_addr) in.require(value.size() == 16, "ID data");
  return in.finish(std::move(payload));
}

void Identification::build(Writer& out) const {
  out.u8(static_cast<std::uint8_t>(identity.type));
  out.bytes(reserved);
  out.bytes(identity.value);
}

}  // namespace adit::ike::wire
