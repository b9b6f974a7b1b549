#pragma once
// Who a peer says it is: the body of an IKE identification payload (RFC 7296 §3.5).

#include <string>

#include "base/bytes.h"

namespace adit {

enum class IdentityType : std::uint8_t {
  ipv4_addr = 1,
  fqdn = 2,
  user_fqdn = 3,  // ID_RFC822_ADDR
  ipv6_addr = 5,
  der_asn1_dn = 9,
  der_asn1_gn = 10,
  key_id = 11,
};

constexpr bool is_known(IdentityType type) {
  using enum IdentityType;
  switch (type) {
    case ipv4_addr:
    case fqdn:
    case user_fqdn:
    case ipv6_addr:
    case der_asn1_dn:
    case der_asn1_gn:
    case key_id:
      return true;
  }
  return false;
}

/// `ID_FQDN` and so on, as the operators' reports print it.
std::string name_of(IdentityType type);

struct Identity {
  IdentityType type{};
  ByteString value;  ///< as on the wire: 4 or 16 octets, text without terminator, DER, or opaque

  /// `192.0.2.1`, `host.example.com`, `CN=a,O=b`, `0x0102` for a key ID that is not printable.
  std::string to_string() const;
  auto operator<=>(const Identity&) const = default;
};

}  // namespace adit
