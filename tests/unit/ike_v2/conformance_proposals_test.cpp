// RFC 7296 on proposals: what may be offered, what may be chosen, and what must be refused.

#include <gtest/gtest.h>

#include <algorithm>

#include "ike/v2/proposals.h"

namespace adit::ike::v2 {
namespace {

using wire::Transform;

Transform transform(TransformType type, std::uint16_t id, std::optional<std::uint16_t> key_bits = std::nullopt) {
  return {.type = std::to_underlying(type), .id = id, .key_bits = key_bits, .unknown = {}};
}
Transform encryption(EncryptionId id, std::optional<std::uint16_t> key_bits = std::nullopt) {
  return transform(TransformType::encryption, std::to_underlying(id), key_bits);
}
const Transform hmac = transform(TransformType::integrity, std::to_underlying(IntegrityId::hmac_sha2_256_128));
const Transform no_integrity = transform(TransformType::integrity, 0);
const Transform prf = transform(TransformType::prf, std::to_underlying(PrfId::hmac_sha2_256));
const Transform curve = transform(TransformType::key_exchange, std::to_underlying(GroupId::curve25519));
const Transform p256 = transform(TransformType::key_exchange, std::to_underlying(GroupId::ecp_256));
const Transform no_group = transform(TransformType::key_exchange, 0);
const Transform esn = transform(TransformType::sequence_numbers, 1);
const Transform no_esn = transform(TransformType::sequence_numbers, 0);
const Transform gcm = encryption(EncryptionId::aes_gcm_16, 256);
const Transform cbc = encryption(EncryptionId::aes_cbc, 128);

wire::Proposal proposal(std::uint8_t number, wire::ProtocolId protocol, std::vector<Transform> transforms) {
  return {.number = number,
          .protocol = std::to_underlying(protocol),
          .spi = protocol == wire::ProtocolId::ike ? ByteString{} : ByteString{0xc0, 0, 0, number},
          .transforms = std::move(transforms)};
}

policy::KeyExchangeOffer ike_offer_of(EncryptionId id, unsigned bits) {
  return {.name = "offer",
          .encryption = id,
          .key_bits = bits,
          .integrity = find(id)->is_aead() ? IntegrityId::none : IntegrityId::hmac_sha2_256_128,
          .prf = PrfId::hmac_sha2_256,
          .group = GroupId::curve25519,
          .at = {}};
}
policy::KeyExchangeRule rule_with(std::vector<policy::KeyExchangeOffer> offers) {
  policy::KeyExchangeAction action{.name = "action"};
  action.offers = std::move(offers);
  policy::KeyExchangeRule rule;
  rule.action = std::make_shared<const policy::KeyExchangeAction>(std::move(action));
  return rule;
}
policy::DynVpnAction action_with(std::vector<policy::DataOffer> offers) {
  policy::DynVpnAction action{.name = "vpn"};
  action.offers = std::move(offers);
  return action;
}
policy::DataOffer data_offer(EncryptionId id, unsigned bits) {
  return {.name = "offer",
          .encryption = id,
          .key_bits = bits,
          .integrity =
              id == EncryptionId::none || !find(id)->is_aead() ? IntegrityId::hmac_sha2_256_128 : IntegrityId::none,
          .at = {}};
}

const struct {
  const char* name;
  std::vector<Transform> offered;
  std::vector<Transform> chosen;  ///< none: refused
} ike_cases[] = {
    {"a suite as configured", {gcm, prf, curve}, {gcm, prf, curve}},
    {"in another order", {curve, gcm, prf}, {gcm, prf, curve}},
    {"among others of each type", {cbc, gcm, prf, transform(TransformType::prf, 5), p256, curve}, {gcm, prf, curve}},
    {"with integrity NONE, which is one of its type", {gcm, no_integrity, prf, curve}, {gcm, prf, curve, no_integrity}},
    {"a combined mode with integrity alone", {gcm, hmac, prf, curve}, {}},
    {"without PRF, which is mandatory", {gcm, curve}, {}},
    {"without a group", {gcm, prf}, {}},
    {"without encryption", {prf, curve}, {}},
    {"a type that nobody knows", {gcm, prf, curve, {.type = 99, .id = 1, .key_bits = {}, .unknown = {}}}, {}},
    {"a type that an IKE SA has not", {gcm, prf, curve, esn}, {}},
    {"a transform that nobody knows beside one that is known",
     {encryption(EncryptionId{999}, 256), gcm, prf, curve},
     {gcm, prf, curve}},
    {"the group NONE", {gcm, prf, no_group}, {}},
    {"no key length where there must be one", {encryption(EncryptionId::aes_gcm_16), prf, curve}, {}},
    {"another key length", {encryption(EncryptionId::aes_gcm_16, 128), prf, curve}, {}},
    {"another group", {gcm, prf, p256}, {}},
    {"no encryption", {encryption(EncryptionId::null), hmac, prf, curve}, {}},
};

// Shows RFC 7296 2.7-1, 2.7-4, 3.3.6-4, 3.3.6-7, 3.3.6-8, 3.3.5-6, 3.3.4-4, 3.3.4-5, 3.3.3-1, 3.3-5.
TEST(IkeChoice, HasOneOfEachTypeOrThereIsNone) {
  const auto rule = rule_with({ike_offer_of(EncryptionId::aes_gcm_16, 256)});
  for (const auto& [name, offered, chosen] : ike_cases) {
    SCOPED_TRACE(name);
    const auto choice = choose_ike(rule, {{proposal(1, wire::ProtocolId::ike, offered)}});
    ASSERT_EQ(choice.has_value(), !chosen.empty());
    if (!choice) continue;
    ASSERT_EQ(choice->answer.proposals.size(), 1u);
    EXPECT_EQ(choice->answer.proposals.front().transforms, chosen);
  }
}

// Shows RFC 7296 2.7-2, 2.7-3, 3.3.1-5, 3.3.6-7, 3.3.6-8.
TEST(IkeChoice, LooksAtTheOthersWhereOneCannotBeTaken) {
  const auto rule = rule_with({ike_offer_of(EncryptionId::aes_gcm_16, 256)});
  Transform odd = gcm;
  odd.unknown.push_back({.type = 77, .is_short = true, .value = {0, 1}});
  const wire::SecurityAssociation offered{
      {proposal(1, wire::ProtocolId::ike, {gcm, prf, curve, {.type = 99, .id = 1, .key_bits = {}, .unknown = {}}}),
       proposal(2, wire::ProtocolId::ike, {gcm, curve}), proposal(3, wire::ProtocolId::ike, {odd, prf, curve}),
       proposal(4, wire::ProtocolId::esp, {gcm, prf, curve}),
       proposal(5, wire::ProtocolId::ike, {odd, gcm, prf, curve})}};
  const auto choice = choose_ike(rule, offered);
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->answer.proposals.front().number, 5);
  EXPECT_EQ(choice->answer.proposals.front().protocol, std::to_underlying(wire::ProtocolId::ike));
  EXPECT_EQ(choice->answer.proposals.front().transforms, (std::vector{gcm, prf, curve}));
}

// Shows RFC 7296 3.3-1, 3.3-3, 3.3-4, 3.3-5, 3.3-6, 3.3-7, 3.3-8, 3.3.1-6, 3.3.5-4, 3.3.5-5, 2.13-1.
TEST(IkeOffer, IsNumberedFromOneInOrderWithOneAttributeAtMost) {
  const struct {
    EncryptionId id;
    unsigned bits;
    bool has_length;
  } ciphers[] = {{EncryptionId::aes_gcm_16, 256, true},
                 {EncryptionId::aes_gcm_16, 128, true},
                 {EncryptionId::chacha20_poly1305, 256, false},
                 {EncryptionId::aes_cbc, 192, true},
                 {EncryptionId::triple_des, 0, false}};
  std::vector<policy::KeyExchangeOffer> offers;
  for (const auto& [id, bits, has_length] : ciphers) offers.push_back(ike_offer_of(id, bits));
  const auto sa = ike_offer(rule_with(offers));
  ASSERT_EQ(sa.proposals.size(), std::size(ciphers));
  for (std::size_t i = 0; i < sa.proposals.size(); ++i) {
    SCOPED_TRACE(i);
    const wire::Proposal& each = sa.proposals[i];
    EXPECT_EQ(each.number, i + 1);
    EXPECT_TRUE(each.spi.empty());
    EXPECT_EQ(each.transforms.front().id, std::to_underlying(ciphers[i].id)) << "as the policy prefers them";
    EXPECT_EQ(each.transforms.front().key_bits,
              ciphers[i].has_length ? std::optional{static_cast<std::uint16_t>(ciphers[i].bits)} : std::nullopt);
    const bool has_integrity = std::ranges::any_of(
        each.transforms, [](const Transform& t) { return t.type == std::to_underlying(TransformType::integrity); });
    EXPECT_EQ(has_integrity, !find(ciphers[i].id)->is_aead());
    for (const Transform& t : each.transforms) {
      EXPECT_TRUE(t.unknown.empty());
      if (t.type != std::to_underlying(TransformType::encryption)) {
        EXPECT_FALSE(t.key_bits);
      }
    }
  }
}

const struct {
  const char* name;
  std::vector<Transform> offered;
  std::vector<Transform> chosen;  ///< none: refused
} child_cases[] = {
    {"with and without extended numbers", {gcm, esn, no_esn}, {gcm, esn}},
    {"without extended numbers", {gcm, no_esn}, {gcm, no_esn}},
    {"without saying which, though it is mandatory", {gcm}, {}},
    {"with integrity NONE", {gcm, no_integrity, no_esn}, {gcm, no_esn, no_integrity}},
    {"with the group NONE among others", {gcm, curve, no_group, no_esn}, {gcm, no_esn, no_group}},
    {"with a group alone", {gcm, curve, no_esn}, {}},
    {"with a PRF, which a Child SA has not", {gcm, prf, no_esn}, {}},
    {"without encryption", {no_esn}, {}},
    {"with extended numbers of a kind that nobody knows", {gcm, transform(TransformType::sequence_numbers, 7)}, {}},
};

// Shows RFC 7296 2.7-4, 3.3.6-7, 3.3.3-1, 3.3.6-12.
TEST(ChildChoice, HasOneOfEachTypeOrThereIsNone) {
  const auto action = action_with({data_offer(EncryptionId::aes_gcm_16, 256)});
  for (const auto& [name, offered, chosen] : child_cases) {
    SCOPED_TRACE(name);
    const auto choice =
        choose_child(action, {GroupId::none}, {{proposal(3, wire::ProtocolId::esp, offered)}}, Path::direct);
    ASSERT_EQ(choice.has_value(), !chosen.empty());
    if (!choice) continue;
    const auto answer = child_answer(*choice, InboundSpi{0x1234});
    ASSERT_EQ(answer.proposals.size(), 1u);
    EXPECT_EQ(answer.proposals.front().transforms, chosen);
    EXPECT_EQ(answer.proposals.front().number, 3);
  }
}

// Shows RFC 7296 2.7-2, 3.3.3-1.
TEST(ChildChoice, IsOfTheProtocolProposed) {
  policy::DataOffer ah{.name = "ah", .ah = true, .integrity = IntegrityId::hmac_sha2_256_128, .at = {}};
  const auto action = action_with({ah, data_offer(EncryptionId::aes_cbc, 128)});
  const auto as_ah = proposal(1, wire::ProtocolId::ah, {hmac, no_esn});
  const auto as_esp = proposal(1, wire::ProtocolId::esp, {cbc, hmac, no_esn});
  for (const wire::Proposal& offered : {as_ah, as_esp}) {
    const auto choice = choose_child(action, {GroupId::none}, {{offered}}, Path::direct);
    ASSERT_TRUE(choice);
    EXPECT_EQ(child_answer(*choice, InboundSpi{1}).proposals.front().protocol, offered.protocol);
  }
  EXPECT_FALSE(
      choose_child(action, {GroupId::none}, {{proposal(1, wire::ProtocolId::esp, {hmac, no_esn})}}, Path::direct));
  EXPECT_FALSE(
      choose_child(action, {GroupId::none}, {{proposal(1, wire::ProtocolId::ah, {cbc, hmac, no_esn})}}, Path::direct));
}

// Shows RFC 7296 3.3-3, 3.3-4, 1.3-1.
TEST(ChildOffer, IsNumberedFromOneAndHasTheGroupInEach) {
  const auto action = action_with({data_offer(EncryptionId::aes_gcm_16, 256), data_offer(EncryptionId::aes_cbc, 128)});
  const auto sa = child_offer(action, InboundSpi{256}, GroupId::ecp_256, Path::direct);
  ASSERT_EQ(sa.proposals.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(sa.proposals[i].number, i + 1);
    EXPECT_EQ(std::ranges::count(sa.proposals[i].transforms, p256), 1);
  }
}

}  // namespace
}  // namespace adit::ike::v2
