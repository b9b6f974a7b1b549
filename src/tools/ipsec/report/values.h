#pragma once
// How a value of a report is written: times, SPIs, sizes, addresses as base, prefix and range.

#include <optional>
#include <string>

#include "base/strong_id.h"
#include "base/time.h"
#include "base/traffic_selector.h"

namespace adit::tools::ipsec {

inline constexpr const char* not_applicable = "n/a";

/// `2026/11/24 03:04:05`, local time; n/a when there is none. An Instant here counts from 1970.
std::string time_text(const std::optional<Instant>& when);
/// `0x0123456789abcdef`
std::string cookie_text(IkeSpi spi);
/// `3221225473 (0xc0000001)`; n/a for 0.
std::string spi_text(std::uint32_t spi);
std::string yes_no(bool value);
/// `480m`
std::string minutes_text(Minutes minutes);
/// `0K` for none.
std::string lifesize_text(const std::optional<std::uint64_t>& kbytes);
/// `TCP(6)`, `All(0)`, `17` without a name as the number.
std::string protocol_text(std::uint8_t protocol);

/// An address range in the three fields of a report.
struct AddressFields {
  std::string base, prefix, range;
};
AddressFields address_fields(const IpRange& range);

/// A port range in two fields; ICMP types and codes apart.
struct PortFields {
  std::string first, last;
};
PortFields port_fields(std::uint8_t protocol, const PortRange& ports);
struct TypeFields {
  std::string type, type_range, code, code_range;
};
TypeFields type_fields(std::uint8_t protocol, const PortRange& ports);

}  // namespace adit::tools::ipsec
