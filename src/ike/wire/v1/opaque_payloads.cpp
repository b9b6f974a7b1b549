#include "ike/wire/v1/opaque_payloads.h"

namespace adit::ike::wire::v1 {
namespace {

constexpr std::uint8_t id_ipv4_addr = 1, id_ipv6_addr = 5;  // RFC 2407 §4.6.2.1

}  // namespace

std::expected<NatOriginalAddress, ParseError> NatOriginalAddress::parse(Bytes body) {
  Reader in{body};
  const std::uint8_t type = in.u8("ID type");
  in.require(type == id_ipv4_addr || type == id_ipv6_addr, "ID type");
  in.take(3, "reserved");
  const Bytes value = in.rest();
  in.require(value.size() == (type == id_ipv4_addr ? 4 : 16), "address");
  NatOriginalAddress payload;
  if (const auto address = IpAddress::from_octets(value)) payload.address = *address;
  return in.finish(payload);
}

void NatOriginalAddress::build(Writer& out) const {
  out.u8(address.is_v4() ? id_ipv4_addr : id_ipv6_addr);
  out.zeros(3);
  out.bytes(address.octets());
}

}  // namespace adit::ike::wire::v1
