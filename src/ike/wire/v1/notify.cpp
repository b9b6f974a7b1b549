#include "ike/wire/v1/notify.h"

namespace adit::ike::wire::v1 {

std::string name_of(NotifyType type) {
  switch (type) {
#define ADIT_NOTIFY(enumerator, number, name) \
  case NotifyType::enumerator:                \
    return name;
#include "ike/wire/v1/notify_types.inc"
#undef ADIT_NOTIFY
  }
  return std::to_string(static_cast<unsigned>(type));
}

std::expected<Notify, ParseError> Notify::parse(Bytes body) {
  Reader in{body};
  Notify payload;
  payload.doi = in.u32("domain of interpretation");
  payload.protocol = in.u8("protocol ID");
  const std::size_t spi_size = in.u8("SPI size");
  payload.type = static_cast<NotifyType>(in.u16("notify message type"));
  const Bytes spi = in.take(spi_size, "SPI");
  payload.spi.assign(spi.begin(), spi.end());
  const Bytes data = in.rest();
  payload.data.assign(data.begin(), data.end());
  return in.finish(std::move(payload));
}

void Notify::build(Writer& out) const {
  out.u32(doi);
  out.u8(protocol);
  out.u8(narrow<std::uint8_t>(spi.size()));
  out.u16(static_cast<std::uint16_t>(type));
  out.bytes(spi);
  out.bytes(data);
}

}  // namespace adit::ike::wire::v1
