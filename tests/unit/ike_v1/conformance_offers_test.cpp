// What RFC 2409 asks of the proposals of both phases: how they are made, which are taken, and what an answer may say.

#include <algorithm>

#include "ike/v1/attributes.h"
#include "ike/v1/offers.h"
#include "v1_pair.h"

namespace adit::ike::v1 {
namespace {

using wire::v1::attribute_of;
using wire::v1::Proposal;
using wire::v1::SecurityAssociation;
using wire::v1::Transform;

constexpr std::uint16_t encryption = 1, hash = 2, method = 3, group = 4, group_type = 5, group_prime = 6,
                        life_type = 11, life_duration = 12, prf = 13, key_length = 14;

policy::KeyExchangeRule rule_of(const Side& side, const V1Side& v1 = {}) {
  return make_v1_policy(side, v1)->key_exchange.rules.front();
}
policy::DynVpnAction vpn_of(const Side& side, const V1Side& v1 = {}) {
  return *make_v1_policy(side, v1)->filter.filters.front().vpn;
}
Side with_groups(std::vector<GroupId> groups) {
  Side side = v1_east();
  side.groups = std::move(groups);
  return side;
}

/// A change to a transform, and what it is called.
struct Change {
  const char* name;
  std::function<void(Transform&)> make;
};
std::function<void(Transform&)> set(std::uint16_t type, std::uint32_t value) {
  return [=](Transform& transform) {
    for (wire::Attribute& each : transform.attributes) {
      if (each.type == type) each = attribute_of(type, value);
    }
  };
}
std::function<void(Transform&)> remove(std::uint16_t type) {
  return [=](Transform& transform) {
    std::erase_if(transform.attributes, [&](const wire::Attribute& each) { return each.type == type; });
  };
}
std::function<void(Transform&)> add(std::uint16_t type, std::uint32_t value) {
  return [=](Transform& transform) { transform.attributes.push_back(attribute_of(type, value)); };
}
/// The same value in the variable form.
void make_variable(Transform& transform, std::uint16_t type) {
  for (wire::Attribute& each : transform.attributes) {
    if (each.type != type) continue;
    each.is_short = false;
    each.value.insert(each.value.begin(), 2, 0);
  }
}

// Shows RFC 2409 4-5, 4-7, 4-8, 5-10, 5-11, A-1, A-2, A-3,
// RFC 2408 4.2-6.
TEST(OffersV1, AreTransformsOfOneProposalInPhase1) {
  Side side = with_groups({GroupId::ecp_256, GroupId::modp_2048, GroupId::modp_3072});
  side.ike_lifetime = Minutes{2880};  // more seconds than a basic attribute holds
  const SecurityAssociation offer = phase1_offer(rule_of(side));
  ASSERT_EQ(offer.proposals.size(), 1u);
  EXPECT_EQ(offer.proposals.front().protocol, 1);
  ASSERT_EQ(offer.proposals.front().transforms.size(), 3u);
  const std::uint16_t groups[] = {19, 14, 15};
  for (std::size_t i = 0; i < 3; ++i) {
    const Transform& transform = offer.proposals.front().transforms[i];
    EXPECT_EQ(transform.number, i + 1);
    EXPECT_EQ(transform.id, 1);
    EXPECT_EQ(transform.find(encryption), 7u);
    EXPECT_EQ(transform.find(key_length), 256u);
    EXPECT_EQ(transform.find(hash), 4u);
    EXPECT_EQ(transform.find(method), 1u);
    EXPECT_EQ(transform.find(group), groups[i]);
    for (const wire::Attribute& each : transform.attributes) {
      EXPECT_TRUE(each.type <= group || each.type >= life_type) << "no attribute of a group beside its description";
      EXPECT_EQ(each.is_short, each.type != life_duration) << "of all these only durations may be variable";
    }
    const auto bits = std::ranges::find(transform.attributes, key_length, &wire::Attribute::type);
    EXPECT_EQ(bits->value, (ByteString{1, 0})) << "256 in network order";
  }
  side.encryption = EncryptionId::triple_des;
  const SecurityAssociation fixed = phase1_offer(rule_of(side));
  EXPECT_FALSE(fixed.proposals.front().transforms.front().find(key_length)) << "3DES has keys of one length";
}

// Shows RFC 2409 4-5, 4-8.
TEST(OffersV1, AreTakenWithEncryptionHashMethodAndGroupAlone) {
  const policy::KeyExchangeRule rule = rule_of(v1_east());
  const Change changes[] = {
      {"no encryption", remove(encryption)},
      {"no hash", remove(hash)},
      {"no method", remove(method)},
      {"no group", remove(group)},
      {"no length of a key that may have several", remove(key_length)},
      {"the type of a group beside its description", add(group_type, 2)},
      {"the prime of a group beside its description", add(group_prime, 7)},
      {"a PRF, of which IKEv1 has none", add(prf, 1)},
      {"another transform ID", [](Transform& transform) { transform.id = 2; }},
  };
  for (const auto& [name, make] : changes) {
    SCOPED_TRACE(name);
    SecurityAssociation offer = phase1_offer(rule);
    EXPECT_TRUE(choose_phase1(rule, offer));
    make(offer.proposals.front().transforms.front());
    EXPECT_FALSE(choose_phase1(rule, offer));
  }
}

// Shows RFC 2409 5-11.
TEST(OffersV1, AreNotTakenAsSeveralProposalsInPhase1) {
  const policy::KeyExchangeRule rule = rule_of(v1_east());
  SecurityAssociation offer = phase1_offer(rule);
  offer.proposals.push_back(offer.proposals.front());
  EXPECT_FALSE(choose_phase1(rule, offer));
}

// The group of aggressive mode is not negotiated: its public value is in message 1 already (RFC 2409 §5).
TEST(OffersV1, NameInAggressiveModeTheGroupOfThePublicValueAlone) {
  const policy::KeyExchangeRule rule = rule_of(with_groups({GroupId::ecp_256, GroupId::modp_2048}));
  EXPECT_EQ(phase1_offer(rule).proposals.front().transforms.size(), 2u);
  const SecurityAssociation offer = phase1_offer(rule, GroupId::modp_2048);
  ASSERT_EQ(offer.proposals.front().transforms.size(), 1u);
  constexpr std::size_t ecp_octets = 64, modp_octets = 256;
  EXPECT_TRUE(choose_phase1(rule, offer, modp_octets));
  EXPECT_FALSE(choose_phase1(rule, offer, ecp_octets));
  // Of a peer that offers both, the one whose length the public value has, though the other stands first.
  const auto chosen = choose_phase1(rule, phase1_offer(rule), modp_octets);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->choice.group, GroupId::modp_2048);
}

// Shows RFC 2409 3.2-1, 5-13,
// RFC 2408 4.2-7, 4.2-10.
TEST(AnswersV1, AreOneTransformAsItCame) {
  // Of three transforms ours is the second; its lifetime has a form that we would not send.
  const policy::KeyExchangeRule rule = rule_of(v1_west());
  SecurityAssociation offer =
      phase1_offer(rule_of(with_groups({GroupId::modp_2048, GroupId::ecp_256, GroupId::modp_3072})));
  Transform& second = offer.proposals.front().transforms[1];
  make_variable(second, life_duration);
  second.attributes.front().is_short = false;
  const auto chosen = choose_phase1(rule, offer);
  ASSERT_TRUE(chosen);
  ASSERT_EQ(chosen->answer.proposals.size(), 1u);
  EXPECT_EQ(chosen->answer.proposals.front().number, offer.proposals.front().number);
  EXPECT_EQ(chosen->answer.proposals.front().transforms, std::vector{second});

  const policy::DynVpnAction vpn = vpn_of(v1_west());
  const Phase2Terms terms{.ends = Ends::gateways};
  SecurityAssociation data = phase2_offer(vpn_of(v1_east()), {InboundSpi{0x1000}}, terms);
  data.proposals.push_back(data.proposals.front());
  data.proposals.back().number = 2;
  data.proposals.front().protocol = 2;  // of AH there is no such transform: the second proposal it is
  const auto data_chosen = choose_phase2(vpn, data, {InboundSpi{0x2000}}, terms);
  ASSERT_TRUE(data_chosen);
  ASSERT_EQ(data_chosen->answer.proposals.size(), 1u);
  EXPECT_EQ(data_chosen->answer.proposals.front().number, 2);
  EXPECT_EQ(data_chosen->answer.proposals.front().transforms, std::vector{data.proposals.back().transforms.front()});
}

// Shows RFC 2409 5-14,
// RFC 2408 4.2-11.
TEST(AnswersV1, AreRefusedWhenAnAttributeHasChangedComeOrGoneInPhase1) {
  const V1Side lifesize{.ike_lifesize = 4000};
  const policy::KeyExchangeRule rule = rule_of(v1_east(), lifesize);
  const Change refused[] = {
      {"another key length", set(key_length, 128)},
      {"another group", set(group, 14)},
      {"another hash", set(hash, 2)},
      {"another method", set(method, 3)},
      {"another lifetime", set(life_duration, 3600)},
      {"no lifetime any more", [](Transform& t) { remove(life_type)(t), remove(life_duration)(t); }},
      {"no lifesize any more", [](Transform& t) { t.attributes.resize(t.attributes.size() - 2); }},
      {"lifetime and lifesize exchanged",
       [](Transform& t) { std::swap(t.attributes[t.attributes.size() - 1], t.attributes[t.attributes.size() - 3]); }},
      {"a PRF beside", add(prf, 1)},
      {"one attribute twice", add(hash, 4)},
      {"another transform ID", [](Transform& t) { t.id = 2; }},
  };
  for (const auto& [name, make] : refused) {
    SCOPED_TRACE(name);
    SecurityAssociation answer = phase1_offer(rule);
    EXPECT_TRUE(chosen_phase1(rule, answer));
    make(answer.proposals.front().transforms.front());
    EXPECT_FALSE(chosen_phase1(rule, answer));
  }
  const Change taken[] = {
      {"in the variable form", [](Transform& t) { make_variable(t, life_duration); }},
      {"in another order",
       [](Transform& t) { std::rotate(t.attributes.begin(), t.attributes.begin() + 2, t.attributes.end()); }},
  };
  for (const auto& [name, make] : taken) {
    SCOPED_TRACE(name);
    SecurityAssociation answer = phase1_offer(rule);
    make(answer.proposals.front().transforms.front());
    EXPECT_TRUE(chosen_phase1(rule, answer));
  }
  SecurityAssociation two = phase1_offer(rule);
  two.proposals.front().transforms.push_back(two.proposals.front().transforms.front());
  EXPECT_FALSE(chosen_phase1(rule, two)) << "one has to be chosen";
}

// Shows RFC 2409 5-14,
// RFC 2408 4.2-11.
TEST(AnswersV1, AreRefusedWhenAnAttributeHasChangedComeOrGoneInPhase2) {
  constexpr std::uint16_t type = 1, duration = 2, pfs = 3, mode = 4, integrity = 5, bits = 6, extended = 11;
  Side side = v1_east();
  side.data_encryption = EncryptionId::aes_cbc;
  side.pfs = GroupId::ecp_256;
  const policy::DynVpnAction vpn = vpn_of(side, {.child_lifesize = 5000});
  const Phase2Terms terms{.group = GroupId::ecp_256, .ends = Ends::gateways};
  const auto answer_with = [&](std::size_t which, const std::function<void(Transform&)>& make) {
    SecurityAssociation answer = phase2_offer(vpn, {InboundSpi{0x1000}}, terms);
    answer.proposals.front().transforms = {answer.proposals.front().transforms.at(which)};
    make(answer.proposals.front().transforms.front());
    return chosen_phase2(vpn, answer, terms);
  };
  for (const std::size_t which : {0u, 1u}) {
    const auto chosen = answer_with(which, [](Transform&) {});
    ASSERT_TRUE(chosen);
    EXPECT_EQ(chosen->transforms.extended_sequence_numbers, which == 0);
  }
  const Change refused[] = {
      {"another lifetime", set(duration, 3600)},
      {"no lifetime any more", [=](Transform& t) { remove(type)(t), remove(duration)(t); }},
      {"another group", set(pfs, 14)},
      {"no group any more", remove(pfs)},
      {"transport mode", set(mode, 2)},
      {"no mode any more", remove(mode)},
      {"another integrity", set(integrity, 2)},
      {"another key length", set(bits, 128)},
      {"no key length any more", remove(bits)},
      {"extended numbers of a value that is reserved", set(extended, 0)},
      {"an attribute that no RFC names", add(99, 1)},
      {"another transform ID", [](Transform& t) { t.id = 3; }},
  };
  for (const auto& [name, make] : refused) {
    SCOPED_TRACE(name);
    EXPECT_FALSE(answer_with(0, make));
  }
}

// Shows RFC 2409 5.5-7.
TEST(OffersV1, HaveTheGroupOfPfsInEveryTransformOfEveryProposal) {
  Side side = v1_east();
  side.pfs = GroupId::ecp_256;
  policy::DynVpnAction vpn = vpn_of(side);
  vpn.offers.push_back(vpn.offers.front());
  vpn.offers.back().encryption = EncryptionId::aes_cbc;
  vpn.offers.back().integrity = IntegrityId::hmac_sha2_256_128;
  const SecurityAssociation offer =
      phase2_offer(vpn, {InboundSpi{0x1000}}, {.group = GroupId::ecp_256, .ends = Ends::gateways});
  ASSERT_EQ(offer.proposals.size(), 2u);
  for (const Proposal& proposal : offer.proposals) {
    ASSERT_EQ(proposal.transforms.size(), 2u);
    for (const Transform& transform : proposal.transforms) EXPECT_EQ(transform.find(3), 19u);
  }
}

}  // namespace
}  // namespace adit::ike::v1
