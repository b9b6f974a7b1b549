#include "base/ip_address.h"

#include <arpa/inet.h>  // inet_pton and inet_ntop: pure functions of text

#include <algorithm>

namespace adit {

IpAddress IpAddress::v4(std::uint32_t host_order) {
  IpAddress address;
  for (unsigned i = 0; i < 4; ++i) address.octets_[i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  return address;
}

IpAddress IpAddress::any(IpFamily family) {
  IpAddress address;
  address.family_ = family;
  return address;
}

IpAddress IpAddress::highest(IpFamily family) { return any(family).with_host_bits_set(0); }

std::optional<IpAddress> IpAddress::from_octets(Bytes octets) {
  if (octets.size() != 4 && octets.size() != 16) return std::nullopt;
  IpAddress address = any(octets.size() == 4 ? IpFamily::v4 : IpFamily::v6);
  std::ranges::copy(octets, address.octets_.begin());
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated{text};
  for (const auto& [family, system_family] : {std::pair{IpFamily::v4, AF_INET}, std::pair{IpFamily::v6, AF_INET6}}) {
    IpAddress address = any(family);
    if (inet_pton(system_family, terminated.c_str(), address.octets_.data()) == 1) return address;
  }
  return std::nullopt;
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(is_v4() ? AF_INET : AF_INET6, octets_.data(), text, sizeof text);
  return text;
}

IpAddress IpAddress::with_host_bits_cleared(unsigned length) const {
  IpAddress address = *this;
  for (unsigned bit = length; bit < bits(); ++bit) {
    address.octets_[bit / 8] = static_cast<std::uint8_t>(address.octets_[bit / 8] & ~(0x80u >> bit % 8));
  }
  return address;
}

IpAddress IpAddress::with_host_bits_set(unsigned length) const {
  IpAddress address = *this;
  for (unsigned bit = length; bit < bits(); ++bit) {
    address.octets_[bit / 8] = static_cast<std::uint8_t>(address.octets_[bit / 8] | 0x80u >> bit % 8);
  }
  return address;
}

std::optional<IpAddress> IpAddress::next() const {
  IpAddress address = *this;
  for (std::size_t at = size(); at-- > 0;) {
    if (++address.octets_[at] != 0) return address;  // no carry
  }
  return std::nullopt;
}

std::optional<IpRange> IpRange::intersection(const IpRange& other) const {
  if (family() != other.family()) return std::nullopt;
  const IpRange common{std::max(first, other.first), std::min(last, other.last)};
  if (common.first > common.last) return std::nullopt;
  return common;
}

std::optional<unsigned> IpRange::prefix_length() const {
  for (unsigned length = 0; length <= first.bits(); ++length) {
    if (of_prefix(first, length) == *this) return length;
  }
  return std::nullopt;
}

std::string IpRange::to_string() const {
  if (is_single()) return first.to_string();
  if (const auto length = prefix_length()) return first.to_string() + "/" + std::to_string(*length);
  return first.to_string() + "-" + last.to_string();
}

std::string Endpoint::to_string() const { return address.to_string() + "[" + std::to_string(port) + "]"; }

}  // namespace adit
