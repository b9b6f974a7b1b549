#include "tools/ipsec/report/values.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace adit::tools::ipsec {
namespace {

bool has_ports(std::uint8_t protocol) { return protocol == IpProtocol::tcp || protocol == IpProtocol::udp; }

bool has_types(std::uint8_t protocol) {
  return protocol == IpProtocol::icmp || protocol == IpProtocol::icmpv6 || protocol == IpProtocol::mobility;
}

}  // namespace

std::string time_text(const std::optional<Instant>& when) {
  if (!when) return not_applicable;
  const auto seconds = std::chrono::duration_cast<Seconds>(when->time_since_epoch());
  return fmt::format("{:%Y/%m/%d %H:%M:%S}", fmt::localtime(static_cast<std::time_t>(seconds.count())));
}

std::string cookie_text(IkeSpi spi) { return fmt::format("0x{:016x}", spi.value()); }

std::string spi_text(std::uint32_t spi) { return spi == 0 ? not_applicable : fmt::format("{} (0x{:08x})", spi, spi); }

std::string yes_no(bool value) { return value ? "Yes" : "No"; }

std::string minutes_text(Minutes minutes) { return fmt::format("{}m", minutes.count()); }

std::string lifesize_text(const std::optional<std::uint64_t>& kbytes) { return fmt::format("{}K", kbytes.value_or(0)); }

std::string protocol_text(std::uint8_t protocol) {
  switch (protocol) {
    case IpProtocol::any:
      return "ALL(0)";
    case IpProtocol::icmp:
      return "ICMP(1)";
    case 2:
      return "IGMP(2)";
    case 4:
      return "IP(4)";
    case IpProtocol::tcp:
      return "TCP(6)";
    case IpProtocol::udp:
      return "UDP(17)";
    case IpProtocol::esp:
      return "ESP(50)";
    case IpProtocol::ah:
      return "AH(51)";
    case IpProtocol::icmpv6:
      return "ICMPv6(58)";
    case 89:
      return "OSPF(89)";
    case 94:
      return "IPIP(94)";
    case IpProtocol::mobility:
      return "MIPv6(135)";
    default:
      return std::to_string(protocol);
  }
}

AddressFields address_fields(const IpRange& range) {
  if (range.is_single()) return {range.first.to_string(), not_applicable, not_applicable};
  if (const auto length = range.prefix_length())
    return {range.first.to_string(), std::to_string(*length), not_applicable};
  return {range.first.to_string(), not_applicable, range.last.to_string()};
}

PortFields port_fields(std::uint8_t protocol, const PortRange& ports) {
  if (!has_ports(protocol)) return {not_applicable, not_applicable};
  if (ports.is_all()) return {"All", not_applicable};
  if (ports.is_opaque()) return {"Opaque", not_applicable};
  return {std::to_string(ports.first), ports.first == ports.last ? not_applicable : std::to_string(ports.last)};
}

TypeFields type_fields(std::uint8_t protocol, const PortRange& ports) {
  if (!has_types(protocol)) return {not_applicable, not_applicable, not_applicable, not_applicable};
  const int type = ports.first >> 8, last_type = ports.last >> 8, code = ports.first & 255,
            last_code = ports.last & 255;
  const auto first = [](int low, int high) {
    return low == 0 && high == 255 ? std::string{"All"} : std::to_string(low);
  };
  const auto last = [](int low, int high) {
    return low == high || (low == 0 && high == 255) ? std::string{not_applicable} : std::to_string(high);
  };
  if (protocol == IpProtocol::mobility) {  // has no codes
    return {first(type, last_type), last(type, last_type), not_applicable, not_applicable};
  }
  return {first(type, last_type), last(type, last_type), first(code, last_code), last(code, last_code)};
}

}  // namespace adit::tools::ipsec
