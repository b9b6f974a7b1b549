#pragma once
// An address that stands for those of a rule, where packets would say who talks to whom.

#include <cstdint>
#include <vector>

#include "base/ip_address.h"

namespace adit::policy::agreement {

/// Not that of the network itself, which no host has.
inline IpAddress representative(const IpRange& range) {
  if (range.is_single() || !range.prefix_length()) return range.first;
  auto octets = range.first.octets();
  std::vector<std::uint8_t> next{octets.begin(), octets.end()};
  next.back() = static_cast<std::uint8_t>(next.back() | 1);
  const auto host = IpAddress::from_octets(next);
  return host && range.contains(*host) ? *host : range.first;
}

}  // namespace adit::policy::agreement
