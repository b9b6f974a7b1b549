// Phase 2's proposals: an offer is one, a bundle two of one number (RFC 2408 §4.2, RFC 2407 §4.6.1).

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "ike/v1/attributes.h"
#include "ike/v1/offers.h"
#include "ike/v1/phase2_transforms.h"

namespace adit::ike::v1 {

namespace {

constexpr std::uint64_t default_life = 28800;  // seconds, of a proposal that names none (RFC 2407 §4.5)

constexpr auto life_type = std::to_underlying(Phase2Attribute::life_type);
constexpr auto life_duration = std::to_underlying(Phase2Attribute::life_duration);

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

/// Without one it is passed over (RFC 2408 §5.5).
bool has_good_spi(const wire::v1::Proposal& proposal) { return spi_of(proposal).has_value(); }

/// By which this end receives what a part is about.
InboundSpi spi_for(std::uint8_t protocol, std::size_t parts, const InboundSpis& spis) {
  const bool is_around = parts > 1 && protocol == std::to_underlying(contract::SaProtocol::ah);
  return is_around ? spis.ah.value() : spis.spi;
}

/// Both SAs with extended numbers, or neither: each way is a proposal of its own, for of two transforms in each half a
/// responder chooses each for itself (RFC 2408 §4.2).
void add_bundle(wire::v1::SecurityAssociation& sa, std::uint8_t& number, const policy::DataOffer& offer,
                const InboundSpis& spis, const Phase2Terms& terms) {
  const auto parts = parts_of(offer);
  for (const auto numbers : {SequenceNumbers::extended, SequenceNumbers::plain}) {
    if (sa.proposals.size() + parts.size() > wire::most_proposals) return;
    ++number;
    for (const contract::ChildTransforms& part : parts) {
      const auto protocol = std::to_underlying(part.protocol);
      sa.proposals.push_back({.number = number,
                              .protocol = protocol,
                              .spi = octets_of(spi_for(protocol, parts.size(), spis)),
                              .transforms = {transform_of(offer, part, numbers, terms)}});
    }
  }
}

/// Proposals of one number, wanted together (RFC 2408 §4.2).
using Suite = std::span<const wire::v1::Proposal>;

/// In the peer's order. What another number separates is none.
std::vector<Suite> suites_of(const wire::v1::SecurityAssociation& sa) {
  std::vector<Suite> suites;
  for (auto first = sa.proposals.begin(); first != sa.proposals.end();) {
    const auto is_of_it = [&](const wire::v1::Proposal& each) { return each.number == first->number; };
    const auto end = std::find_if_not(first, sa.proposals.end(), is_of_it);
    if (std::ranges::count_if(sa.proposals, is_of_it) == end - first) suites.emplace_back(first, end);
    first = end;
  }
  return suites;
}

/// A transform of a peer that is part of an offer of ours.
struct Fit {
  const policy::DataOffer* offer = nullptr;
  GroupId group{};
  SequenceNumbers numbers{};
  Life life;
  const wire::v1::Transform* transform = nullptr;

  /// Whether the two make one offer: both SAs live and die together, and count alike.
  bool goes_with(const Fit& other) const {
    return offer == other.offer && group == other.group && numbers == other.numbers;
  }
};

/// In the peer's order, each kind once. `parts`: of the offers looked at.
std::vector<Fit> fits_of(const wire::v1::Proposal& proposal, std::size_t parts, const policy::DynVpnAction& action,
                         const Phase2Terms& terms) {
  std::vector<Fit> fits;
  for (const wire::v1::Transform& transform : proposal.transforms) {
    const GroupId group = group_of(transform);
    if (std::ranges::find(action.acceptable_pfs, group) == action.acceptable_pfs.end()) continue;
    for (const policy::DataOffer& offer : action.offers) {
      const auto ours = parts_of(offer);
      if (ours.size() != parts || std::ranges::none_of(ours, [&](const contract::ChildTransforms& part) {
            return is_offer(proposal, transform, offer, part, terms);
          })) {
        continue;
      }
      Life life = life_of(transform, life_type, life_duration);
      if (!life.seconds) life.seconds = default_life;
      if (!is_accepted(life, {offer.lifetime_least, offer.lifetime_most, offer.lifesize_accepted})) continue;
      const Fit fit{&offer, group, numbers_of(transform), life, &transform};
      if (std::ranges::none_of(fits, [&](const Fit& other) { return other.goes_with(fit); })) fits.push_back(fit);
    }
  }
  return fits;
}

/// What is taken of a suite: a transform of each of its proposals. Nothing of those that are neither alone nor AH with
/// ESP, as are those with IPComp (RFC 2407 §4.4.5): they are taken together or not at all (RFC 2408 §4.2).
std::vector<Fit> taken_of(const Suite& suite, const policy::DynVpnAction& action, const Phase2Terms& terms) {
  constexpr std::size_t most = 2;
  if (suite.size() > most || !std::ranges::all_of(suite, has_good_spi)) return {};
  const std::vector<Fit> first = fits_of(suite.front(), suite.size(), action, terms);
  if (suite.size() == 1) return first.empty() ? std::vector<Fit>{} : std::vector{first.front()};
  if (suite.front().protocol == suite.back().protocol) return {};
  const std::vector<Fit> second = fits_of(suite.back(), suite.size(), action, terms);
  for (const Fit& one : first) {
    const auto other = std::ranges::find_if(second, [&](const Fit& each) { return each.goes_with(one); });
    if (other != second.end()) return {one, *other};
  }
  return {};
}

Phase2Choice choice_of(const policy::DataOffer& offer, const Suite& suite, const wire::v1::Transform& transform) {
  Phase2Choice choice{.offer = &offer,
                      .transforms = transforms_of(offer),
                      .mode = mode_of(offer),
                      .group = group_of(transform),
                      .lifetime = offer.lifetime,
                      .lifesize_kbytes = offer.lifesize_kbytes,
                      .peer_spi = {},
                      .peer_ah_spi = {}};
  choice.transforms.extended_sequence_numbers = numbers_of(transform) == SequenceNumbers::extended;
  for (const wire::v1::Proposal& proposal : suite) {
    const bool is_whole = proposal.protocol == std::to_underlying(choice.transforms.protocol);
    (is_whole ? choice.peer_spi : choice.peer_ah_spi.emplace()) = spi_of(proposal).value();
  }
  return choice;
}

/// A responder's. Of a bundle's two lifetimes the shorter one ends both.
Phase2Choice choice_of(const Suite& suite, const std::vector<Fit>& taken) {
  Phase2Choice choice = choice_of(*taken.front().offer, suite, *taken.front().transform);
  const auto shorter = [](std::optional<std::uint64_t> one, std::optional<std::uint64_t> other) {
    return one && other ? std::min(one, other) : one ? one : other;
  };
  std::optional<std::uint64_t> seconds, kilobytes;
  for (const Fit& fit : taken) {
    seconds = shorter(seconds, fit.life.seconds);
    kilobytes = shorter(kilobytes, fit.life.kilobytes);
  }
  if (seconds) choice.lifetime = Seconds{*seconds};
  choice.lifesize_kbytes = kilobytes;
  return choice;
}

/// Whether an answer is an offer of ours with such numbers in all its parts.
bool is_answer_to(const policy::DataOffer& offer, const Suite& suite, SequenceNumbers numbers,
                  const Phase2Terms& terms) {
  const auto parts = parts_of(offer);
  return parts.size() == suite.size() && std::ranges::all_of(parts, [&](const contract::ChildTransforms& part) {
           const auto proposal =
               std::ranges::find(suite, std::to_underlying(part.protocol), &wire::v1::Proposal::protocol);
           if (proposal == suite.end()) return false;
           // An attribute that has changed, come or gone makes it another offer (RFC 2409 §5, RFC 2408 §4.2).
           return is_as_offered(proposal->transforms.front(), transform_of(offer, part, numbers, terms), life_type,
                                life_duration);
         });
}

}  // namespace

bool may_be_bundle(const policy::DynVpnAction& action, const Phase2Terms& terms) {
  return std::ranges::any_of(
      action.offers, [&](const policy::DataOffer& offer) { return offer.is_bundle() && is_usable(offer, terms); });
}

wire::v1::SecurityAssociation phase2_offer(const policy::DynVpnAction& action, const InboundSpis& spis,
                                           const Phase2Terms& terms) {
  wire::v1::SecurityAssociation sa;
  std::uint8_t number = 0;
  for (const policy::DataOffer& offer : action.offers) {
    if (!is_usable(offer, terms)) continue;
    if (offer.is_bundle()) {
      add_bundle(sa, number, offer, spis, terms);
      continue;
    }
    if (sa.proposals.size() == wire::most_proposals) break;
    const contract::ChildTransforms part = transforms_of(offer);
    wire::v1::Transform extended = transform_of(offer, part, SequenceNumbers::extended, terms);
    wire::v1::Transform plain = transform_of(offer, part, SequenceNumbers::plain, terms);
    plain.number = 2;
    sa.proposals.push_back({.number = ++number,
                            .protocol = std::to_underlying(part.protocol),
                            .spi = octets_of(spis.spi),
                            .transforms = {std::move(extended), std::move(plain)}});
  }
  return sa;
}

std::optional<Phase2Answer> choose_phase2(const policy::DynVpnAction& action,
                                          const wire::v1::SecurityAssociation& offered, const InboundSpis& spis,
                                          const Phase2Terms& terms) {
  if (offered.doi != wire::v1::doi_ipsec) return std::nullopt;  // RFC 2408 §5.4
  for (const Suite& suite : suites_of(offered)) {
    const std::vector<Fit> taken = taken_of(suite, action, terms);
    if (taken.empty()) continue;
    // Each proposal with one transform, as it came (RFC 2408 §4.2, RFC 2409 §3.2, §5).
    wire::v1::SecurityAssociation answer;
    for (std::size_t i = 0; i < suite.size(); ++i) {
      answer.proposals.push_back({.number = suite[i].number,
                                  .protocol = suite[i].protocol,
                                  .spi = octets_of(spi_for(suite[i].protocol, suite.size(), spis)),
                                  .transforms = {*taken[i].transform}});
    }
    return Phase2Answer{.choice = choice_of(suite, taken), .answer = std::move(answer)};
  }
  return std::nullopt;
}

std::optional<Phase2Choice> chosen_phase2(const policy::DynVpnAction& action,
                                          const wire::v1::SecurityAssociation& answer, const Phase2Terms& terms) {
  const std::vector<Suite> suites = suites_of(answer);
  if (answer.doi != wire::v1::doi_ipsec || suites.size() != 1) return std::nullopt;
  const Suite& suite = suites.front();
  const auto is_sound = [](const wire::v1::Proposal& each) {
    return each.transforms.size() == 1 && has_good_spi(each);
  };
  if (suite.size() != answer.proposals.size() || !std::ranges::all_of(suite, is_sound)) return std::nullopt;
  for (const policy::DataOffer& offer : action.offers) {
    if (!is_usable(offer, terms)) continue;
    for (const auto numbers : {SequenceNumbers::extended, SequenceNumbers::plain}) {
      if (!is_answer_to(offer, suite, numbers, terms)) continue;
      return choice_of(offer, suite, suite.front().transforms.front());
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
