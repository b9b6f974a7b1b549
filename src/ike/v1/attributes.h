#pragma once
// Attribute types and values of IKEv1's transforms, in phase 1 (RFC 2409 appendix A) and phase 2 (RFC 2407 §4.5,
// §4.5.1), and what both say about lifetimes in the same way.

#include <optional>

#include "base/time.h"
#include "ike/wire/v1/security_association.h"
#include "policy/model.h"

namespace adit::ike::v1 {

enum class Phase1Attribute : std::uint16_t {
  encryption = 1,
  hash = 2,
  method = 3,
  group = 4,
  life_type = 11,
  life_duration = 12,
  key_length = 14,
};
enum class Phase2Attribute : std::uint16_t {
  life_type = 1,
  life_duration = 2,
  group = 3,
  mode = 4,
  integrity = 5,
  key_length = 6,
  extended_sequence_numbers = 11,  // RFC 4304 §2.1
};
inline constexpr std::uint64_t life_in_seconds = 1, life_in_kilobytes = 2;

template <class Attribute>
wire::Attribute attribute(Attribute type, std::uint64_t value) {
  return wire::v1::attribute_of(std::to_underlying(type), narrow<std::uint32_t>(value));
}

/// How long an SA is to live: each life type is followed by its duration (RFC 2407 §4.5).
struct Life {
  std::optional<std::uint64_t> seconds, kilobytes;
  bool is_sound = true;  ///< no type without a duration, none twice
};
Life life_of(const wire::v1::Transform& transform, std::uint16_t type, std::uint16_t duration);

/// Whether an attribute stands there twice with different values (RFC 2407 §4.5.2): of lifetimes `life_of` judges.
bool has_conflict(const wire::v1::Transform& transform, std::uint16_t life_type, std::uint16_t life_duration);

/// Whether an answer has the attributes of the transform that was offered, each with its value and no other; the
/// encoding and the order are the answerer's (RFC 2409 §5).
bool is_as_offered(const wire::v1::Transform& answer, const wire::v1::Transform& offered, std::uint16_t life_type,
                   std::uint16_t life_duration);

/// Whether the policy takes it: inside RefreshLifetimeAccepted and RefreshLifesizeAccepted, of which None takes only a
/// proposal without a lifesize. Without a lifetime it is ours that counts.
struct AcceptedLife {
  Minutes least{0}, most{0};
  std::optional<policy::LifesizeLimits> lifesize;
};
bool is_accepted(const Life& life, const AcceptedLife& accepted);

}  // namespace adit::ike::v1
