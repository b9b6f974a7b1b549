#pragma once
// One transform of phase 2: what a proposal says of an offer, and whether a peer's transform says the same (RFC 2407
// §4.4.3 to §4.5; AES by RFC 3602, RFC 3686, RFC 4106, RFC 4309, RFC 4543; SHA2 by RFC 4868; extended sequence numbers
// by RFC 4304; UDP encapsulation by RFC 3947 §5.1).

#include <vector>

#include "ike/v1/offers.h"

namespace adit::ike::v1 {

/// What an offer makes of a pair.
contract::ChildTransforms transforms_of(const policy::DataOffer& offer);
contract::EncapsulationMode mode_of(const policy::DataOffer& offer);
bool is_usable(const policy::DataOffer& offer, const Phase2Terms& terms);

/// What each of its proposals is about (RFC 2408 §4.2): of a bundle AH, then ESP without authentication of its own.
std::vector<contract::ChildTransforms> parts_of(const policy::DataOffer& offer);
enum class SequenceNumbers : std::uint8_t { extended, plain };  // RFC 4304 §2
/// A part as it is proposed, with the group of the terms.
wire::v1::Transform transform_of(const policy::DataOffer& offer, const contract::ChildTransforms& part,
                                 SequenceNumbers numbers, const Phase2Terms& terms);

/// Whether a peer's transform is that part of an offer of ours, whatever the group and the lifetime; what is not known
/// is passed over (RFC 2408 §5.5, §5.6).
bool is_offer(const wire::v1::Proposal& proposal, const wire::v1::Transform& theirs, const policy::DataOffer& offer,
              const contract::ChildTransforms& part, const Phase2Terms& terms);
GroupId group_of(const wire::v1::Transform& transform);
SequenceNumbers numbers_of(const wire::v1::Transform& transform);

}  // namespace adit::ike::v1
