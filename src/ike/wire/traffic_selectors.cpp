#include "ike/wire/traffic_selectors.h"

namespace adit::ike::wire {
namespace {

constexpr std::uint8_t ts_ipv4_addr_range = 7;
constexpr std::uint8_t ts_ipv6_addr_range = 8;
constexpr std::size_t fixed_part = 8;  // type, protocol, length, two ports

constexpr std::size_t length_of(std::size_t address_size) { return fixed_part + 2 * address_size; }

void parse_selector(Reader& in, adit::TrafficSelectors& selectors) {
  const std::uint8_t type = in.u8("TS type");
  TrafficSelector selector;
  selector.protocol = in.u8("IP protocol ID");
  const std::size_t length = in.u16("selector length");
  const bool known = type == ts_ipv4_addr_range || type == ts_ipv6_addr_range;
  const std::size_t address_size = type == ts_ipv4_addr_range ? 4 : 16;
  in.require(known ? length == length_of(address_size) : length >= 4, "selector length");
  if (in.failed()) return;
  if (!known) {
    in.take(length - 4, "selector");
    return;
  }
  selector.ports.first = in.u16("start port");
  selector.ports.last = in.u16("end port");
  in.require(selector.ports.first <= selector.ports.last || selector.ports.is_opaque(), "end port");
  const auto first = IpAddress::from_octets(in.take(address_size, "starting address"));
  const auto last = IpAddress::from_octets(in.take(address_size, "ending address"));
  in.require(first && last && *first <= *last, "ending address");
  if (in.failed()) return;
  selector.addresses = {*first, *last};
  selectors.push_back(selector);
}

}  // namespace

std::expected<TrafficSelectorPayload, ParseError> TrafficSelectorPayload::parse(Bytes body) {
  Reader in{body};
  TrafficSelectorPayload payload;
  const std::size_t count = in.u8("number of TSs");
  in.require(count > 0, "number of TSs");
  in.take(3, "reserved");
  for (std::size_t i = 0; i < count && !in.failed(); ++i) parse_selector(in, payload.selectors);
  return in.finish(std::move(payload));
}

void TrafficSelectorPayload::build(Writer& out) const {
  out.u8(narrow<std::uint8_t>(selectors.size()));
  out.zeros(3);
  for (const TrafficSelector& selector : selectors) {
    out.u8(selector.addresses.first.is_v4() ? ts_ipv4_addr_range : ts_ipv6_addr_range);
    out.u8(selector.protocol);
    out.u16(narrow<std::uint16_t>(length_of(selector.addresses.first.size())));
    out.u16(selector.ports.first);
    out.u16(selector.ports.last);
    out.bytes(selector.addresses.first.octets());
    out.bytes(selector.addresses.last.octets());
  }
}

}  // namespace adit::ike::wire
