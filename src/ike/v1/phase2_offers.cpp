// Phase 2's proposals (RFC 2407 §4.4.3 to §4.5; AES by RFC 3602, RFC 3686, RFC 4106, RFC 4309, RFC 4543; SHA2 by RFC
// 4868; extended sequence numbers by RFC 4304; UDP encapsulation by RFC 3947 §5.1).

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ike/v1/attributes.h"
#include "ike/v1/offers.h"

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

contract::ChildTransforms transforms_of(const policy::DataOffer& offer) {
  const EncryptionFacts* facts = find(offer.encryption);
  const bool is_combined = facts != nullptr && facts->is_aead();
  return {.protocol = offer.ah ? contract::SaProtocol::ah : contract::SaProtocol::esp,
          .encryption = offer.encryption,
          .key_bits = offer.key_bits,
          .integrity = is_combined ? IntegrityId::none : offer.integrity};
}

/// What the Key Length attribute says; 0: there is none.
std::uint64_t told_key_bits(const contract::ChildTransforms& transforms) {
  const EncryptionFacts* facts = find(transforms.encryption);  // told where there are several (RFC 2407 §4.5)
  const bool is_told = transforms.protocol == contract::SaProtocol::esp && facts != nullptr && facts->has_key_length;
  return is_told ? transforms.key_bits : 0;
}

contract::EncapsulationMode mode_of(const policy::DataOffer& offer) {
  return offer.how_to_encap == policy::EncapsulationChoice::transport ? contract::EncapsulationMode::transport
                                                                      : contract::EncapsulationMode::tunnel;
}

bool is_usable(const policy::DataOffer& offer, const Phase2Terms& terms) {
  if (offer.ah && offer.encryption != EncryptionId::none) return false;  // a bundle: no stack of ours has one
  if (offer.ah && terms.path == Path::behind_nat) return false;          // AH does not pass a NAT
  if (mode_of(offer) == contract::EncapsulationMode::transport && terms.ends == Ends::gateways) return false;
  if (offer.ah) return number_of(offer.integrity) != nullptr;
  return esp_transform(offer.encryption) != 0 &&
         (offer.integrity == IntegrityId::none || number_of(offer.integrity) != nullptr);
}

std::uint8_t transform_id(const contract::ChildTransforms& transforms) {
  return transforms.protocol == contract::SaProtocol::ah ? number_of(transforms.integrity)->transform
                                                         : esp_transform(transforms.encryption);
}

wire::v1::Transform transform_of(const policy::DataOffer& offer, GroupId pfs, const Phase2Terms& terms) {
  using enum Phase2Attribute;
  const contract::ChildTransforms transforms = transforms_of(offer);
  wire::v1::Transform transform{.id = transform_id(transforms)};
  auto& list = transform.attributes;
  list.push_back(attribute(life_type, life_in_seconds));
  list.push_back(attribute(life_duration, static_cast<std::uint64_t>(Seconds{offer.lifetime}.count())));
  if (offer.lifesize_kbytes) {
    list.push_back(attribute(life_type, life_in_kilobytes));
    list.push_back(attribute(life_duration, *offer.lifesize_kbytes));
  }
  // With a KE payload in every transform (RFC 2409 §5.5).
  if (pfs != GroupId::none) list.push_back(attribute(group, std::to_underlying(pfs)));
  list.push_back(attribute(mode, mode_number(mode_of(offer), terms)));
  // What authenticates says how (RFC 2407 §4.4.4, §4.5.1).
  if (transforms.integrity != IntegrityId::none) {
    list.push_back(attribute(integrity, number_of(transforms.integrity)->algorithm));
  }
  if (const auto bits = told_key_bits(transforms); bits != 0) list.push_back(attribute(key_length, bits));
  return transform;
}

wire::v1::Transform with_extended_numbers(wire::v1::Transform transform) {
  transform.attributes.push_back(attribute(Phase2Attribute::extended_sequence_numbers, extended));  // RFC 4304 §2
  return transform;
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

ByteString octets_of(InboundSpi spi) {
  Writer out;
  out.u32(spi.value());
  return std::move(out).take();
}

std::optional<OutboundSpi> spi_of(const wire::v1::Proposal& proposal) {
  constexpr std::uint32_t reserved = 255;  // 0 to 255 name no SA (RFC 4303 §2.1)
  if (proposal.spi.size() != sizeof(std::uint32_t)) return std::nullopt;
  Reader in{proposal.spi};
  const OutboundSpi spi{in.u32("SPI")};
  return spi.value() <= reserved ? std::nullopt : std::optional{spi};
}

/// Whether a peer's transform is one offer of ours, whatever the group and the lifetime; what is not known is passed
/// over (RFC 2408 §5.5, §5.6).
bool is_offer(const wire::v1::Proposal& proposal, const wire::v1::Transform& theirs, const policy::DataOffer& offer,
              const Phase2Terms& terms) {
  using enum Phase2Attribute;
  if (!is_usable(offer, terms)) return false;
  const contract::ChildTransforms ours = transforms_of(offer);
  const auto value = [&](Phase2Attribute type) { return theirs.find(std::to_underlying(type)); };
  for (const wire::Attribute& each : theirs.attributes) {
    if (!is_known(each.type)) return false;  // RFC 2407 §4.5.3, RFC 4304 §3
  }
  if (has_conflict(theirs, std::to_underlying(life_type), std::to_underlying(life_duration))) return false;
  if (proposal.protocol != std::to_underlying(ours.protocol) || theirs.id != transform_id(ours)) return false;
  const std::uint64_t wanted_integrity = ours.integrity == IntegrityId::none ? 0 : number_of(ours.integrity)->algorithm;
  if (value(integrity).value_or(0) != wanted_integrity) return false;
  if (value(key_length).value_or(0) != told_key_bits(ours)) return false;
  // Without the attribute the mode is the receiver's own (RFC 2407 §4.5): what we would say ourselves.
  const std::uint64_t wanted_mode = mode_number(mode_of(offer), terms);
  if (value(mode).value_or(wanted_mode) != wanted_mode) return false;
  return value(extended_sequence_numbers).value_or(extended) == extended;
}

GroupId group_of(const wire::v1::Transform& transform) {
  const std::uint64_t number = transform.find(std::to_underlying(Phase2Attribute::group)).value_or(0);
  return number > UINT16_MAX ? GroupId{UINT16_MAX} : static_cast<GroupId>(number);
}

Phase2Choice choice_of(const policy::DataOffer& offer, const wire::v1::Transform& transform, OutboundSpi spi) {
  Phase2Choice choice{.offer = &offer,
                      .transforms = transforms_of(offer),
                      .mode = mode_of(offer),
                      .group = group_of(transform),
                      .lifetime = offer.lifetime,
                      .lifesize_kbytes = offer.lifesize_kbytes,
                      .peer_spi = spi};
  choice.transforms.extended_sequence_numbers =
      transform.find(std::to_underlying(Phase2Attribute::extended_sequence_numbers)) == extended;
  return choice;
}

}  // namespace

wire::v1::SecurityAssociation phase2_offer(const policy::DynVpnAction& action, InboundSpi spi,
                                           const Phase2Terms& terms) {
  wire::v1::SecurityAssociation sa;
  for (const policy::DataOffer& offer : action.offers) {
    if (!is_usable(offer, terms) || sa.proposals.size() == wire::most_proposals) continue;
    wire::v1::Transform plain = transform_of(offer, terms.group, terms);
    wire::v1::Transform with_extended = with_extended_numbers(plain);
    plain.number = 2;
    sa.proposals.push_back({.number = narrow<std::uint8_t>(sa.proposals.size() + 1),
                            .protocol = std::to_underlying(transforms_of(offer).protocol),
                            .spi = octets_of(spi),
                            .transforms = {std::move(with_extended), std::move(plain)}});
  }
  return sa;
}

std::optional<Phase2Answer> choose_phase2(const policy::DynVpnAction& action,
                                          const wire::v1::SecurityAssociation& offered, InboundSpi spi,
                                          const Phase2Terms& terms) {
  if (offered.doi != wire::v1::doi_ipsec) return std::nullopt;  // RFC 2408 §5.4
  for (const wire::v1::Proposal& proposal : offered.proposals) {
    // Proposals of one number are wanted together (RFC 2408 §4.2).
    const bool is_bundle = std::ranges::count(offered.proposals, proposal.number, &wire::v1::Proposal::number) > 1;
    const auto peer_spi = spi_of(proposal);
    if (is_bundle || !peer_spi) continue;
    for (const wire::v1::Transform& transform : proposal.transforms) {
      const GroupId group = group_of(transform);
      if (std::ranges::find(action.acceptable_pfs, group) == action.acceptable_pfs.end()) continue;
      for (const policy::DataOffer& offer : action.offers) {
        if (!is_offer(proposal, transform, offer, terms)) continue;
        const Life life = life_of(transform, std::to_underlying(Phase2Attribute::life_type),
                                  std::to_underlying(Phase2Attribute::life_duration));
        if (!is_accepted(life, {offer.lifetime_least, offer.lifetime_most, offer.lifesize_accepted})) continue;
        Phase2Choice choice = choice_of(offer, transform, *peer_spi);
        if (life.seconds) choice.lifetime = Seconds{*life.seconds};
        choice.lifesize_kbytes = life.kilobytes;
        // One proposal with one transform, as it came (RFC 2409 §3.2, §5).
        wire::v1::SecurityAssociation answer;
        answer.proposals.push_back({.number = proposal.number,
                                    .protocol = proposal.protocol,
                                    .spi = octets_of(spi),
                                    .transforms = {transform}});
        return Phase2Answer{.choice = choice, .answer = std::move(answer)};
      }
    }
  }
  return std::nullopt;
}

std::optional<Phase2Choice> chosen_phase2(const policy::DynVpnAction& action,
                                          const wire::v1::SecurityAssociation& answer, const Phase2Terms& terms) {
  if (answer.doi != wire::v1::doi_ipsec || answer.proposals.size() != 1) return std::nullopt;
  if (answer.proposals.front().transforms.size() != 1) return std::nullopt;
  const wire::v1::Proposal& proposal = answer.proposals.front();
  const wire::v1::Transform& transform = proposal.transforms.front();
  const auto peer_spi = spi_of(proposal);
  if (!peer_spi || group_of(transform) != terms.group) return std::nullopt;
  for (const policy::DataOffer& offer : action.offers) {
    if (!is_usable(offer, terms) || proposal.protocol != std::to_underlying(transforms_of(offer).protocol)) continue;
    // An attribute that has changed, come or gone makes it another offer (RFC 2409 §5, RFC 2408 §4.2).
    const auto is_answer_to = [&](const wire::v1::Transform& offered) {
      return is_as_offered(transform, offered, std::to_underlying(Phase2Attribute::life_type),
                           std::to_underlying(Phase2Attribute::life_duration));
    };
    const wire::v1::Transform plain = transform_of(offer, terms.group, terms);
    if (is_answer_to(plain) || is_answer_to(with_extended_numbers(plain))) {
      return choice_of(offer, transform, *peer_spi);
    }
  }
  return std::nullopt;
}

std::string describe(const wire::v1::Transform& transform) {
  std::string text = fmt::format("transform {}", transform.id);
  for (const wire::Attribute& each : transform.attributes) {
    text += fmt::format(" {}={}", each.type, wire::v1::number_of(each).value_or(0));
  }
  return text;
}

std::string describe(const wire::v1::SecurityAssociation& offered) {
  constexpr std::size_t most_shown = 8;
  std::string text;
  std::size_t shown = 0;
  for (const wire::v1::Proposal& proposal : offered.proposals) {
    for (const wire::v1::Transform& transform : proposal.transforms) {
      if (shown++ == most_shown) return text + "; …";
      if (!text.empty()) text += "; ";
      text += fmt::format("proposal {} protocol {} {}", proposal.number, proposal.protocol, describe(transform));
    }
  }
  return text;
}

std::string describe_acceptable(const policy::DynVpnAction& action) {
  std::string text;
  for (const policy::DataOffer& offer : action.offers) {
    if (!text.empty()) text += "; ";
    text += fmt::format("{} {} {} to {} min ({}, {})", transforms_of(offer).to_string(),
                        mode_of(offer) == contract::EncapsulationMode::tunnel ? "tunnel" : "transport",
                        offer.lifetime_least.count(), offer.lifetime_most.count(), offer.name, offer.at.to_string());
  }
  return text;
}

}  // namespace adit::ike::v1
