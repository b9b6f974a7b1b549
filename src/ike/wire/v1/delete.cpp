#include "ike/wire/v1/delete.h"

namespace adit::ike::wire::v1 {
namespace {

constexpr std::size_t cookies_size = 16, spi_size_of_ipsec = 4;  // octets

std::size_t spi_size_of(ProtocolId protocol) { return protocol == ProtocolId::ike ? cookies_size : spi_size_of_ipsec; }
bool is_deletable(ProtocolId protocol) {
  return protocol == ProtocolId::ike || protocol == ProtocolId::ah || protocol == ProtocolId::esp;
}

}  // namespace

std::expected<Delete, ParseError> Delete::parse(Bytes body) {
  Reader in{body};
  Delete payload;
  payload.doi = in.u32("domain of interpretation");
  payload.protocol = static_cast<ProtocolId>(in.u8("protocol ID"));
  in.require(is_deletable(payload.protocol), "protocol ID");
  const std::size_t spi_size = in.u8("SPI size");
  in.require(spi_size == spi_size_of(payload.protocol), "SPI size");
  const std::size_t count = in.u16("number of SPIs");
  // The count is the peer's claim, the octets are fact: compare them before anything is allocated.
  in.require(count > 0 && in.remaining() == count * spi_size, "SPIs");
  while (in.more()) {
    if (payload.protocol == ProtocolId::ike) {
      const IkeSpi initiator{in.u64("initiator cookie")};
      payload.cookies.push_back({initiator, IkeSpi{in.u64("responder cookie")}});
    } else {
      payload.spis.emplace_back(in.u32("SPI"));
    }
  }
  return in.finish(std::move(payload));
}

void Delete::build(Writer& out) const {
  out.u32(doi);
  out.u8(static_cast<std::uint8_t>(protocol));
  out.u8(static_cast<std::uint8_t>(spi_size_of(protocol)));
  out.u16(narrow<std::uint16_t>(protocol == ProtocolId::ike ? cookies.size() : spis.size()));
  for (const Cookies& pair : cookies) {
    out.u64(pair.initiator.value());
    out.u64(pair.responder.value());
  }
  for (const Spi spi : spis) out.u32(spi.value());
}

}  // namespace adit::ike::wire::v1
