#include "ike/wire/delete.h"

namespace adit::ike::wire {
namespace {

constexpr std::uint8_t spi_size_of(ProtocolId protocol) { return protocol == ProtocolId::ike ? 0 : 4; }
constexpr bool is_deletable(ProtocolId protocol) {
  return protocol == ProtocolId::ike || protocol == ProtocolId::ah || protocol == ProtocolId::esp;
}

}  // namespace

std::expected<Delete, ParseError> Delete::parse(Bytes body) {
  Reader in{body};
  Delete payload;
  payload.protocol = static_cast<ProtocolId>(in.u8("protocol ID"));
  in.require(is_deletable(payload.protocol), "protocol ID");
  const std::size_t spi_size = in.u8("SPI size");
  in.require(spi_size == spi_size_of(payload.protocol), "SPI size");
  const std::size_t count = in.u16("number of SPIs");
  // The count is the peer's claim, the octets are fact: compare them before anything is allocated.
  in.require(in.remaining() == count * spi_size, "SPIs");
  while (in.more()) payload.spis.emplace_back(in.u32("SPI"));
  return in.finish(std::move(payload));
}

void Delete::build(Writer& out) const {
  out.u8(static_cast<std::uint8_t>(protocol));
  out.u8(spi_size_of(protocol));
  out.u16(narrow<std::uint16_t>(spis.size()));
  for (const Spi spi : spis) out.u32(spi.value());
}

}  // namespace adit::ike::wire
