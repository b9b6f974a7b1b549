#include "ike/v1/phase2_transforms.h"

#include <algorithm>
#include <array>

#include "ike/v1/attributes.h"
#include "ike/v2/proposals.h"

namespace adit::ike::v1 {

namespace {

constexpr std::uint64_t extended = 1;

struct IntegrityNumber {
  IntegrityId ours;
  std::uint64_t algorithm;  ///< of the attribute
  std::uint8_t transform;   ///< of AH (RFC 2407 §4.4.3.1, §4.4.3.2), which has no encryption (RFC 2407 §4.4.1.2)
};
constexpr std::array integrity_numbers = {
    IntegrityNumber{IntegrityId::hmac_md5_96, 1, 2},       IntegrityNumber{IntegrityId::hmac_sha1_96, 2, 3},
    IntegrityNumber{IntegrityId::hmac_sha2_256_128, 5, 5}, IntegrityNumber{IntegrityId::hmac_sha2_384_192, 6, 6},
    IntegrityNumber{IntegrityId::hmac_sha2_512_256, 7, 7}, IntegrityNumber{IntegrityId::aes_xcbc_96, 9, 9},
    IntegrityNumber{IntegrityId::aes_128_gmac, 11, 11},    IntegrityNumber{IntegrityId::aes_192_gmac, 12, 12},
    IntegrityNumber{IntegrityId::aes_256_gmac, 13, 13},
};
const IntegrityNumber* number_of(IntegrityId id) {
  const auto found = std::ranges::find(integrity_numbers, id, &IntegrityNumber::ours);
  return found == integrity_numbers.end() ? nullptr : &*found;
}

/// ESP's transform number: IKEv2's, but for GMAC; NULL too (RFC 2407 §4.4.4.11). 0: IKEv1 has none.
std::uint8_t esp_transform(EncryptionId id) {
  constexpr std::uint8_t null_auth_aes_gmac = 23;
  switch (id) {
    case EncryptionId::triple_des:
    case EncryptionId::null:
    case EncryptionId::aes_cbc:
    case EncryptionId::aes_ctr:
    case EncryptionId::aes_ccm_8:
    case EncryptionId::aes_ccm_12:
    case EncryptionId::aes_ccm_16:
    case EncryptionId::aes_gcm_8:
    case EncryptionId::aes_gcm_12:
    case EncryptionId::aes_gcm_16:
      return static_cast<std::uint8_t>(id);
    case EncryptionId::null_auth_aes_gmac:
      return null_auth_aes_gmac;
    case EncryptionId::none:
    case EncryptionId::des:
    case EncryptionId::chacha20_poly1305:
      break;
  }
  return 0;
}

/// RFC 2407 §4.5 for tunnel and transport mode, RFC 3947 §5.1 in UDP, the drafts with numbers of their own.
std::uint64_t mode_number(contract::EncapsulationMode mode, const Phase2Terms& terms) {
  const std::uint64_t plain = mode == contract::EncapsulationMode::tunnel ? 1 : 2;
  constexpr std::uint64_t in_udp = 2, in_udp_of_drafts = 61442;
  if (terms.path == Path::direct) return plain;
  return plain + (terms.nat_traversal == NatTraversal::rfc_3947 ? in_udp : in_udp_of_drafts);
}

/// What the Key Length attribute says; 0: there is none.
std::uint64_t told_key_bits(const contract::ChildTransforms& transforms) {
  const EncryptionFacts* facts = find(transforms.encryption);  // told where there are several (RFC 2407 §4.5)
  const bool is_told = transforms.protocol == contract::SaProtocol::esp && facts != nullptr && facts->has_key_length;
  return is_told ? transforms.key_bits : 0;
}

std::uint8_t transform_id(const contract::ChildTransforms& part) {
  return part.protocol == contract::SaProtocol::ah ? number_of(part.integrity)->transform
                                                   : esp_transform(part.encryption);
}

bool has_numbers(const contract::ChildTransforms& part) {
  if (part.protocol == contract::SaProtocol::ah) return number_of(part.integrity) != nullptr;
  return esp_transform(part.encryption) != 0 &&
         (part.integrity == IntegrityId::none || number_of(part.integrity) != nullptr);
}

bool is_known(std::uint16_t type) {
  switch (static_cast<Phase2Attribute>(type)) {
    case Phase2Attribute::life_type:
    case Phase2Attribute::life_duration:
    case Phase2Attribute::group:
    case Phase2Attribute::mode:
    case Phase2Attribute::integrity:
    case Phase2Attribute::key_length:
    case Phase2Attribute::extended_sequence_numbers:
      return true;
  }
  return false;
}

bool has_mode(const std::optional<std::uint64_t>& said, const policy::DataOffer& offer,
              const contract::ChildTransforms& part, const Phase2Terms& terms) {
  // Without the attribute the mode is the receiver's own (RFC 2407 §4.5): what we would say ourselves.
  const std::uint64_t wanted = mode_number(mode_of(offer), terms);
  if (said.value_or(wanted) == wanted) return true;
  // A peer may say that AH stands in transport mode beside ESP's tunnel (RFC 2401 §4.5, transport adjacency): between
  // the same two ends that is the same packet, with one outer header. The other way round is another one.
  return offer.is_bundle() && part.protocol == contract::SaProtocol::ah &&
         said == mode_number(contract::EncapsulationMode::transport, terms);
}

}  // namespace

contract::ChildTransforms transforms_of(const policy::DataOffer& offer) { return v2::transforms_of(offer); }

contract::EncapsulationMode mode_of(const policy::DataOffer& offer) {
  return offer.how_to_encap == policy::EncapsulationChoice::transport ? contract::EncapsulationMode::transport
                                                                      : contract::EncapsulationMode::tunnel;
}

bool is_usable(const policy::DataOffer& offer, const Phase2Terms& terms) {
  if (offer.ah && terms.path == Path::behind_nat) return false;  // AH does not pass a NAT
  if (mode_of(offer) == contract::EncapsulationMode::transport && terms.ends == Ends::gateways) return false;
  return std::ranges::all_of(parts_of(offer), has_numbers);
}

std::vector<contract::ChildTransforms> parts_of(const policy::DataOffer& offer) {
  contract::ChildTransforms whole = transforms_of(offer);
  if (!offer.is_bundle()) return {whole};
  const contract::ChildTransforms around{.protocol = contract::SaProtocol::ah, .integrity = whole.around_esp};
  whole.around_esp = IntegrityId::none;
  return {around, whole};
}

wire::v1::Transform transform_of(const policy::DataOffer& offer, const contract::ChildTransforms& part,
                                 SequenceNumbers numbers, const Phase2Terms& terms) {
  using enum Phase2Attribute;
  wire::v1::Transform transform{.id = transform_id(part)};
  auto& list = transform.attributes;
  list.push_back(attribute(life_type, life_in_seconds));
  list.push_back(attribute(life_duration, static_cast<std::uint64_t>(Seconds{offer.lifetime}.count())));
  if (offer.lifesize_kbytes) {
    list.push_back(attribute(life_type, life_in_kilobytes));
    list.push_back(attribute(life_duration, *offer.lifesize_kbytes));
  }
  // With a KE payload in every transform (RFC 2409 §5.5).
  if (terms.group != GroupId::none) list.push_back(attribute(group, std::to_underlying(terms.group)));
  list.push_back(attribute(mode, mode_number(mode_of(offer), terms)));
  // What authenticates says how, and ESP that does not says nothing (RFC 2407 §4.4.4, §4.5, §4.5.1).
  if (part.integrity != IntegrityId::none) {
    list.push_back(attribute(integrity, number_of(part.integrity)->algorithm));
  }
  if (const auto bits = told_key_bits(part); bits != 0) list.push_back(attribute(key_length, bits));
  if (numbers == SequenceNumbers::extended) list.push_back(attribute(extended_sequence_numbers, extended));
  return transform;
}

bool is_offer(const wire::v1::Proposal& proposal, const wire::v1::Transform& theirs, const policy::DataOffer& offer,
              const contract::ChildTransforms& part, const Phase2Terms& terms) {
  using enum Phase2Attribute;
  if (!is_usable(offer, terms)) return false;
  const auto value = [&](Phase2Attribute type) { return theirs.find(std::to_underlying(type)); };
  for (const wire::Attribute& each : theirs.attributes) {
    if (!is_known(each.type)) return false;  // RFC 2407 §4.5.3, RFC 4304 §3
  }
  if (has_conflict(theirs, std::to_underlying(life_type), std::to_underlying(life_duration))) return false;
  if (proposal.protocol != std::to_underlying(part.protocol) || theirs.id != transform_id(part)) return false;
  const std::uint64_t wanted_integrity = part.integrity == IntegrityId::none ? 0 : number_of(part.integrity)->algorithm;
  if (value(integrity).value_or(0) != wanted_integrity) return false;
  if (value(key_length).value_or(0) != told_key_bits(part)) return false;
  if (!has_mode(value(mode), offer, part, terms)) return false;
  return value(extended_sequence_numbers).value_or(extended) == extended;
}

GroupId group_of(const wire::v1::Transform& transform) {
  const std::uint64_t number = transform.find(std::to_underlying(Phase2Attribute::group)).value_or(0);
  return number > UINT16_MAX ? GroupId{UINT16_MAX} : static_cast<GroupId>(number);
}

SequenceNumbers numbers_of(const wire::v1::Transform& transform) {
  const auto said = transform.find(std::to_underlying(Phase2Attribute::extended_sequence_numbers));
  return said == extended ? SequenceNumbers::extended : SequenceNumbers::plain;
}

}  // namespace adit::ike::v1
