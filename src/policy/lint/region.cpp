#include "policy/lint/region.h"

#include <algorithm>

namespace adit::policy::lint {
namespace {

constexpr SmallInterval yes{1, 1}, no{0, 0}, either{0, 1};

AddressInterval interval_of(const IpRange& range) {
  return {AddressNumber::of(range.first), AddressNumber::of(range.last)};
}
SmallInterval interval_of(const PortRange& ports) {
  return ports.is_opaque() ? SmallInterval{0, 65535} : SmallInterval{ports.first, ports.last};
}

std::uint16_t before(std::uint16_t number) { return static_cast<std::uint16_t>(number - 1); }
std::uint16_t after(std::uint16_t number) { return static_cast<std::uint16_t>(number + 1); }
AddressNumber before(const AddressNumber& number) { return number.before(); }
AddressNumber after(const AddressNumber& number) { return number.after(); }

// Cuts off what of one dimension of `rest` lies outside `taken`, which meets it.
template <class Number>
void cut(Region& rest, Interval<Number>& of_rest, const Interval<Number>& taken, std::vector<Region>& left) {
  const Interval<Number> whole = of_rest;
  if (whole.first < taken.first) {
    of_rest = {whole.first, before(taken.first)};
    left.push_back(rest);
  }
  if (taken.last < whole.last) {
    of_rest = {after(taken.last), whole.last};
    left.push_back(rest);
  }
  of_rest = {std::max(whole.first, taken.first), std::min(whole.last, taken.last)};
}

}  // namespace

AddressNumber AddressNumber::of(const IpAddress& address) {
  AddressNumber number;
  for (const std::uint8_t octet : address.octets()) {
    number.high = number.high << 8 | number.low >> 56;
    number.low = number.low << 8 | octet;
  }
  return number;
}

Region Region::of(const Filter& filter) {
  const ServiceSelector& service = filter.service;
  Region region{.source = interval_of(filter.source), .destination = interval_of(filter.destination)};
  const bool any_protocol = service.opaque || service.protocol == IpProtocol::any;
  region.values[protocol] = any_protocol ? SmallInterval{0, 255} : SmallInterval{service.protocol, service.protocol};
  const bool any_port = service.opaque || (service.source_ports.is_all() && service.destination_ports.is_all());
  region.values[source_port] = any_port ? SmallInterval{0, 65535} : interval_of(service.source_ports);
  region.values[destination_port] = any_port ? SmallInterval{0, 65535} : interval_of(service.destination_ports);
  region.values[security_class] =
      filter.security_class == 0 ? SmallInterval{0, 255} : SmallInterval{filter.security_class, filter.security_class};
  region.values[routed] = filter.routing == Routing::either ? either : filter.routing == Routing::routed ? yes : no;
  region.values[ports_hidden] = service.opaque ? yes : any_port ? either : no;
  region.values[is_fragment] = filter.fragments_only ? yes : either;
  // A connection that may only be opened from one side: the packet that opens it from the other does not match.
  const ConnectQualifier refused =
      filter.direction == Direction::outbound ? ConnectQualifier::inbound : ConnectQualifier::outbound;
  region.values[opens_connection] = filter.connect == refused ? no : either;
  return region;
}

bool Region::contains(const Region& other) const {
  if (!source.contains(other.source) || !destination.contains(other.destination)) return false;
  for (std::size_t i = 0; i < fields; ++i) {
    if (!values[i].contains(other.values[i])) return false;
  }
  return true;
}

bool Region::intersects(const Region& other) const {
  if (!source.intersects(other.source) || !destination.intersects(other.destination)) return false;
  for (std::size_t i = 0; i < fields; ++i) {
    if (!values[i].intersects(other.values[i])) return false;
  }
  return true;
}

void subtract(const Region& from, const Region& taken, std::vector<Region>& left) {
  if (!from.intersects(taken)) {
    left.push_back(from);
    return;
  }
  Region rest = from;
  cut(rest, rest.source, taken.source, left);
  cut(rest, rest.destination, taken.destination, left);
  for (std::size_t i = 0; i < Region::fields; ++i) cut(rest, rest.values[i], taken.values[i], left);
}

}  // namespace adit::policy::lint
