#include "ike/wire/security_association.h"

#include "unit/ike/wire/codec.h"

namespace adit::ike::wire {
namespace {

Transform transform(TransformType type, std::uint16_t id, std::optional<std::uint16_t> key_bits = {}) {
  return {.type = static_cast<std::uint8_t>(type), .id = id, .key_bits = key_bits, .unknown = {}};
}

const CodecCase<SecurityAssociation> cases[] = {
    {"ESP with AES-GCM and ESN", "00000020 01 03 04 02 c0000001 0300000c 01000014 800e0100 00000008 05000001",
     SecurityAssociation{{{.number = 1,
                           .protocol = 3,
                           .spi = from_hex("c0000001"),
                           .transforms = {transform(TransformType::encryption, 20, 256),
                                          transform(TransformType::sequence_numbers, 1)}}}}},
    {"two proposals of an IKE SA", "02000010 01 01 00 01 00000008 04000013 00000010 02 01 00 01 00000008 0400001f",
     SecurityAssociation{
         {{.number = 1, .protocol = 1, .spi = {}, .transforms = {transform(TransformType::key_exchange, 19)}},
          {.number = 2, .protocol = 1, .spi = {}, .transforms = {transform(TransformType::key_exchange, 31)}}}}},
    {"what is not known is kept", "00000020 01 09 00 01 00000018 63001234 800e0080 8077abcd 00780004 01020304",
     SecurityAssociation{
         {{.number = 1,
           .protocol = 9,
           .spi = {},
           .transforms = {{.type = 0x63,
                           .id = 0x1234,
                           .key_bits = 128,
                           .unknown = {{0x77, true, from_hex("abcd")}, {0x78, false, from_hex("01020304")}}}}}}}},
    {"nothing", "", fails("proposals", 0)},
    {"a proposal without transforms", "00000008 01 01 00 00", fails("number of transforms", 7)},
    {"the last proposal says that more follow", "02000010 01 01 00 01 00000008 04000013", fails("last proposal", 4)},
    {"a proposal follows the last", "00000010 01 01 00 01 00000008 04000013 00000010 02 01 00 01 00000008 0400001f",
     fails("last proposal", 4)},
    {"a proposal longer than the payload", "00000011 01 01 00 01 00000008 04000013", fails("proposal length", 4)},
    {"a proposal shorter than its own header", "00000007 01 01 00 01 00000008 04000013", fails("proposal length", 2)},
    {"more transforms claimed than sent", "00000010 01 01 00 02 03000008 04000013", fails("last transform", 16)},
    {"fewer transforms claimed than sent", "00000018 01 01 00 01 00000008 04000013 00000008 0400001f",
     fails("proposal length", 16)},
    {"the last transform says that more follow", "00000010 01 01 00 01 03000008 04000013", fails("last transform", 8)},
    {"a transform shorter than its own header", "00000010 01 01 00 01 00000007 04000013",
     fails("transform length", 10)},
    {"a transform longer than its proposal", "00000010 01 01 00 01 00000009 04000013",
     fails("transform attributes", 16)},
    {"an attribute cut off", "00000012 01 01 00 01 0000000a 04000013 800e", fails("transform attributes", 16)},
    {"an attribute longer than its transform", "00000014 01 01 00 01 0000000c 04000013 00780001",
     fails("transform attributes", 16)},
    {"an SPI of three octets", "00000013 01 03 03 01 112233 00000008 04000013", fails("SPI", 8)},
    {"an SPI longer than the proposal", "00000010 01 03 ff 01 00000008 04000013", fails("SPI", 8)},
};

// Shows RFC 7296 3.3-2, 3.3.5-1, 3.3.5-3.
TEST(SecurityAssociation, BuildsTheOctetsItParses) { expect_codec(cases); }

SecurityAssociation with(std::size_t proposals, std::size_t transforms, std::size_t attributes) {
  Transform one = transform(TransformType::encryption, 12, 128);
  one.unknown.assign(attributes, {0x77, true, from_hex("0001")});
  return {std::vector<Proposal>(
      proposals,
      Proposal{.number = 1, .protocol = 1, .spi = {}, .transforms = std::vector<Transform>(transforms, one)})};
}

TEST(SecurityAssociation, HasBoundsOnWhatAPeerMaySend) {
  const struct {
    const char* name;
    SecurityAssociation payload;
    bool fits;
  } bounds[] = {
      {"proposals at the bound", with(most_proposals, 1, 0), true},
      {"proposals past it", with(most_proposals + 1, 1, 0), false},
      {"transforms at the bound", with(1, most_transforms, 0), true},
      {"transforms past it", with(1, most_transforms + 1, 0), false},
      {"attributes at the bound", with(1, 1, most_attributes), true},
      {"attributes past it", with(1, 1, most_attributes + 1), false},
  };
  for (const auto& [name, payload, fits] : bounds) {
    SCOPED_TRACE(name);
    const auto parsed = SecurityAssociation::parse(built(payload));
    EXPECT_EQ(parsed.has_value(), fits);
    EXPECT_EQ(parsed == payload, fits);
  }
}

}  // namespace
}  // namespace adit::ike::wire
