#pragma once
// What the data plane needs of an IP header, read from a packet and written before one. No more: selectors are read
// elsewhere.

#include <cstdint>
#include <optional>

#include "base/ip_address.h"

namespace adit::stack {

inline constexpr std::size_t ipv4_header_size = 20;  // without options
inline constexpr std::size_t ipv6_header_size = 40;
inline constexpr std::size_t udp_header_size = 8;
/// Of the outer headers that we build (IANA's recommended default).
inline constexpr std::uint8_t default_hop_limit = 64;

/// Numbers in the protocol or next header field that encapsulation meets (IANA protocol numbers).
struct NextHeader {
  static constexpr std::uint8_t hop_by_hop = 0;
  static constexpr std::uint8_t ipv4 = 4;
  static constexpr std::uint8_t udp = 17;
  static constexpr std::uint8_t ipv6 = 41;
  static constexpr std::uint8_t routing = 43;
  static constexpr std::uint8_t fragment = 44;
  static constexpr std::uint8_t esp = 50;
  static constexpr std::uint8_t ah = 51;
  static constexpr std::uint8_t none = 59;  // of ESP: a dummy packet (RFC 4303 §2.6)
  static constexpr std::uint8_t destination_options = 60;
};

/// The fields of the first IP header of a packet. Its lengths are checked against the octets there are.
struct IpHeader {
  IpFamily family{};
  std::uint8_t traffic_class = 0;  ///< DSCP and ECN
  std::uint8_t hop_limit = 0;
  std::uint8_t next_header = 0;   ///< of IPv6: of the first header alone
  bool dont_fragment = false;     ///< IPv4's DF; IPv6 packets are never fragmented on the way: true
  bool is_fragment = false;       ///< IPv4; IPv6 says it in an extension header
  std::uint16_t header_size = 0;  ///< IPv4: with options
  std::uint32_t total_size = 0;   ///< header and payload as the header claims; at most the octets given

  static std::optional<IpHeader> read(Bytes packet);
};

/// An IP header to be put before a payload: of the tunnel, or of a transport-mode packet that is built anew.
struct OuterHeader {
  IpAddress source, destination;  ///< one family
  std::uint8_t traffic_class = 0;
  std::uint8_t hop_limit = default_hop_limit;
  std::uint8_t next_header = NextHeader::esp;
  bool dont_fragment = false;        ///< IPv4
  std::uint16_t identification = 0;  ///< IPv4, where fragments are allowed (RFC 6864 §4)

  std::size_t size() const { return source.is_v4() ? ipv4_header_size : ipv6_header_size; }
  /// Writes size() octets, the IPv4 checksum included.
  void write(std::uint8_t* at, std::size_t payload_size) const;
};

/// Writes a UDP header of zero checksum, as RFC 3948 §2.1 wants before ESP.
void write_udp_header(std::uint8_t* at, std::uint16_t source_port, std::uint16_t destination_port,
                      std::size_t payload_size);

/// Writes how long the packet is, header included; not the IPv4 checksum.
void set_total_size(std::uint8_t* packet, std::size_t total_size);
/// Computes the checksum of an IPv4 header with its options; of IPv6, which has none, nothing.
void renew_header_checksum(std::uint8_t* packet);

/// Sets DSCP and ECN of a packet, and corrects the IPv4 checksum by the difference (RFC 1624).
void set_traffic_class(std::uint8_t* packet, std::uint8_t traffic_class);

}  // namespace adit::stack
