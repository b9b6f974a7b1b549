#pragma once
// The Identification payload (RFC 2408 §3.8, §5.8; RFC 2407 §4.6.2): who a peer is, in phase 1; what traffic an SA
// carries, in phase 2.

#include <expected>
#include <optional>

#include "base/identity.h"
#include "base/reader.h"
#include "base/traffic_selector.h"
#include "base/writer.h"

namespace adit::ike::wire::v1 {

/// RFC 2407 §4.6.2.1. Those that name one peer have IKEv2's numbers.
enum class IdType : std::uint8_t {
  ipv4_addr = 1,
  fqdn = 2,
  user_fqdn = 3,
  ipv4_addr_subnet = 4,
  ipv6_addr = 5,
  ipv6_addr_subnet = 6,
  ipv4_addr_range = 7,
  ipv6_addr_range = 8,
  der_asn1_dn = 9,
  der_asn1_gn = 10,
  key_id = 11,
};
bool is_known(IdType type);

struct Identification {
  IdType type{};
  std::uint8_t protocol = 0;  ///< 0: any
  std::uint16_t port = 0;     ///< 0: any; 65535: opaque
  ByteString value;

  static std::expected<Identification, ParseError> parse(Bytes body);
  void build(Writer& out) const;
  bool operator==(const Identification&) const = default;

  static Identification of(const Identity& identity);
  /// The peer that it names, in phase 1; nothing for subnets and ranges, and with a protocol or port that a peer has
  /// not (RFC 2407 §4.6.2).
  std::optional<Identity> identity() const;

  /// One address, a subnet where the range is one, else a range. Nothing when the ports are neither all nor one: IKEv1
  /// has no ranges of them, nor ICMP types.
  static std::optional<Identification> of(const TrafficSelector& selector);
  /// The traffic that it names; nothing for names, and for masks that are no prefix.
  std::optional<TrafficSelector> selector() const;
};

}  // namespace adit::ike::wire::v1
