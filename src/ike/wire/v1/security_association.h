#pragma once
// The Security Association payload of IKEv1: one situation, proposals of which those with one number are wanted
// together, transforms as alternatives with attributes (RFC 2408 §3.4, §3.5, §3.6, §5.4, §5.5, §5.6; RFC 2407 §4.2 and
// §4.6.1). Numbers are kept as sent.

#include <expected>
#include <optional>
#include <vector>

#include "base/reader.h"
#include "base/writer.h"
#include "ike/wire/security_association.h"

namespace adit::ike::wire::v1 {

inline constexpr std::uint32_t doi_isakmp = 0;  // generic (RFC 2408 §3.4)
inline constexpr std::uint32_t doi_ipsec = 1;   // RFC 2407 §4.2
inline constexpr std::uint32_t identity_only = 1;

/// Of one transform: RFC 2409 appendix A knows 16 in phase 1, RFC 2407 §4.5 fewer.
inline constexpr std::size_t most_transform_attributes = 32;

/// An attribute in its basic form, or the variable one where the value takes more than two octets (RFC 2408 §3.3).
Attribute attribute_of(std::uint16_t type, std::uint32_t value);
/// The value as a number; nothing when it has more than eight octets, or none.
std::optional<std::uint64_t> number_of(const Attribute& attribute);

struct Transform {
  std::uint8_t number = 1;
  std::uint8_t id = 0;
  std::vector<Attribute> attributes;
  bool operator==(const Transform&) const = default;

  /// Of a type; nothing when there is none.
  std::optional<std::uint64_t> find(std::uint16_t type) const;
};

struct Proposal {
  std::uint8_t number = 1;
  std::uint8_t protocol = 0;  ///< ProtocolId where known
  ByteString spi;             ///< ISAKMP: none, or up to 16 octets without meaning (RFC 2408 §3.5)
  std::vector<Transform> transforms;
  bool operator==(const Proposal&) const = default;
};

struct SecurityAssociation {
  std::uint32_t doi = doi_ipsec;
  std::uint32_t situation = identity_only;
  std::vector<Proposal> proposals;

  /// Situations other than SIT_IDENTITY_ONLY have labels that follow them: they are refused here (RFC 2407 §4.2.2,
  /// §4.2.3).
  static std::expected<SecurityAssociation, ParseError> parse(Bytes body);
  void build(Writer& out) const;
  bool operator==(const SecurityAssociation&) const = default;
};

}  // namespace adit::ike::wire::v1
