#include "ike/wire/configuration.h"

namespace adit::ike::wire {
namespace {

constexpr std::uint16_t reserved_bit = 0x8000;  // ignored on receipt (RFC 7296 §3.15.1)

}  // namespace

std::expected<Configuration, ParseError> Configuration::parse(Bytes body) {
  Reader in{body};
  Configuration payload;
  payload.type = in.u8("CFG type");
  in.take(3, "reserved");
  while (in.more()) {
    in.require(payload.attributes.size() < most_configuration_attributes, "attributes");
    const auto type = static_cast<std::uint16_t>(in.u16("attribute type") & ~reserved_bit);
    const std::size_t length = in.u16("attribute length");
    const Bytes value = in.take(length, "attribute value");
    if (!in.failed()) payload.attributes.push_back({type, {value.begin(), value.end()}});
  }
  return in.finish(std::move(payload));
}

void Configuration::build(Writer& out) const {
  out.u8(type);
  out.zeros(3);
  for (const ConfigurationAttribute& attribute : attributes) {
    out.u16(attribute.type);
    out.u16(narrow<std::uint16_t>(attribute.value.size()));
    out.bytes(attribute.value);
  }
}

}  // namespace adit::ike::wire
