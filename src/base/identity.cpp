#include "base/identity.h"

#include <algorithm>

#include "base/distinguished_name.h"
#include "base/ip_address.h"

namespace adit {

std::string name_of(IdentityType type) {
  using enum IdentityType;
  switch (type) {
    case ipv4_addr:
      return "ID_IPV4_ADDR";
    case fqdn:
      return "ID_FQDN";
    case user_fqdn:
      return "ID_USER_FQDN";
    case ipv6_addr:
      return "ID_IPV6_ADDR";
    case der_asn1_dn:
      return "ID_DER_ASN1_DN";
    case der_asn1_gn:
      return "ID_DER_ASN1_GN";
    case key_id:
      return "ID_KEY_ID";
  }
  return "ID_" + std::to_string(static_cast<unsigned>(type));
}

std::string Identity::to_string() const {
  const auto is_printable = [](std::uint8_t octet) { return octet >= 0x20 && octet < 0x7f; };
  switch (type) {
    case IdentityType::ipv4_addr:
    case IdentityType::ipv6_addr:
      if (const auto address = IpAddress::from_octets(value)) return address->to_string();
      break;
    case IdentityType::der_asn1_dn:
      if (const auto name = DistinguishedName::parse_der(value)) return name->to_string();
      break;
    default:
      // What a peer sends goes into logs and reports: nothing but printable characters may pass.
      if (!value.empty() && std::ranges::all_of(value, is_printable)) return std::string{as_text(value)};
  }
  return "0x" + to_hex(value);
}

}  // namespace adit
