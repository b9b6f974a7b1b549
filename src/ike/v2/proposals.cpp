#include "ike/v2/proposals.h"

#include <fmt/format.h>

#include <algorithm>

namespace adit::ike::v2 {

namespace {

constexpr std::uint16_t no_extended = 0, extended = 1;  // sequence numbers (RFC 7296 §3.3.2)

wire::Transform transform(TransformType type, std::uint16_t id, std::optional<std::uint16_t> key_bits = std::nullopt) {
  return {.type = std::to_underlying(type), .id = id, .key_bits = key_bits, .unknown = {}};
}

wire::Transform encryption_transform(EncryptionId encryption, unsigned key_bits) {
  const EncryptionFacts* facts = find(encryption);
  const bool sends_length = facts != nullptr && facts->has_key_length;
  return transform(TransformType::encryption, std::to_underlying(encryption),
                   sends_length ? std::optional{narrow<std::uint16_t>(key_bits)} : std::nullopt);
}

std::vector<wire::Transform> transforms_of(const IkeAlgorithms& algorithms) {
  std::vector<wire::Transform> list;
  list.push_back(encryption_transform(algorithms.cipher.encryption, algorithms.cipher.key_bits));
  if (algorithms.cipher.integrity != IntegrityId::none) {
    list.push_back(transform(TransformType::integrity, std::to_underlying(algorithms.cipher.integrity)));
  }
  list.push_back(transform(TransformType::prf, std::to_underlying(algorithms.prf)));
  list.push_back(transform(TransformType::key_exchange, std::to_underlying(algorithms.group)));
  return list;
}

std::vector<wire::Transform> transforms_of(const contract::ChildTransforms& child) {
  std::vector<wire::Transform> list;
  if (child.protocol == contract::SaProtocol::esp)
    list.push_back(encryption_transform(child.encryption, child.key_bits));
  if (child.integrity != IntegrityId::none) {
    list.push_back(transform(TransformType::integrity, std::to_underlying(child.integrity)));
  }
  return list;
}

bool contains(const wire::Proposal& proposal, const wire::Transform& wanted) {
  return std::ranges::find(proposal.transforms, wanted) != proposal.transforms.end();
}
bool has_type(const wire::Proposal& proposal, TransformType type) {
  return std::ranges::any_of(proposal.transforms,
                             [&](const wire::Transform& t) { return t.type == std::to_underlying(type); });
}
/// Without a transform of the type, or with NONE among the choices.
bool allows_none(const wire::Proposal& proposal, TransformType type) {
  return !has_type(proposal, type) || contains(proposal, transform(type, 0));
}
bool contains_all(const wire::Proposal& proposal, const std::vector<wire::Transform>& wanted) {
  return std::ranges::all_of(wanted, [&](const wire::Transform& t) { return contains(proposal, t); });
}
/// The types that a protocol has (RFC 7296 §3.3.3).
bool has_type_of(wire::ProtocolId protocol, TransformType type) {
  switch (type) {
    case TransformType::encryption:
      return protocol != wire::ProtocolId::ah;
    case TransformType::prf:
      return protocol == wire::ProtocolId::ike;
    case TransformType::integrity:
    case TransformType::key_exchange:
      return true;
    case TransformType::sequence_numbers:
      return protocol != wire::ProtocolId::ike;
  }
  return false;
}
/// A type that we do not know there must be answered with a choice we cannot make (RFC 7296 §3.3.6).
bool has_unknown_type(const wire::Proposal& proposal) {
  return std::ranges::any_of(proposal.transforms, [&](const wire::Transform& t) {
    return !has_type_of(static_cast<wire::ProtocolId>(proposal.protocol), static_cast<TransformType>(t.type));
  });
}

ByteString octets_of(InboundSpi spi) {
  Writer out;
  out.u32(spi.value());
  return std::move(out).take();
}
ByteString octets_of(IkeSpi spi) {
  Writer out;
  out.u64(spi.value());
  return std::move(out).take();
}

std::uint8_t protocol_of(const contract::ChildTransforms& child) { return std::to_underlying(child.protocol); }

bool may_use(const policy::DataOffer& offer, Path path) {
  if (offer.is_bundle()) return false;  // a proposal is for one protocol (RFC 7296 §3.3)
  return path == Path::direct || !offer.ah;
}

std::optional<GroupId> choose_group(const wire::Proposal& proposal, const std::vector<GroupId>& groups) {
  for (const GroupId group : groups) {
    const bool fits = group == GroupId::none
                          ? allows_none(proposal, TransformType::key_exchange)
                          : contains(proposal, transform(TransformType::key_exchange, std::to_underlying(group)));
    if (fits) return group;
  }
  return std::nullopt;
}

std::string describe(const wire::Transform& t) {
  switch (static_cast<TransformType>(t.type)) {
    case TransformType::encryption:
      return to_string(static_cast<EncryptionId>(t.id), t.key_bits.value_or(0));
    case TransformType::prf:
      return "PRF " + to_string(static_cast<PrfId>(t.id));
    case TransformType::integrity:
      return to_string(static_cast<IntegrityId>(t.id));
    case TransformType::key_exchange:
      return "DH " + to_string(static_cast<GroupId>(t.id));
    case TransformType::sequence_numbers:
      return t.id == extended ? "ESN" : "no ESN";
  }
  return fmt::format("transform {}/{}", t.type, t.id);
}

}  // namespace

wire::SecurityAssociation ike_offer(const policy::KeyExchangeRule& rule, std::optional<IkeSpi> spi) {
  wire::SecurityAssociation sa;
  for (const policy::KeyExchangeOffer& offer : rule.action->offers) {
    wire::Proposal proposal{.number = narrow<std::uint8_t>(sa.proposals.size() + 1),
                            .protocol = std::to_underlying(wire::ProtocolId::ike),
                            .spi = spi ? octets_of(*spi) : ByteString{},
                            .transforms = transforms_of(algorithms_of(offer))};
    const bool is_there =
        std::ranges::find(sa.proposals, proposal.transforms, &wire::Proposal::transforms) != sa.proposals.end();
    if (!is_there && sa.proposals.size() < wire::most_proposals) sa.proposals.push_back(std::move(proposal));
  }
  return sa;
}

std::optional<IkeSpi> ike_spi_of(const wire::Proposal& proposal) {
  if (proposal.spi.size() != sizeof(std::uint64_t)) return std::nullopt;
  Reader in{proposal.spi};
  const IkeSpi spi{in.u64("SPI")};
  return spi == IkeSpi{} ? std::nullopt : std::optional{spi};
}

void name_spi(wire::SecurityAssociation& answer, IkeSpi spi) { answer.proposals.front().spi = octets_of(spi); }

std::optional<IkeChoice> choose_ike(const policy::KeyExchangeRule& rule, const wire::SecurityAssociation& offered) {
  for (const policy::KeyExchangeOffer& offer : rule.action->offers) {
    const IkeAlgorithms algorithms = algorithms_of(offer);
    const std::vector<wire::Transform> wanted = transforms_of(algorithms);
    for (const wire::Proposal& proposal : offered.proposals) {
      if (proposal.protocol != std::to_underlying(wire::ProtocolId::ike) || has_unknown_type(proposal)) continue;
      if (!contains_all(proposal, wanted)) continue;
      std::vector<wire::Transform> chosen = wanted;
      if (algorithms.cipher.integrity == IntegrityId::none && has_type(proposal, TransformType::integrity)) {
        const wire::Transform none = transform(TransformType::integrity, 0);
        if (!contains(proposal, none)) continue;
        chosen.push_back(none);  // one of each type that is proposed (RFC 7296 §2.7)
      }
      return IkeChoice{algorithms,
                       {{{.number = proposal.number, .protocol = proposal.protocol, .spi = {}, .transforms = chosen}}},
                       ike_spi_of(proposal)};
    }
  }
  return std::nullopt;
}

std::optional<IkeAlgorithms> chosen_ike(const policy::KeyExchangeRule& rule, const wire::SecurityAssociation& answer) {
  if (answer.proposals.size() != 1) return std::nullopt;
  const auto choice = choose_ike(rule, answer);
  if (!choice) return std::nullopt;
  // Exactly one of each type: no more than the choice itself.
  if (answer.proposals.front().transforms.size() != choice->answer.proposals.front().transforms.size()) {
    return std::nullopt;
  }
  return choice->algorithms;
}

contract::ChildTransforms transforms_of(const policy::DataOffer& offer) {
  const EncryptionFacts* facts = find(offer.encryption);
  const bool is_combined = facts != nullptr && facts->is_aead();
  if (offer.is_bundle()) {
    return {.protocol = contract::SaProtocol::esp,
            .encryption = offer.encryption,
            .key_bits = offer.key_bits,
            .around_esp = offer.integrity};
  }
  return {.protocol = offer.ah ? contract::SaProtocol::ah : contract::SaProtocol::esp,
          .encryption = offer.encryption,
          .key_bits = offer.key_bits,
          .integrity = is_combined ? IntegrityId::none : offer.integrity};
}

wire::SecurityAssociation child_offer(const policy::DynVpnAction& action, InboundSpi spi, GroupId pfs, Path path) {
  wire::SecurityAssociation sa;
  for (const policy::DataOffer& offer : action.offers) {
    if (!may_use(offer, path)) continue;
    const contract::ChildTransforms child = transforms_of(offer);
    wire::Proposal proposal{.number = narrow<std::uint8_t>(sa.proposals.size() + 1),
                            .protocol = protocol_of(child),
                            .spi = octets_of(spi),
                            .transforms = transforms_of(child)};
    if (pfs != GroupId::none) {
      proposal.transforms.push_back(transform(TransformType::key_exchange, std::to_underlying(pfs)));
    }
    proposal.transforms.push_back(transform(TransformType::sequence_numbers, extended));
    proposal.transforms.push_back(transform(TransformType::sequence_numbers, no_extended));
    const bool is_there = std::ranges::any_of(sa.proposals, [&](const wire::Proposal& other) {
      return other.protocol == proposal.protocol && other.transforms == proposal.transforms;
    });
    if (!is_there && sa.proposals.size() < wire::most_proposals) sa.proposals.push_back(std::move(proposal));
  }
  return sa;
}

bool can_be_offered(const policy::DynVpnAction& action, Path path) {
  return std::ranges::any_of(action.offers, [&](const policy::DataOffer& offer) { return may_use(offer, path); });
}

contract::SaProtocol first_protocol(const policy::DynVpnAction& action, Path path) {
  const auto found = std::ranges::find_if(action.offers, [&](const auto& offer) { return may_use(offer, path); });
  return found == action.offers.end() ? contract::SaProtocol::esp : transforms_of(*found).protocol;
}

std::optional<ChildChoice> choose_child(const policy::DynVpnAction& action, const std::vector<GroupId>& groups,
                                        const wire::SecurityAssociation& offered, Path path) {
  for (const policy::DataOffer& offer : action.offers) {
    if (!may_use(offer, path)) continue;
    contract::ChildTransforms child = transforms_of(offer);
    const std::vector<wire::Transform> wanted = transforms_of(child);
    for (const wire::Proposal& proposal : offered.proposals) {
      if (proposal.protocol != protocol_of(child) || proposal.spi.size() != sizeof(std::uint32_t)) continue;
      if (has_unknown_type(proposal) || !contains_all(proposal, wanted)) continue;
      if (child.integrity == IntegrityId::none && !allows_none(proposal, TransformType::integrity)) continue;
      const auto group = choose_group(proposal, groups);
      if (!group) continue;
      // A type of its own, which no proposal may leave out (RFC 7296 §3.3.3).
      const bool offers_extended = contains(proposal, transform(TransformType::sequence_numbers, extended));
      if (!offers_extended && !contains(proposal, transform(TransformType::sequence_numbers, no_extended))) continue;
      child.extended_sequence_numbers = offers_extended;
      std::vector<TransformType> chosen_none;
      if (child.integrity == IntegrityId::none && has_type(proposal, TransformType::integrity)) {
        chosen_none.push_back(TransformType::integrity);
      }
      if (*group == GroupId::none && has_type(proposal, TransformType::key_exchange)) {
        chosen_none.push_back(TransformType::key_exchange);
      }
      Reader in{proposal.spi};
      const OutboundSpi spi{in.u32("SPI")};
      if (spi.value() == 0) continue;  // on port 4500 its packets would be taken for IKE (RFC 7296 §2.23)
      return ChildChoice{.offer = &offer,
                         .transforms = child,
                         .group = *group,
                         .chosen_none = std::move(chosen_none),
                         .peer_spi = spi,
                         .number = proposal.number};
    }
  }
  return std::nullopt;
}

std::optional<ChildChoice> chosen_child(const policy::DynVpnAction& action, GroupId group,
                                        const wire::SecurityAssociation& answer, Path path) {
  if (answer.proposals.size() != 1) return std::nullopt;
  // One of each type (RFC 7296 §3.3): of two, each end might use another.
  const auto& transforms = answer.proposals.front().transforms;
  for (const wire::Transform& t : transforms) {
    if (std::ranges::count(transforms, t.type, &wire::Transform::type) != 1) return std::nullopt;
  }
  return choose_child(action, {group}, answer, path);
}

wire::SecurityAssociation child_answer(const ChildChoice& choice, InboundSpi spi) {
  wire::Proposal proposal{.number = choice.number,
                          .protocol = protocol_of(choice.transforms),
                          .spi = octets_of(spi),
                          .transforms = transforms_of(choice.transforms)};
  if (choice.group != GroupId::none) {
    proposal.transforms.push_back(transform(TransformType::key_exchange, std::to_underlying(choice.group)));
  }
  proposal.transforms.push_back(
      transform(TransformType::sequence_numbers, choice.transforms.extended_sequence_numbers ? extended : no_extended));
  for (const TransformType type : choice.chosen_none) proposal.transforms.push_back(transform(type, 0));
  return {{std::move(proposal)}};
}

std::string describe(const wire::SecurityAssociation& offered) {
  constexpr std::size_t most_shown = 8;  // proposals: a log line is for a person
  std::string text;
  for (std::size_t i = 0; i < offered.proposals.size() && i < most_shown; ++i) {
    if (i != 0) text += "; ";
    if (offered.proposals[i].protocol == std::to_underlying(wire::ProtocolId::ah)) text += "AH ";
    std::vector<std::string> words;
    for (const wire::Transform& t : offered.proposals[i].transforms) words.push_back(describe(t));
    text += fmt::format("{}", fmt::join(words, " "));
  }
  if (offered.proposals.size() > most_shown) text += "; …";
  return text;
}

std::string describe_acceptable(const policy::KeyExchangeRule& rule) {
  std::string text;
  for (const policy::KeyExchangeOffer& offer : rule.action->offers) {
    if (!text.empty()) text += "; ";
    text += fmt::format("{} ({}, {})", to_string(algorithms_of(offer)), offer.name, offer.at.to_string());
  }
  return text;
}

std::string describe_acceptable(const policy::DynVpnAction& action, Path path) {
  std::string text;
  for (const policy::DataOffer& offer : action.offers) {
    if (!text.empty()) text += "; ";
    const std::string_view but = may_use(offer, path) ? ""
                                 : offer.is_bundle()  ? ", but not by IKEv2"
                                                      : ", but not through the NAT on the way";
    text += fmt::format("{} ({}, {}){}", transforms_of(offer).to_string(), offer.name, offer.at.to_string(), but);
  }
  return text;
}

}  // namespace adit::ike::v2
