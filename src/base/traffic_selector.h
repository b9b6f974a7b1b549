#pragma once
// What traffic an SA carries, in the terms of RFC 7296 §3.13.1 and RFC 4301 §4.4.1.1, and the same fields of one
// packet.

#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"

namespace adit {

/// IP protocol numbers that selectors treat by name (IANA protocol numbers).
struct IpProtocol {
  static constexpr std::uint8_t any = 0;
  static constexpr std::uint8_t icmp = 1;
  static constexpr std::uint8_t tcp = 6;
  static constexpr std::uint8_t udp = 17;
  static constexpr std::uint8_t esp = 50;
  static constexpr std::uint8_t ah = 51;
  static constexpr std::uint8_t icmpv6 = 58;
  static constexpr std::uint8_t mobility = 135;
};

/// What of an upper layer's header selectors speak of (RFC 4301 §4.4.1.1).
enum class UpperFields : std::uint8_t {
  none,
  ports,  ///< two, one of each end
  type    ///< one of the packet: ICMP and ICMPv6 with a code beside it; MIPv6 and OSPF without
};
UpperFields upper_fields(std::uint8_t protocol);

/// Ports, both ends included; for ICMP and ICMPv6 type << 8 | code, for MIPv6 and OSPF type << 8. 65535 to 0 is OPAQUE:
/// what a fragment hides, or is not there (RFC 7296 §3.13.1).
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 65535;

  static constexpr PortRange all() { return {0, 65535}; }
  static constexpr PortRange opaque() { return {65535, 0}; }
  static constexpr PortRange of(std::uint16_t port) { return {port, port}; }
  constexpr bool is_all() const { return *this == all(); }
  constexpr bool is_opaque() const { return *this == opaque(); }
  constexpr bool contains(std::uint16_t port) const { return first <= port && port <= last; }
  constexpr bool contains(const PortRange& other) const {
    return is_all() || *this == other || (!other.is_opaque() && first <= other.first && other.last <= last);
  }
  std::optional<PortRange> intersection(const PortRange& other) const;
  auto operator<=>(const PortRange&) const = default;
};

struct TrafficSelector {
  std::uint8_t protocol = IpProtocol::any;
  PortRange ports;
  IpRange addresses;

  bool contains(const TrafficSelector& other) const;
  std::optional<TrafficSelector> intersection(const TrafficSelector& other) const;
  /// `10.1.0.0/16`, `10.1.1.1[tcp/80]`, `10.1.1.1[icmp/8:0]`, `fd00::1[mipv6/5]`
  std::string to_string() const;
  auto operator<=>(const TrafficSelector&) const = default;
};

using TrafficSelectors = std::vector<TrafficSelector>;

/// Of one Child SA, on each side. A packet may be held against all of them.
inline constexpr std::size_t most_traffic_selectors = 16;

/// `10.1.0.0/16, 10.2.0.0/16`
std::string to_string(const TrafficSelectors& selectors);

/// The selector fields of one packet (RFC 4301 §4.4.1.1). With UpperFields::type both ports hold type << 8 | code, as
/// PortRange says.
struct PacketSelectors {
  IpAddress source, destination;
  std::uint8_t protocol = 0;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  bool ports_hidden = false;  ///< a fragment other than the first, or a header that could not be read
  bool is_fragment = false;
  bool opens_connection = false;  ///< TCP SYN without ACK
  /// `tcp 10.1.1.1[1024] -> 10.1.1.2[80]`
  std::string to_string() const;
  auto operator<=>(const PacketSelectors&) const = default;
};

enum class PacketEnd : std::uint8_t { source, destination };
/// Whether one end of a packet falls into a selector: its address, its port where the protocol has ports. A type and
/// code are no end's own: the selectors of whoever sends say what may be sent, those of the other end say nothing about
/// it (RFC 4301 §4.4.1.3 B to D).
bool covers(const TrafficSelector& selector, const PacketSelectors& packet, PacketEnd end);
/// Whether a packet is one from `sources` to `destinations`: any of the ones with any of the others (RFC 7296 §2.9).
bool carry(const TrafficSelectors& sources, const TrafficSelectors& destinations, const PacketSelectors& packet);

/// `tcp`, `icmpv6`, or the number.
std::string protocol_name(std::uint8_t protocol);

}  // namespace adit
