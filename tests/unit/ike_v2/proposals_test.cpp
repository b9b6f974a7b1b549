#include "ike/v2/proposals.h"

#include <gtest/gtest.h>

namespace adit::ike::v2 {
namespace {

policy::KeyExchangeOffer offer(EncryptionId encryption, unsigned bits, GroupId group) {
  const bool is_combined = find(encryption)->is_aead();
  return {.name = "offer",
          .encryption = encryption,
          .key_bits = bits,
          .integrity = is_combined ? IntegrityId::none : IntegrityId::hmac_sha2_256_128,
          .prf = PrfId::hmac_sha2_256,
          .group = group,
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

const policy::DataOffer gcm{.name = "gcm", .encryption = EncryptionId::aes_gcm_16, .key_bits = 256, .at = {}};
const policy::DataOffer cbc{.name = "cbc",
                            .encryption = EncryptionId::aes_cbc,
                            .key_bits = 128,
                            .integrity = IntegrityId::hmac_sha2_256_128,
                            .at = {}};
const policy::DataOffer bundle{.name = "bundle",
                               .ah = true,
                               .encryption = EncryptionId::aes_cbc,
                               .key_bits = 128,
                               .integrity = IntegrityId::hmac_sha2_256_128,
                               .at = {}};
const policy::DataOffer ah{.name = "ah", .ah = true, .integrity = IntegrityId::hmac_sha2_256_128, .at = {}};

// Shows RFC 7296 3.3-1, 3.3-3, 3.3-4, 3.3-5, 3.3-6.
TEST(IkeProposals, AreOneAnOfferInOrderAndEqualOnesOnce) {
  const auto first = offer(EncryptionId::aes_gcm_16, 256, GroupId::curve25519);
  const auto second = offer(EncryptionId::aes_cbc, 128, GroupId::ecp_256);
  const auto sa = ike_offer(rule_with({first, second, first}));
  ASSERT_EQ(sa.proposals.size(), 2u);
  EXPECT_EQ(sa.proposals[0].number, 1);
  EXPECT_EQ(sa.proposals[1].number, 2);
  EXPECT_EQ(sa.proposals[0].transforms.size(), 3u) << "a combined mode has no integrity transform";
  EXPECT_EQ(sa.proposals[1].transforms.size(), 4u);
}

// Shows RFC 7296 3.3.1-5.
TEST(IkeProposals, AreChosenInTheOrderOfOurPolicy) {
  const auto first = offer(EncryptionId::aes_gcm_16, 256, GroupId::curve25519);
  const auto second = offer(EncryptionId::aes_cbc, 128, GroupId::ecp_256);
  const auto theirs = ike_offer(rule_with({second, first}));
  const auto choice = choose_ike(rule_with({first, second}), theirs);
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->algorithms, algorithms_of(first));
  EXPECT_EQ(choice->answer.proposals.front().number, 2) << "the peer's number";
  EXPECT_EQ(chosen_ike(rule_with({second, first}), choice->answer), algorithms_of(first));
}

TEST(IkeProposals, OfWhatIsNotKnownArePassedOver) {
  const auto rule = rule_with({offer(EncryptionId::aes_gcm_16, 256, GroupId::curve25519)});
  auto theirs = ike_offer(rule);
  theirs.proposals[0].transforms.push_back({.type = 6, .id = 35, .key_bits = {}, .unknown = {}});
  EXPECT_FALSE(choose_ike(rule, theirs)) << "an unknown transform type cannot be answered";
  theirs = ike_offer(rule);
  theirs.proposals[0].transforms[0].unknown.push_back({.type = 99, .is_short = true, .value = {0, 1}});
  EXPECT_FALSE(choose_ike(rule, theirs)) << "nor an unknown attribute";
  theirs = ike_offer(rule);
  theirs.proposals[0].transforms[0].key_bits = 128;
  EXPECT_FALSE(choose_ike(rule, theirs)) << "nor another key length";
}

// Shows RFC 7296 3.3.6-5.
TEST(IkeProposals, AnsweredWithMoreThanAChoiceAreNoAnswer) {
  const auto rule = rule_with({offer(EncryptionId::aes_gcm_16, 256, GroupId::curve25519)});
  auto answer = ike_offer(rule);
  EXPECT_TRUE(chosen_ike(rule, answer));
  answer.proposals[0].transforms.push_back(
      {.type = 4, .id = std::to_underlying(GroupId::ecp_256), .key_bits = {}, .unknown = {}});
  EXPECT_FALSE(chosen_ike(rule, answer));
  answer = ike_offer(rule);
  answer.proposals.push_back(answer.proposals.front());
  EXPECT_FALSE(chosen_ike(rule, answer));
}

TEST(ChildProposals, PreferExtendedSequenceNumbersAndTakeOthers) {
  const auto action = action_with({gcm});
  auto theirs = child_offer(action, InboundSpi{0x1234}, GroupId::none, Path::direct);
  auto choice = choose_child(action, {GroupId::none}, theirs, Path::direct);
  ASSERT_TRUE(choice);
  EXPECT_TRUE(choice->transforms.extended_sequence_numbers);
  EXPECT_EQ(choice->peer_spi, OutboundSpi{0x1234});
  std::erase_if(theirs.proposals[0].transforms, [](const wire::Transform& t) { return t.type == 5 && t.id == 1; });
  choice = choose_child(action, {GroupId::none}, theirs, Path::direct);
  ASSERT_TRUE(choice);
  EXPECT_FALSE(choice->transforms.extended_sequence_numbers);
}

TEST(ChildProposals, WithAhDoNotPassANat) {
  const auto action = action_with({ah, cbc});
  EXPECT_EQ(child_offer(action, InboundSpi{256}, GroupId::none, Path::direct).proposals.size(), 2u);
  const auto through = child_offer(action, InboundSpi{256}, GroupId::none, Path::behind_nat);
  ASSERT_EQ(through.proposals.size(), 1u);
  EXPECT_EQ(through.proposals[0].protocol, 3);
  const auto theirs = child_offer(action, InboundSpi{256}, GroupId::none, Path::direct);
  EXPECT_EQ(choose_child(action, {GroupId::none}, theirs, Path::direct)->transforms.protocol, contract::SaProtocol::ah);
  EXPECT_EQ(choose_child(action, {GroupId::none}, theirs, Path::behind_nat)->transforms.protocol,
            contract::SaProtocol::esp);
  EXPECT_TRUE(can_be_offered(action, Path::behind_nat));
  EXPECT_TRUE(can_be_offered(action_with({ah}), Path::direct));
  EXPECT_FALSE(can_be_offered(action_with({ah}), Path::behind_nat));
}

// A proposal is for one protocol (RFC 7296 §3.3).
TEST(ChildProposals, LeaveAhAroundEspToIkeV1) {
  EXPECT_FALSE(can_be_offered(action_with({bundle}), Path::direct));
  const auto action = action_with({bundle, cbc});
  const auto offered = child_offer(action, InboundSpi{256}, GroupId::none, Path::direct);
  ASSERT_EQ(offered.proposals.size(), 1u);
  EXPECT_EQ(offered.proposals[0].number, 1);
  EXPECT_EQ(offered.proposals[0].protocol, 3);
  EXPECT_EQ(first_protocol(action_with({bundle, ah}), Path::direct), contract::SaProtocol::ah);
  EXPECT_EQ(first_protocol(action, Path::direct), contract::SaProtocol::esp);
  const auto with_ah = child_offer(action_with({ah, cbc}), InboundSpi{256}, GroupId::none, Path::direct);
  EXPECT_FALSE(choose_child(action_with({bundle}), {GroupId::none}, with_ah, Path::direct))
      << "nor is half of it taken";
  EXPECT_NE(describe_acceptable(action, Path::direct).find("AH HMAC_SHA2_256_128 around ESP AES_CBC-128 (bundle, "),
            std::string::npos);
  EXPECT_NE(describe_acceptable(action, Path::direct).find("but not by IKEv2; ESP AES_CBC-128"), std::string::npos);
}

TEST(ChildProposals, NeedAGroupWhereForwardSecrecyIsAsked) {
  const auto action = action_with({gcm});
  const auto with = child_offer(action, InboundSpi{256}, GroupId::ecp_256, Path::direct);
  const auto without = child_offer(action, InboundSpi{256}, GroupId::none, Path::direct);
  EXPECT_TRUE(choose_child(action, {GroupId::ecp_256}, with, Path::direct));
  EXPECT_FALSE(choose_child(action, {GroupId::ecp_256}, without, Path::direct));
  EXPECT_FALSE(choose_child(action, {GroupId::none}, with, Path::direct));
  EXPECT_EQ(choose_child(action, {GroupId::none, GroupId::ecp_256}, with, Path::direct)->group, GroupId::ecp_256);
}

TEST(ChildProposals, WithAnSpiOfZeroArePassedOver) {  // RFC 7296 §2.23: "the SPI cannot validly be zero"
  const auto action = action_with({gcm});
  for (const std::uint32_t spi : {0u, 1u, 0xffffffffu}) {
    const auto theirs = child_offer(action, InboundSpi{spi}, GroupId::none, Path::direct);
    EXPECT_EQ(choose_child(action, {GroupId::none}, theirs, Path::direct).has_value(), spi != 0) << spi;
  }
}

TEST(ChildProposals, AnsweredWithMoreThanAChoiceAreNoAnswer) {  // RFC 7296 §3.3
  const auto action = action_with({gcm, cbc});
  const auto offered = child_offer(action, InboundSpi{256}, GroupId::none, Path::direct);
  const auto choice = choose_child(action, {GroupId::none}, offered, Path::direct);
  const auto answer = child_answer(*choice, InboundSpi{512});
  const auto chosen = chosen_child(action, GroupId::none, answer, Path::direct);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->peer_spi, OutboundSpi{512});
  EXPECT_FALSE(chosen_child(action, GroupId::none, offered, Path::direct)) << "two proposals";
  auto two_ciphers = answer;
  two_ciphers.proposals[0].transforms.push_back({.type = 1, .id = 12, .key_bits = 128, .unknown = {}});
  EXPECT_FALSE(chosen_child(action, GroupId::none, two_ciphers, Path::direct));
  auto both_kinds_of_numbers = answer;
  both_kinds_of_numbers.proposals[0].transforms.push_back(
      {.type = 5, .id = 0, .key_bits = std::nullopt, .unknown = {}});
  EXPECT_FALSE(chosen_child(action, GroupId::none, both_kinds_of_numbers, Path::direct));
}

TEST(ChildProposals, AreAnsweredWithOneOfEachTypeAndOurSpi) {
  const auto action = action_with({cbc});
  const auto choice = choose_child(action, {GroupId::none},
                                   child_offer(action, InboundSpi{256}, GroupId::none, Path::direct), Path::direct);
  const auto answer = child_answer(*choice, InboundSpi{0xabcdef01});
  ASSERT_EQ(answer.proposals.size(), 1u);
  EXPECT_EQ(answer.proposals[0].spi, (ByteString{0xab, 0xcd, 0xef, 0x01}));
  EXPECT_EQ(answer.proposals[0].transforms.size(), 3u);
}

}  // namespace
}  // namespace adit::ike::v2
