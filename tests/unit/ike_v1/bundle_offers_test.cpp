// AH around ESP as quick mode proposes it: two proposals of one number, taken together or not at all (RFC 2408 §4.2).

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

constexpr std::uint8_t ah = 2, esp = 3, ipcomp = 4;
constexpr std::uint16_t life_type = 1, life_duration = 2, pfs = 3, mode = 4, integrity = 5, key_length = 6,
                        extended = 11;
constexpr Phase2Terms gateways{.ends = Ends::gateways};
constexpr InboundSpis spis{.spi = InboundSpi{0x1000}, .ah = InboundSpi{0x1001}};
constexpr InboundSpis peers_spis{.spi = InboundSpi{0x2000}, .ah = InboundSpi{0x2001}};

policy::DynVpnAction bundle(const Side& side = v1_east(), V1Side v1 = {}) {
  v1.is_bundle = true;
  return *make_v1_policy(side, v1)->filter.filters.front().vpn;
}
/// With an offer of AH alone after it, and one of ESP alone.
policy::DynVpnAction bundle_or_alone() {
  policy::DynVpnAction action = bundle();
  policy::DataOffer alone = action.offers.front();
  alone.encryption = EncryptionId::none;
  action.offers.push_back(alone);
  alone.ah = false;
  alone.encryption = EncryptionId::aes_cbc;
  action.offers.push_back(alone);
  return action;
}
SecurityAssociation offer_of(const policy::DynVpnAction& action, const Phase2Terms& terms = gateways) {
  return phase2_offer(action, spis, terms);
}
ByteString octets_of(std::uint32_t number) {
  Writer out;
  out.u32(number);
  return std::move(out).take();
}
void set(Transform& transform, std::uint16_t type, std::uint32_t value) {
  for (wire::Attribute& each : transform.attributes) {
    if (each.type == type) each = attribute_of(type, value);
  }
}
void remove(Transform& transform, std::uint16_t type) {
  std::erase_if(transform.attributes, [&](const wire::Attribute& each) { return each.type == type; });
}
void add(Transform& transform, std::uint16_t type, std::uint32_t value) {
  transform.attributes.push_back(attribute_of(type, value));
}

// Shows RFC 2408 4.2-1, 4.2-3, 4.2-4,
// RFC 2407 4.5-3.
TEST(BundleOffers, AreTwoProposalsOfOneNumberWithAnSpiEach) {
  const SecurityAssociation offer = offer_of(bundle());
  ASSERT_EQ(offer.proposals.size(), 4u) << "with extended sequence numbers in both halves, and without";
  const struct {
    std::uint8_t number, protocol, transform;
    std::uint32_t spi;
    std::optional<std::uint64_t> integrity, key_length, extended;
  } wanted[] = {{1, ah, 5, 0x1001, 5, {}, 1},
                {1, esp, 12, 0x1000, {}, 256, 1},
                {2, ah, 5, 0x1001, 5, {}, {}},
                {2, esp, 12, 0x1000, {}, 256, {}}};
  for (std::size_t i = 0; i < offer.proposals.size(); ++i) {
    SCOPED_TRACE(i);
    const Proposal& proposal = offer.proposals[i];
    EXPECT_EQ(proposal.number, wanted[i].number);
    EXPECT_EQ(proposal.protocol, wanted[i].protocol);
    EXPECT_EQ(proposal.spi, octets_of(wanted[i].spi));
    ASSERT_EQ(proposal.transforms.size(), 1u);
    const Transform& transform = proposal.transforms.front();
    EXPECT_EQ(transform.id, wanted[i].transform);
    EXPECT_EQ(transform.find(integrity), wanted[i].integrity) << "of ESP none: AH proves it";
    EXPECT_EQ(transform.find(key_length), wanted[i].key_length);
    EXPECT_EQ(transform.find(extended), wanted[i].extended);
    EXPECT_EQ(transform.find(mode), 1u);
  }
}

TEST(BundleOffers, StandInTheOrderOfThePolicyWithGrowingNumbers) {
  const SecurityAssociation offer = offer_of(bundle_or_alone());
  std::vector<std::pair<int, int>> order;
  for (const Proposal& proposal : offer.proposals) order.emplace_back(proposal.number, proposal.protocol);
  EXPECT_EQ(order, (std::vector<std::pair<int, int>>{{1, ah}, {1, esp}, {2, ah}, {2, esp}, {3, ah}, {4, esp}}));
  EXPECT_EQ(offer.proposals[4].spi, octets_of(0x1000)) << "AH alone is what the pair is";
}

TEST(BundleOffers, AreLeftOutWhereTheyCannotBe) {
  EXPECT_TRUE(may_be_bundle(bundle(), gateways));
  const Phase2Terms nat{.ends = Ends::gateways, .path = Path::behind_nat, .nat_traversal = NatTraversal::rfc_3947};
  EXPECT_FALSE(may_be_bundle(bundle(), nat)) << "AH passes no NAT";
  EXPECT_TRUE(offer_of(bundle(), nat).proposals.empty());
  const policy::DynVpnAction transport = bundle(v1_east(), {.encap = policy::EncapsulationChoice::transport});
  EXPECT_TRUE(offer_of(transport).proposals.empty()) << "gateways";
  EXPECT_EQ(offer_of(transport, {.ends = Ends::of_traffic}).proposals.size(), 4u);
}

TEST(BundleOffers, KeepTheBoundOfAMessage) {
  policy::DynVpnAction action = bundle();
  action.offers.resize(40, action.offers.front());
  const SecurityAssociation offer = offer_of(action);
  EXPECT_EQ(offer.proposals.size(), wire::most_proposals);
  EXPECT_EQ(std::ranges::count(offer.proposals, offer.proposals.back().number, &Proposal::number), 2);
}

// Shows RFC 2408 4.2-2, 4.2-7, 4.2-10.
TEST(BundleChoices, AreBothHalvesAsTheyCame) {
  for (const bool esp_first : {false, true}) {
    SecurityAssociation offer = offer_of(bundle());
    if (esp_first) std::swap(offer.proposals[0], offer.proposals[1]);
    const auto chosen = choose_phase2(bundle(v1_west()), offer, peers_spis, gateways);
    ASSERT_TRUE(chosen);
    EXPECT_EQ(chosen->choice.peer_spi, OutboundSpi{0x1000});
    EXPECT_EQ(chosen->choice.peer_ah_spi, OutboundSpi{0x1001});
    EXPECT_EQ(chosen->choice.transforms, (contract::ChildTransforms{.protocol = contract::SaProtocol::esp,
                                                                    .encryption = EncryptionId::aes_cbc,
                                                                    .key_bits = 256,
                                                                    .extended_sequence_numbers = true,
                                                                    .around_esp = IntegrityId::hmac_sha2_256_128}));
    ASSERT_EQ(chosen->answer.proposals.size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) {
      const Proposal &answered = chosen->answer.proposals[i], &offered = offer.proposals[i];
      EXPECT_EQ(answered.number, 1);
      EXPECT_EQ(answered.protocol, offered.protocol);
      EXPECT_EQ(answered.transforms, offered.transforms);
      EXPECT_EQ(answered.spi, octets_of(answered.protocol == ah ? 0x2001 : 0x2000));
    }
    // What was chosen is what the initiator reads.
    const auto read = chosen_phase2(bundle(), chosen->answer, gateways);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->transforms, chosen->choice.transforms);
    EXPECT_EQ(read->peer_spi, OutboundSpi{0x2000});
    EXPECT_EQ(read->peer_ah_spi, OutboundSpi{0x2001});
  }
}

TEST(BundleChoices, FollowThePeersOrderOfWhatThePolicyHas) {
  SecurityAssociation offer = offer_of(bundle_or_alone());
  const auto chosen = [&](const policy::DynVpnAction& ours) {
    const auto answer = choose_phase2(ours, offer, peers_spis, gateways);
    return answer ? answer->answer.proposals.front().number : 0;
  };
  EXPECT_EQ(chosen(bundle_or_alone()), 1);
  policy::DynVpnAction alone = bundle_or_alone();
  alone.offers.erase(alone.offers.begin());
  EXPECT_EQ(chosen(alone), 3) << "no offer of ours is a bundle";
  std::ranges::rotate(offer.proposals, offer.proposals.begin() + 4);
  EXPECT_EQ(chosen(bundle_or_alone()), 3);
  EXPECT_EQ(chosen(bundle()), 1);
}

struct Offered {
  const char* name;
  std::function<void(SecurityAssociation&)> change;
  int taken;  ///< number of the proposals; 0: none
};

/// Proposals 1 and 2 as `offer_of(bundle())` has them.
// Shows RFC 2408 4.2-2, 4.2-3, 5.5-2, 5.6-2.
TEST(BundleChoices, PassOverWhatIsNotAWholeOne) {
  const Offered cases[] = {
      {"as it is", [](SecurityAssociation&) {}, 1},
      {"one half missing", [](auto& sa) { sa.proposals.erase(sa.proposals.begin()); }, 2},
      {"the other half missing", [](auto& sa) { sa.proposals.erase(sa.proposals.begin() + 1); }, 2},
      {"three halves",
       [](auto& sa) {
         const Proposal third = sa.proposals[0];
         sa.proposals.insert(sa.proposals.begin() + 1, third);
       },
       2},
      {"with compression",
       [](auto& sa) {
         Proposal third = sa.proposals[0];
         third.protocol = ipcomp;
         sa.proposals.insert(sa.proposals.begin(), third);
       },
       2},
      {"compression in the place of AH", [](auto& sa) { sa.proposals[0].protocol = ipcomp; }, 2},
      {"AH twice", [](auto& sa) { sa.proposals[1] = sa.proposals[0]; }, 2},
      {"ESP twice", [](auto& sa) { sa.proposals[0] = sa.proposals[1]; }, 2},
      {"separated by another number", [](auto& sa) { std::swap(sa.proposals[1], sa.proposals[2]); }, 0},
      {"all of one number",
       [](auto& sa) {
         for (Proposal& each : sa.proposals) each.number = 1;
       },
       0},
      {"an SPI of eight octets", [](auto& sa) { sa.proposals[0].spi.resize(8); }, 2},
      {"an SPI of two octets in the other half", [](auto& sa) { sa.proposals[1].spi.resize(2); }, 2},
      {"a reserved SPI", [](auto& sa) { sa.proposals[1].spi = {0, 0, 0, 255}; }, 2},
      {"the same SPI in both, which names two SAs", [](auto& sa) { sa.proposals[1].spi = sa.proposals[0].spi; }, 1},
      {"ESP with authentication of its own", [](auto& sa) { add(sa.proposals[1].transforms.front(), integrity, 5); },
       2},
      {"AH with another algorithm than its transform",
       [](auto& sa) { set(sa.proposals[0].transforms.front(), integrity, 2); }, 2},
      {"AH without an algorithm", [](auto& sa) { remove(sa.proposals[0].transforms.front(), integrity); }, 2},
      {"another key length", [](auto& sa) { set(sa.proposals[1].transforms.front(), key_length, 128); }, 2},
      {"extended numbers in AH alone", [](auto& sa) { remove(sa.proposals[1].transforms.front(), extended); }, 2},
      {"extended numbers in ESP alone", [](auto& sa) { remove(sa.proposals[0].transforms.front(), extended); }, 2},
      {"extended numbers in none",
       [](auto& sa) {
         for (std::size_t i : {0u, 1u}) remove(sa.proposals[i].transforms.front(), extended);
       },
       1},
      {"a group in one half", [](auto& sa) { add(sa.proposals[0].transforms.front(), pfs, 19); }, 2},
      {"AH in transport mode beside ESP in tunnel mode",
       [](auto& sa) { set(sa.proposals[0].transforms.front(), mode, 2); }, 1},
      {"ESP in transport mode within AH in tunnel mode",
       [](auto& sa) { set(sa.proposals[1].transforms.front(), mode, 2); }, 2},
      {"both in transport mode",
       [](auto& sa) {
         for (std::size_t i : {0u, 1u}) set(sa.proposals[i].transforms.front(), mode, 2);
       },
       2},
      {"AH in UDP", [](auto& sa) { set(sa.proposals[0].transforms.front(), mode, 3); }, 2},
      {"without a word of the mode",
       [](auto& sa) {
         for (std::size_t i : {0u, 1u}) remove(sa.proposals[i].transforms.front(), mode);
       },
       1},
      {"a lifetime of one half that is too long",
       [](auto& sa) { set(sa.proposals[1].transforms.front(), life_duration, 60000); }, 2},
  };
  for (const auto& [name, change, taken] : cases) {
    SCOPED_TRACE(name);
    policy::DynVpnAction ours = bundle(v1_west());
    ours.acceptable_pfs = {GroupId::none, GroupId::ecp_256};
    SecurityAssociation offer = offer_of(bundle());
    change(offer);
    const auto chosen = choose_phase2(ours, offer, peers_spis, gateways);
    EXPECT_EQ(chosen ? chosen->answer.proposals.front().number : 0, taken);
    if (chosen) {
      EXPECT_EQ(chosen->answer.proposals.size(), 2u);
    }
  }
}

TEST(BundleChoices, AreInTransportModeInBothHalvesOnly) {
  const V1Side transport{.encap = policy::EncapsulationChoice::transport};
  const Phase2Terms ends{.ends = Ends::of_traffic};
  const SecurityAssociation offer = offer_of(bundle(v1_east(), transport), ends);
  EXPECT_TRUE(choose_phase2(bundle(v1_west(), transport), offer, peers_spis, ends));
  for (const std::size_t half : {0u, 1u}) {
    SecurityAssociation mixed = offer;
    for (const std::size_t way : {0u, 2u}) set(mixed.proposals[way + half].transforms.front(), mode, 1);
    EXPECT_FALSE(choose_phase2(bundle(v1_west(), transport), mixed, peers_spis, ends)) << half;
  }
}

TEST(BundleChoices, TakeOfSeveralTransformsTwoThatGoTogether) {
  SecurityAssociation offer = offer_of(bundle());
  // AH with extended numbers first, ESP without them first: of each half there is the other kind, too.
  offer.proposals[0].transforms.push_back(offer.proposals[2].transforms.front());
  offer.proposals[1].transforms.insert(offer.proposals[1].transforms.begin(), offer.proposals[3].transforms.front());
  offer.proposals.resize(2);
  const auto chosen = choose_phase2(bundle(v1_west()), offer, peers_spis, gateways);
  ASSERT_TRUE(chosen);
  EXPECT_TRUE(chosen->choice.transforms.extended_sequence_numbers) << "the peer's first half says so first";
  for (const Proposal& proposal : chosen->answer.proposals) EXPECT_EQ(proposal.transforms.front().find(extended), 1u);
}

TEST(BundleChoices, LiveAsLongAsTheShorterHalf) {
  const V1Side sized{.child_lifesize = 5000, .lifesize_accepted = policy::LifesizeLimits{1000, 9000}};
  const policy::DynVpnAction ours = bundle(v1_west(), sized);
  SecurityAssociation offer = offer_of(bundle(v1_east(), sized));
  set(offer.proposals[0].transforms.front(), life_duration, 7200);
  set(offer.proposals[1].transforms.front(), life_duration, 3600);
  // As both durations have been written: an hour, and 3600 kilobytes.
  const auto chosen = choose_phase2(ours, offer, peers_spis, gateways);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->choice.lifetime, Seconds{3600});
  EXPECT_EQ(chosen->choice.lifesize_kbytes, 3600u);
  for (const std::uint16_t type : {life_type, life_duration}) remove(offer.proposals[1].transforms.front(), type);
  const auto half_said = choose_phase2(ours, offer, peers_spis, gateways);
  ASSERT_TRUE(half_said);
  EXPECT_EQ(half_said->choice.lifetime, Seconds{7200});
  EXPECT_EQ(half_said->choice.lifesize_kbytes, 7200u);
}

/// Of many transforms that go with none of the other half each is looked at once.
TEST(BundleChoices, AreSoughtInTimeThatGrowsWithTheOffer) {
  SecurityAssociation offer = offer_of(bundle());
  const Transform with = offer.proposals[0].transforms.front(), without = offer.proposals[3].transforms.front();
  offer.proposals.resize(2);
  offer.proposals[0].transforms.assign(wire::most_transforms, with);
  offer.proposals[1].transforms.assign(wire::most_transforms, without);
  EXPECT_FALSE(choose_phase2(bundle(v1_west()), offer, peers_spis, gateways));
}

// Shows RFC 2408 4.2-11,
// RFC 2409 5-14.
TEST(BundleAnswers, AreRefusedWhenTheyAreNotOneOfTheOffers) {
  const Offered cases[] = {
      {"as it was offered", [](SecurityAssociation&) {}, 1},
      {"ESP first", [](auto& sa) { std::swap(sa.proposals[0], sa.proposals[1]); }, 1},
      {"of another number in both",
       [](auto& sa) {
         for (Proposal& each : sa.proposals) each.number = 7;
       },
       1},
      {"AH alone", [](auto& sa) { sa.proposals.pop_back(); }, 0},
      {"ESP alone", [](auto& sa) { sa.proposals.erase(sa.proposals.begin()); }, 0},
      {"AH twice", [](auto& sa) { sa.proposals[1] = sa.proposals[0]; }, 0},
      {"three", [](auto& sa) { sa.proposals.push_back(sa.proposals[0]); }, 0},
      {"as two proposals to choose from", [](auto& sa) { sa.proposals[1].number = 2; }, 0},
      {"extended numbers in AH alone", [](auto& sa) { remove(sa.proposals[1].transforms.front(), extended); }, 0},
      {"extended numbers in ESP alone", [](auto& sa) { remove(sa.proposals[0].transforms.front(), extended); }, 0},
      {"extended numbers in none",
       [](auto& sa) {
         for (Proposal& each : sa.proposals) remove(each.transforms.front(), extended);
       },
       1},
      {"an SPI of eight octets", [](auto& sa) { sa.proposals[0].spi.resize(8); }, 0},
      {"no SPI", [](auto& sa) { sa.proposals[1].spi.clear(); }, 0},
      {"a reserved SPI", [](auto& sa) { sa.proposals[0].spi = {0, 0, 0, 1}; }, 0},
      {"AH in transport mode", [](auto& sa) { set(sa.proposals[0].transforms.front(), mode, 2); }, 0},
      {"authentication in ESP", [](auto& sa) { add(sa.proposals[1].transforms.front(), integrity, 5); }, 0},
      {"another lifetime of one half", [](auto& sa) { set(sa.proposals[1].transforms.front(), life_duration, 3600); },
       0},
      {"two transforms of one half",
       [](auto& sa) { sa.proposals[0].transforms.push_back(sa.proposals[0].transforms.front()); }, 0},
      {"no transform of one half", [](auto& sa) { sa.proposals[1].transforms.clear(); }, 0},
      {"nothing", [](auto& sa) { sa.proposals.clear(); }, 0},
  };
  for (const auto& [name, change, taken] : cases) {
    SCOPED_TRACE(name);
    SecurityAssociation answer = offer_of(bundle());
    answer.proposals.resize(2);
    change(answer);
    EXPECT_EQ(chosen_phase2(bundle(), answer, gateways).has_value(), taken == 1);
  }
}

TEST(BundleAnswers, MayBeOneProtocolWhereThatWasOfferedToo) {
  SecurityAssociation answer = offer_of(bundle_or_alone());
  answer.proposals = {answer.proposals[4]};
  answer.proposals.front().transforms.resize(1);
  const auto read = chosen_phase2(bundle_or_alone(), answer, gateways);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->transforms.protocol, contract::SaProtocol::ah);
  EXPECT_EQ(read->transforms.around_esp, IntegrityId::none);
  EXPECT_FALSE(read->peer_ah_spi);
}

}  // namespace
}  // namespace adit::ike::v1
