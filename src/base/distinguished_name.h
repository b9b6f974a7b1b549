#pragma once
// X.500 distinguished names: text of the policy language (reference: X500dn, most specific RDN first) and DER of
// certificates and ID payloads (RFC 5280 §4.1.2.4), with the comparison of RFC 5280 §7.1.

#include <compare>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/reader.h"

namespace adit {

/// A name with more than this is refused: no certificate in use comes near it.
inline constexpr std::size_t most_rdns = 64;
inline constexpr std::size_t most_attributes_of_rdn = 16;

/// One attribute of a relative distinguished name.
struct NameAttribute {
  ByteString type;    ///< the object identifier's content octets
  std::uint8_t tag;   ///< ASN.1 string type of the value
  std::string value;  ///< as encoded

  /// The value in UTF-8; nothing when its type is no character string or the octets do not fit the type.
  std::optional<std::string> text() const;
  auto operator<=>(const NameAttribute&) const = default;
};

struct DistinguishedName {
  std::vector<std::vector<NameAttribute>> rdns;  ///< in DER order: least specific first

  static std::expected<DistinguishedName, ParseError> parse_der(Bytes der);
  /// `CN=a,OU=b,C=c` with `\` escapes of RFC 4514; an error names the offset of what is wrong.
  static std::expected<DistinguishedName, ParseError> parse(std::string_view text);
  ByteString to_der() const;
  std::string to_string() const;  ///< most specific first
  /// Equal by RFC 5280 §7.1: string types folded, case and runs of blanks passed over.
  bool matches(const DistinguishedName& other) const;
  auto operator<=>(const DistinguishedName&) const = default;
};

}  // namespace adit
