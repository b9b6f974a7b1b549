#pragma once
// The Security Association payload: proposals of transforms (RFC 7296 §3.3, §3.3.1, §3.3.2). Numbers are kept as sent:
// to pass over what is not known is the negotiation's task (§3.3.6), not the parser's.

#include <expected>
#include <optional>
#include <vector>

#include "base/algorithms.h"
#include "base/reader.h"
#include "base/writer.h"

namespace adit::ike::wire {

/// What a peer may send; a larger SA payload is refused before memory is taken for it.
inline constexpr std::size_t most_proposals = 64;
inline constexpr std::size_t most_transforms = 128;  // of one proposal
inline constexpr std::size_t most_attributes = 8;    // of one transform

enum class ProtocolId : std::uint8_t { none = 0, ike = 1, ah = 2, esp = 3 };

/// An attribute in its short form (two octets of value) or long form, as sent (RFC 7296 §3.3.5).
struct Attribute {
  std::uint16_t type = 0;  ///< without the format bit
  bool is_short = true;
  ByteString value;
  bool operator==(const Attribute&) const = default;
};

struct Transform {
  std::uint8_t type = 0;  ///< TransformType where known
  std::uint16_t id = 0;
  std::optional<std::uint16_t> key_bits;  ///< the Key Length attribute
  std::vector<Attribute> unknown;         ///< all others: a transform with one is not to be chosen (§3.3.6)
  bool operator==(const Transform&) const = default;
};

struct Proposal {
  std::uint8_t number = 1;
  std::uint8_t protocol = 0;  ///< ProtocolId where known
  ByteString spi;             ///< 0, 4 or 8 octets
  std::vector<Transform> transforms;
  bool operator==(const Proposal&) const = default;
};

struct SecurityAssociation {
  std::vector<Proposal> proposals;

  static std::expected<SecurityAssociation, ParseError> parse(Bytes body);
  void build(Writer& out) const;
  bool operator==(const SecurityAssociation&) const = default;
};

}  // namespace adit::ike::wire
