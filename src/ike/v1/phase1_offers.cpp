// Phase 1's transforms (RFC 2409 §5, appendix A; groups by RFC 3526, RFC 5903; hashes by RFC 4868).

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "crypto/ike_v1_cipher.h"
#include "crypto/key_exchange.h"
#include "ike/v1/attributes.h"
#include "ike/v1/offers.h"

namespace adit::ike::v1 {

namespace {

constexpr std::uint8_t key_ike = 1;  // the one transform ID (RFC 2407 §4.4.2.1), of PROTO_ISAKMP (RFC 2407 §4.4.1.1)

template <class Ours>
struct Number {
  Ours ours;
  std::uint64_t number;
};
constexpr std::array encryption_numbers = {Number{EncryptionId::triple_des, 5}, Number{EncryptionId::aes_cbc, 7}};
constexpr std::array hash_numbers = {Number{PrfId::hmac_md5, 1}, Number{PrfId::hmac_sha1, 2},
                                     Number{PrfId::hmac_sha2_256, 4}, Number{PrfId::hmac_sha2_384, 5},
                                     Number{PrfId::hmac_sha2_512, 6}};
constexpr std::array method_numbers = {Number{AuthMethod::shared_key, 1}, Number{AuthMethod::rsa_signature, 3},
                                       Number{AuthMethod::ecdsa_256, 9}, Number{AuthMethod::ecdsa_384, 10},
                                       Number{AuthMethod::ecdsa_521, 11}};

template <class Table, class Ours>
std::optional<std::uint64_t> number_in(const Table& table, Ours ours) {
  for (const auto& row : table) {
    if (row.ours == ours) return row.number;
  }
  return std::nullopt;
}
template <class Table>
auto ours_in(const Table& table, std::optional<std::uint64_t> number) {
  using Ours = decltype(table.front().ours);
  for (const auto& row : table) {
    if (row.number == number) return std::optional<Ours>{row.ours};
  }
  return std::optional<Ours>{};
}

/// The signature of this side; HowToAuthMe says which where it names one (docs/policy.md).
AuthMethod signature_of(policy::HowToAuthMe how) {
  switch (how) {
    case policy::HowToAuthMe::ecdsa_256:
      return AuthMethod::ecdsa_256;
    case policy::HowToAuthMe::ecdsa_384:
      return AuthMethod::ecdsa_384;
    case policy::HowToAuthMe::ecdsa_521:
      return AuthMethod::ecdsa_521;
    case policy::HowToAuthMe::preshared_key:
    case policy::HowToAuthMe::rsa_signature:
    case policy::HowToAuthMe::digital_signature:
      break;
  }
  return AuthMethod::rsa_signature;
}

/// How both ends prove themselves under an offer: IKEv1 has one method for both (RFC 2409 §5).
AuthMethod method_of(const policy::KeyExchangeRule& rule, const policy::KeyExchangeOffer& offer) {
  if (offer.auth_peers == policy::HowToAuthPeers::preshared_key) return AuthMethod::shared_key;
  return signature_of(rule.action->how_to_auth_me);
}

Phase1Choice choice_of(const policy::KeyExchangeRule& rule, const policy::KeyExchangeOffer& offer) {
  const EncryptionFacts* facts = find(offer.encryption);
  return {.encryption = offer.encryption,
          .key_bits = facts != nullptr && facts->has_key_length ? offer.key_bits : 0,
          .hash = offer.hash_v1,
          .group = offer.group,
          .method = method_of(rule, offer),
          .lifetime = offer.lifetime,
          .lifesize_kbytes = offer.lifesize_kbytes};
}

/// ECDSA signs HASH_I as it is: the hash goes with the curve (RFC 4754 §3).
bool has_fitting_hash(const Phase1Choice& choice) {
  switch (choice.method) {
    case AuthMethod::ecdsa_256:
      return choice.hash == PrfId::hmac_sha2_256;
    case AuthMethod::ecdsa_384:
      return choice.hash == PrfId::hmac_sha2_384;
    case AuthMethod::ecdsa_521:
      return choice.hash == PrfId::hmac_sha2_512;
    default:
      return true;
  }
}

bool is_usable(const policy::KeyExchangeRule& rule, const Phase1Choice& choice) {
  const bool has_key = choice.method != AuthMethod::shared_key || !rule.shared_key.empty();
  return has_key && crypto::IkeV1Cipher::find(choice.encryption, choice.key_bits) &&
         number_in(hash_numbers, choice.hash) && crypto::KeyExchange::supports(choice.group);
}

wire::v1::Transform transform_of(const Phase1Choice& choice) {
  using enum Phase1Attribute;
  wire::v1::Transform transform{.id = key_ike};
  auto& list = transform.attributes;
  list.push_back(attribute(encryption, number_in(encryption_numbers, choice.encryption).value()));
  if (choice.key_bits != 0) list.push_back(attribute(key_length, choice.key_bits));
  list.push_back(attribute(hash, number_in(hash_numbers, choice.hash).value()));
  list.push_back(attribute(method, number_in(method_numbers, choice.method).value()));
  list.push_back(attribute(group, std::to_underlying(choice.group)));
  list.push_back(attribute(life_type, life_in_seconds));
  list.push_back(attribute(life_duration, static_cast<std::uint64_t>(choice.lifetime.count())));
  if (choice.lifesize_kbytes) {
    list.push_back(attribute(life_type, life_in_kilobytes));
    list.push_back(attribute(life_duration, *choice.lifesize_kbytes));
  }
  return transform;
}

bool is_known(std::uint16_t type) {
  switch (static_cast<Phase1Attribute>(type)) {
    case Phase1Attribute::encryption:
    case Phase1Attribute::hash:
    case Phase1Attribute::method:
    case Phase1Attribute::group:
    case Phase1Attribute::life_type:
    case Phase1Attribute::life_duration:
    case Phase1Attribute::key_length:
      return true;
  }
  return false;
}

struct Read {
  Phase1Choice choice;
  Life life;
};
/// What a transform says; nothing when it lacks encryption, hash, method or group, or has an attribute that is not
/// known, or a value: so no attribute of a group beside its description (RFC 2409 §4).
std::optional<Read> read(const wire::v1::Transform& transform) {
  using enum Phase1Attribute;
  if (transform.id != key_ike) return std::nullopt;
  for (const wire::Attribute& each : transform.attributes) {
    if (!is_known(each.type)) return std::nullopt;
  }
  if (has_conflict(transform, std::to_underlying(life_type), std::to_underlying(life_duration))) return std::nullopt;
  const auto value = [&](Phase1Attribute type) { return transform.find(std::to_underlying(type)); };
  const auto cipher = ours_in(encryption_numbers, value(encryption));
  const auto digest = ours_in(hash_numbers, value(hash));
  const auto proof = ours_in(method_numbers, value(method));
  const auto number = value(group);
  if (!cipher || !digest || !proof || !number || *number > UINT16_MAX) return std::nullopt;
  const auto bits = value(key_length);
  if (bits && *bits > UINT16_MAX) return std::nullopt;
  Read result{.choice = {.encryption = *cipher,
                         .key_bits = static_cast<unsigned>(bits.value_or(0)),
                         .hash = *digest,
                         .group = static_cast<GroupId>(*number),
                         .method = *proof},
              .life = life_of(transform, std::to_underlying(life_type), std::to_underlying(life_duration))};
  if (const EncryptionFacts* facts = find(*cipher); !facts->has_key_length) result.choice.key_bits = 0;
  return result;
}

bool is_same_suite(const Phase1Choice& one, const Phase1Choice& other) {
  return one.encryption == other.encryption && one.key_bits == other.key_bits && one.hash == other.hash &&
         one.group == other.group && one.method == other.method;
}

bool has_length(GroupId group, std::size_t public_octets) {
  const GroupFacts* facts = find(group);
  return facts != nullptr && facts->public_value == public_octets;
}

/// HowToAuthMe DigitalSignature lets nssd find a certificate for whichever signature the peer proposes.
bool takes_method(const policy::KeyExchangeRule& rule, const policy::KeyExchangeOffer& offer, AuthMethod method) {
  if (method_of(rule, offer) == method) return true;
  return offer.auth_peers == policy::HowToAuthPeers::signature && method != AuthMethod::shared_key &&
         rule.action->how_to_auth_me == policy::HowToAuthMe::digital_signature;
}

/// Whatever stands in the SPI: that of ISAKMP has no meaning (RFC 2408 §3.5); the domain has (RFC 2408 §5.4).
bool is_phase1(const wire::v1::SecurityAssociation& sa) {
  return sa.doi == wire::v1::doi_ipsec && sa.proposals.size() == 1 &&
         sa.proposals.front().protocol == std::to_underlying(wire::ProtocolId::ike);
}

}  // namespace

std::string to_string(const Phase1Choice& choice) {
  return fmt::format("{} {} DH {} {}", to_string(choice.encryption, choice.key_bits), to_string(choice.hash),
                     to_string(choice.group), to_string(choice.method));
}

wire::v1::SecurityAssociation phase1_offer(const policy::KeyExchangeRule& rule, std::optional<GroupId> alone) {
  wire::v1::Proposal proposal{.protocol = std::to_underlying(wire::ProtocolId::ike)};
  for (const policy::KeyExchangeOffer& offer : rule.action->offers) {
    const Phase1Choice choice = choice_of(rule, offer);
    if (!is_usable(rule, choice) || !has_fitting_hash(choice) || (alone && choice.group != *alone)) continue;
    if (proposal.transforms.size() == wire::most_transforms) break;
    wire::v1::Transform transform = transform_of(choice);
    if (std::ranges::find(proposal.transforms, transform.attributes, &wire::v1::Transform::attributes) !=
        proposal.transforms.end()) {
      continue;
    }
    transform.number = narrow<std::uint8_t>(proposal.transforms.size() + 1);
    proposal.transforms.push_back(std::move(transform));
  }
  wire::v1::SecurityAssociation sa;  // of SIT_IDENTITY_ONLY (RFC 2407 §4.2.1)
  if (!proposal.transforms.empty()) sa.proposals.push_back(std::move(proposal));
  return sa;
}

std::optional<Phase1Answer> choose_phase1(const policy::KeyExchangeRule& rule,
                                          const wire::v1::SecurityAssociation& offered,
                                          std::optional<std::size_t> public_octets) {
  if (!is_phase1(offered)) return std::nullopt;
  for (const wire::v1::Transform& transform : offered.proposals.front().transforms) {
    const auto theirs = read(transform);
    if (!theirs) continue;  // a transform that is not known is passed over (RFC 2408 §5.6)
    if (public_octets && !has_length(theirs->choice.group, *public_octets)) continue;
    for (const policy::KeyExchangeOffer& offer : rule.action->offers) {
      Phase1Choice ours = choice_of(rule, offer);
      if (!is_usable(rule, ours) || !takes_method(rule, offer, theirs->choice.method)) continue;
      ours.method = theirs->choice.method;
      const AcceptedLife accepted{offer.lifetime_least, offer.lifetime_most, offer.lifesize_accepted};
      if (!has_fitting_hash(ours) || !is_same_suite(ours, theirs->choice) || !is_accepted(theirs->life, accepted))
        continue;
      if (theirs->life.seconds) ours.lifetime = Seconds{*theirs->life.seconds};
      ours.lifesize_kbytes = theirs->life.kilobytes;
      // One proposal with one transform, as it came (RFC 2409 §3.2, §5).
      wire::v1::SecurityAssociation answer = offered;
      answer.proposals.front().transforms = {transform};
      return Phase1Answer{.choice = ours, .answer = std::move(answer)};
    }
  }
  return std::nullopt;
}

std::optional<Phase1Choice> chosen_phase1(const policy::KeyExchangeRule& rule,
                                          const wire::v1::SecurityAssociation& answer) {
  if (!is_phase1(answer) || answer.proposals.front().transforms.size() != 1) return std::nullopt;
  const wire::v1::Transform& theirs = answer.proposals.front().transforms.front();
  for (const policy::KeyExchangeOffer& offer : rule.action->offers) {
    const Phase1Choice ours = choice_of(rule, offer);
    if (!is_usable(rule, ours) || !has_fitting_hash(ours)) continue;
    // An attribute that has changed, come or gone makes it another offer (RFC 2409 §5, RFC 2408 §4.2).
    if (is_as_offered(theirs, transform_of(ours), std::to_underlying(Phase1Attribute::life_type),
                      std::to_underlying(Phase1Attribute::life_duration))) {
      return ours;
    }
  }
  return std::nullopt;
}

bool accepts(const policy::KeyExchangeRule& rule, const Phase1Choice& choice) {
  return std::ranges::any_of(rule.action->offers, [&](const policy::KeyExchangeOffer& offer) {
    Phase1Choice ours = choice_of(rule, offer);
    if (!is_usable(rule, ours) || !takes_method(rule, offer, choice.method)) return false;
    ours.method = choice.method;
    const Life life{.seconds = static_cast<std::uint64_t>(choice.lifetime.count()),
                    .kilobytes = choice.lifesize_kbytes};
    return has_fitting_hash(ours) && is_same_suite(ours, choice) &&
           is_accepted(life, {offer.lifetime_least, offer.lifetime_most, offer.lifesize_accepted});
  });
}

std::string describe_phase1(const wire::v1::SecurityAssociation& offered) {
  constexpr std::size_t most_shown = 8;
  if (!is_phase1(offered)) return describe(offered);
  std::string text;
  std::size_t shown = 0;
  for (const wire::v1::Transform& transform : offered.proposals.front().transforms) {
    if (shown++ == most_shown) return text + "; …";
    if (!text.empty()) text += "; ";
    if (const auto theirs = read(transform)) {
      text += to_string(theirs->choice);
      if (theirs->life.seconds) text += fmt::format(" {} s", *theirs->life.seconds);
      if (theirs->life.kilobytes) text += fmt::format(" {} Kbytes", *theirs->life.kilobytes);
    } else {
      text += describe(transform);
    }
  }
  return text;
}

std::string describe_acceptable(const policy::KeyExchangeRule& rule) {
  std::string text;
  for (const policy::KeyExchangeOffer& offer : rule.action->offers) {
    if (!text.empty()) text += "; ";
    text += fmt::format("{} {} to {} min ({}, {})", to_string(choice_of(rule, offer)), offer.lifetime_least.count(),
                        offer.lifetime_most.count(), offer.name, offer.at.to_string());
  }
  return text;
}

}  // namespace adit::ike::v1
