#include "ike/wire/security_association.h"

#include "codec.h"

namespace adit::ike::wire {
namespace {

const Transform aes_256{.type = 1, .id = 20, .key_bits = 256};
const Transform curve{.type = 4, .id = 31};

TEST(SecurityAssociation, BuildsTheOctetsItParses) {
  const CodecCase<SecurityAssociation> cases[] = {
      {"one proposal, two transforms", "00 00 001c 01 01 00 02  03 00 000c 01 00 0014 800e0100  00 00 0008 04 00 001f",
       SecurityAssociation{{{.number = 1, .protocol = 1, .spi = {}, .transforms = {aes_256, curve}}}}},
      {"two proposals with SPIs",
       "02 00 0014 01 03 04 01 c0000001  00 00 0008 04 00 001f"
       "00 00 0014 02 03 04 01 c0000001  00 00 0008 04 00 001f",
       SecurityAssociation{{{.number = 1, .protocol = 3, .spi = from_hex("c0000001"), .transforms = {curve}},
                            {.number = 2, .protocol = 3, .spi = from_hex("c0000001"), .transforms = {curve}}}}},
      {"an attribute that is not known is kept", "00 00 0014 01 01 00 01  00 00 000c 01 00 0014 8063 0001",
       SecurityAssociation{{{.number = 1,
                             .protocol = 1,
                             .transforms = {{.type = 1, .id = 20, .unknown = {{99, true, from_hex("0001")}}}}}}}},
      {"a long attribute is kept", "00 00 0016 01 01 00 01  00 00 000e 01 00 0014 0063 0002 0102",
       SecurityAssociation{{{.number = 1,
                             .protocol = 1,
                             .transforms = {{.type = 1, .id = 20, .unknown = {{99, false, from_hex("0102")}}}}}}}},
      {"no proposal", "", refused("proposals", 0)},
      {"no transform", "00 00 0008 01 01 00 00", refused("number of transforms", 7)},
      {"more transforms claimed than sent", "00 00 0010 01 01 00 02  03 00 0008 04 00 001f",
       refused("last transform", 16)},
      {"the last transform not marked", "00 00 0010 01 01 00 01  03 00 0008 04 00 001f", refused("last transform", 8)},
      {"the last proposal not marked", "02 00 0010 01 01 00 01  00 00 0008 04 00 001f", refused("last proposal", 4)},
      {"a transform shorter than its header", "00 00 0010 01 01 00 01  00 00 0007 04 00 001f",
       refused("transform length", 10)},
      {"a proposal shorter than its header", "00 00 0007 01 01 00", refused("proposal length", 2)},
      {"a proposal longer than the payload", "00 00 0011 01 01 00 01  00 00 0008 04 00 001f",
       refused("proposal length", 4)},
      {"an SPI of three octets", "00 00 0013 01 03 03 01 000001  00 00 0008 04 00 001f", refused("SPI", 8)},
  };
  check_codec(cases);
}

SecurityAssociation of(std::size_t proposals) {
  SecurityAssociation payload;
  for (std::size_t i = 0; i < proposals; ++i)
    payload.proposals.push_back({.number = 1, .protocol = 1, .transforms = {curve}});
  return payload;
}

TEST(SecurityAssociation, BoundsProposalsTransformsAndAttributes) {
  EXPECT_TRUE(SecurityAssociation::parse(built(of(most_proposals))));
  EXPECT_FALSE(SecurityAssociation::parse(built(of(most_proposals + 1))));

  SecurityAssociation wide = of(1);
  wide.proposals[0].transforms.assign(most_transforms, curve);
  EXPECT_TRUE(SecurityAssociation::parse(built(wide)));
  wide.proposals[0].transforms.push_back(curve);
  EXPECT_FALSE(SecurityAssociation::parse(built(wide)));

  SecurityAssociation deep = of(1);
  deep.proposals[0].transforms[0].unknown.assign(most_attributes, {99, true, {0, 1}});
  EXPECT_TRUE(SecurityAssociation::parse(built(deep)));
  deep.proposals[0].transforms[0].unknown.push_back({99, true, {0, 1}});
  EXPECT_FALSE(SecurityAssociation::parse(built(deep)));
}

}  // namespace
}  // namespace adit::ike::wire
