// Every payload of IKEv1: a table each of octets that parse and of octets that do not.

#include "ike/wire/v1/delete.h"
#include "ike/wire/v1/header.h"
#include "ike/wire/v1/identification.h"
#include "ike/wire/v1/notify.h"
#include "ike/wire/v1/opaque_payloads.h"
#include "ike/wire/v1/security_association.h"
#include "unit/ike/wire/codec.h"

namespace adit::ike::wire::v1 {
namespace {

using wire::CodecCase;
using wire::expect_codec;
using wire::fails;
using wire::octets_of;

const std::string cookies = "1111111111111111 2222222222222222";

// Shows RFC 2408 3.1-1, 3.1-2, 3.1-4, 3.1-5, 5.1-2, 5.2-4, 5.2-6.
TEST(HeaderV1, BuildsTheOctetsItParses) {
  const Header quick{.initiator_cookie = IkeSpi{0x1111111111111111},
                     .responder_cookie = IkeSpi{0x2222222222222222},
                     .next_payload = PayloadType::hash,
                     .exchange = ExchangeType::quick_mode,
                     .is_encrypted = true,
                     .is_commit = true,
                     .authentication_only = true,
                     .id = MessageId{7},
                     .length = 28};
  const CodecCase<Header> cases[] = {
      {"with every flag (RFC 2408 §3.1)", cookies + "08 10 20 07 00000007 0000001c", quick},
      {"without an initiator cookie", "0000000000000000 2222222222222222 08 10 20 00 00000007 0000001c",
       fails("initiator cookie", 0)},
      {"of IKEv2", cookies + "08 20 20 00 00000007 0000001c", fails("version", 17)},
      {"of a later minor version", cookies + "08 11 20 00 00000007 0000001c", fails("version", 17)},
      {"with a flag that is not defined", cookies + "08 10 20 08 00000007 0000001c", fails("flags", 19)},
      {"longer than it says", cookies + "08 10 20 00 00000007 0000001c 00", fails("length", 24)},
      {"cut off", cookies + "08 10 20 00 00000007 0000", fails("length", 24)},
  };
  expect_codec(cases);
}

// Shows RFC 2408 2.5.2-1, 2.5.2-2, 3.4-2, 3.4-3, 3.5-1, 3.6-1, 3.6-2, 5.4-1, 5.4-2, 5.4-3, 5.5-4, 5.6-1, 5.6-4.
TEST(SecurityAssociationV1, BuildsTheOctetsItParses) {
  const Transform aes{
      .number = 1, .id = 1, .attributes = {attribute_of(1, 7), attribute_of(14, 128), attribute_of(12, 86400)}};
  const SecurityAssociation one{.proposals = {{.number = 0, .protocol = 1, .transforms = {aes}}}};
  const SecurityAssociation both{
      .proposals = {{.number = 1, .protocol = 2, .spi = from_hex("01020304"), .transforms = {{.number = 1, .id = 3}}},
                    {.number = 1,
                     .protocol = 3,
                     .spi = from_hex("05060708"),
                     .transforms = {{.number = 1, .id = 12}, {.number = 2, .id = 3}}}}};
  const std::string head = "00000001 00000001";
  const CodecCase<SecurityAssociation> cases[] = {
      {"basic and variable attributes",
       head + "00000020 00010001 00000018 01010000 80010007 800e0080 000c0004 00015180", one},
      {"AH and ESP together",
       head + "02000014 01020401 01020304 00000008 01030000" +
           "0000001c 01030402 05060708 03000008 010c0000 00000008 02030000",
       both},
      {"of another domain", "00000002 00000001 00000010 00010001 00000008 01010000",
       fails("domain of interpretation", 0)},
      {"of a situation with labels", "00000001 00000003 00000010 00010001 00000008 01010000", fails("situation", 4)},
      {"without proposals", head, fails("proposals", 4)},
      {"without transforms", head + "00000008 00010000", fails("number of transforms", 15)},
      {"an SPI of 17 octets", head + "00000021 00011101" + octets_of(17) + "00000008 01010000", fails("SPI size", 14)},
      {"a proposal cut off", head + "00000010 00010001 00000007 010100", fails("proposal length", 12)},
      {"a transform that is too short", head + "00000010 00010001 00000007 01010000", fails("transform length", 18)},
      {"a proposal longer than the payload", head + "00000020 00010001 00000008 01010000",
       fails("proposal length", 12)},
      {"a proposal with RESERVED set", head + "00010010 00010001 00000008 01010000", fails("reserved", 9)},
      {"a transform with RESERVED set", head + "00000010 00010001 00010008 01010000", fails("reserved", 17)},
      {"a transform with RESERVED2 set", head + "00000010 00010001 00000008 01010001", fails("reserved", 22)},
      {"a last proposal that is not", head + "02000010 00010001 00000008 01010000", fails("last proposal", 12)},
      {"an attribute cut off", head + "00000014 00010001 0000000c 01010000 000c0004",
       fails("transform attributes", 24)},
  };
  expect_codec(cases);
}

TEST(SecurityAssociationV1, BoundsWhatAPeerMaySend) {
  SecurityAssociation payload;
  payload.proposals.resize(most_proposals + 1, {.protocol = 1, .transforms = {{}}});
  EXPECT_FALSE(SecurityAssociation::parse(built(payload)));
  payload.proposals.resize(most_proposals);
  EXPECT_TRUE(SecurityAssociation::parse(built(payload)));
  payload.proposals.front().transforms.front().attributes.resize(most_transform_attributes + 1, attribute_of(1, 1));
  EXPECT_FALSE(SecurityAssociation::parse(built(payload)));
}

TEST(AttributeV1, IsANumberInEitherForm) {
  EXPECT_TRUE(attribute_of(12, 65535).is_short);
  EXPECT_FALSE(attribute_of(12, 65536).is_short);
  EXPECT_EQ(number_of(attribute_of(12, 4'000'000'000)), 4'000'000'000);
  EXPECT_EQ(number_of({.type = 12, .is_short = false, .value = from_hex(octets_of(8, 0x01))}), 0x0101010101010101u);
  EXPECT_EQ(number_of({.type = 12, .is_short = false, .value = from_hex(octets_of(9))}), std::nullopt);
  EXPECT_EQ(number_of({.type = 12, .is_short = false, .value = {}}), std::nullopt);
}

// Shows RFC 2408 5.8-1, 5.8-2.
TEST(IdentificationV1, BuildsTheOctetsItParses) {
  const CodecCase<Identification> cases[] = {
      {"an address with protocol and port", "01 11 01f4 c0000201",
       Identification{.type = IdType::ipv4_addr, .protocol = 17, .port = 500, .value = from_hex("c0000201")}},
      {"a name", "02 00 0000 61", Identification{.type = IdType::fqdn, .value = from_hex("61")}},
      {"a subnet", "04 00 0000 0a010000 ffff0000",
       Identification{.type = IdType::ipv4_addr_subnet, .value = from_hex("0a010000ffff0000")}},
      {"an address of five octets", "01 00 0000 c000020100", fails("identification data", 4)},
      {"an IPv6 subnet of half a mask", "06 00 0000" + octets_of(24), fails("identification data", 4)},
      {"a name of no octets", "02 00 0000", fails("identification data", 4)},
      {"no such type", "0c 00 0000 61", fails("ID type", 0)},
      {"cut off", "01 00 00", fails("port", 2)},
  };
  expect_codec(cases);
}

TEST(IdentificationV1, SaysWhatTrafficIsMeant) {
  const auto v4 = [](const char* text) { return *IpAddress::parse(text); };
  const struct {
    const char* name;
    TrafficSelector selector;
    const char* octets;
  } cases[] = {
      {"one address", {.addresses = IpRange::of(v4("10.1.1.1"))}, "01 00 0000 0a010101"},
      {"its TCP port",
       {.protocol = 6, .ports = PortRange::of(80), .addresses = IpRange::of(v4("10.1.1.1"))},
       "01 06 0050 0a010101"},
      {"a subnet", {.addresses = IpRange::of_prefix(v4("10.1.0.0"), 16)}, "04 00 0000 0a010000 ffff0000"},
      {"everything", {.addresses = IpRange::all(IpFamily::v4)}, "04 00 0000 00000000 00000000"},
      {"a range", {.addresses = {v4("10.1.0.1"), v4("10.1.0.9")}}, "07 00 0000 0a010001 0a010009"},
      {"an IPv6 address", {.addresses = IpRange::of(v4("2001:db8::1"))}, "05 00 0000 20010db8000000000000000000000001"},
      {"an IPv6 subnet",
       {.addresses = IpRange::of_prefix(v4("2001:db8::"), 32)},
       "06 00 0000 20010db8000000000000000000000000 ffffffff000000000000000000000000"},
      {"an IPv6 range",
       {.addresses = {v4("2001:db8::1"), v4("2001:db8::9")}},
       "08 00 0000 20010db8000000000000000000000001 20010db8000000000000000000000009"},
  };
  for (const auto& [name, selector, octets] : cases) {
    SCOPED_TRACE(name);
    const auto payload = Identification::of(selector);
    ASSERT_TRUE(payload);
    EXPECT_EQ(to_hex(built(*payload)), to_hex(from_hex(octets)));
    EXPECT_EQ(payload->selector(), selector);
  }
}

// Shows RFC 2408 3.8-1,
// RFC 3947 4-12.
TEST(IdentificationV1, NamesAPeerWithThePortOfIkeOrNone) {
  const struct {
    const char* octets;
    bool names;
  } cases[] = {
      {"01 00 0000 0a010101", true},  {"01 11 01f4 0a010101", true},  {"01 11 0000 0a010101", true},
      {"01 11 0050 0a010101", false}, {"01 06 01f4 0a010101", false}, {"01 00 01f4 0a010101", false},
      {"02 00 0000 61", true},        {"02 06 0000 61", false},       {"04 00 0000 0a010000 ffff0000", false},
  };
  for (const auto& [octets, names] : cases) {
    EXPECT_EQ(Identification::parse(from_hex(octets))->identity().has_value(), names) << octets;
  }
  const Identity peer{IdentityType::ipv4_addr, from_hex("0a010101")};
  EXPECT_EQ(to_hex(built(Identification::of(peer))), "010000000a010101");
}

TEST(IdentificationV1, HasNoWordForSomeTraffic) {
  const IpRange host = IpRange::of(*IpAddress::parse("10.1.1.1"));
  EXPECT_FALSE(Identification::of(TrafficSelector{.protocol = 6, .ports = {80, 90}, .addresses = host}));
  EXPECT_FALSE(Identification::of(
      TrafficSelector{.protocol = IpProtocol::icmp, .ports = PortRange::of(0x0800), .addresses = host}));
  const auto selector_in = [](const char* octets) { return Identification::parse(from_hex(octets))->selector(); };
  EXPECT_FALSE(selector_in("04 00 0000 0a010000 ff00ff00")) << "a mask with a hole";
  EXPECT_FALSE(selector_in("07 00 0000 0a010009 0a010001")) << "a range that ends before it begins";
  EXPECT_FALSE(selector_in("02 00 0000 61")) << "a name";
}

// Shows RFC 2408 5.14-2.
TEST(NotifyV1, BuildsTheOctetsItParses) {
  const CodecCase<Notify> cases[] = {
      {"R-U-THERE (RFC 3706 §5.3)", "00000001 01 10 8d28" + cookies + "00000001",
       Notify{.protocol = 1, .spi = from_hex(cookies), .type = NotifyType::r_u_there, .data = from_hex("00000001")}},
      {"a type that is not known", "00000000 01 00 1fff", Notify{.doi = 0, .protocol = 1, .type = NotifyType{0x1fff}}},
      {"an SPI that is cut off", "00000001 01 10 000e 00", fails("SPI", 8)},
      {"cut off", "00000001 01 10 00", fails("notify message type", 6)},
  };
  expect_codec(cases);
}

// Shows RFC 2408 3.15-1, 3.15-2, 5.15-3, 5.15-8.
TEST(DeleteV1, BuildsTheOctetsItParses) {
  const CodecCase<Delete> cases[] = {
      {"two ESP SAs", "00000001 03 04 0002 00000001 00000002",
       Delete{.protocol = ProtocolId::esp, .spis = {Spi{1}, Spi{2}}}},
      {"an ISAKMP SA", "00000001 01 10 0001" + cookies,
       Delete{.protocol = ProtocolId::ike, .cookies = {{IkeSpi{0x1111111111111111}, IkeSpi{0x2222222222222222}}}}},
      {"more than there are", "00000001 03 04 0003 00000001 00000002", fails("SPIs", 6)},
      {"none", "00000001 03 04 0000", fails("SPIs", 6)},
      {"an ISAKMP SA by four octets", "00000001 01 04 0001 00000001", fails("SPI size", 5)},
      {"of no protocol that has SAs", "00000001 04 04 0001 00000001", fails("protocol ID", 4)},
  };
  expect_codec(cases);
}

TEST(OpaquePayloadsV1, AreNeverEmpty) {
  const CodecCase<Nonce> cases[] = {
      {"a nonce", "0102", Nonce{from_hex("0102")}},
      {"nothing", "", fails("payload of no octets", 0)},
  };
  expect_codec(cases);
}

TEST(NatOriginalAddressV1, BuildsTheOctetsItParses) {
  const CodecCase<NatOriginalAddress> cases[] = {
      {"IPv4", "01 000000 0a010101", NatOriginalAddress{*IpAddress::parse("10.1.1.1")}},
      {"IPv6", "05 000000 20010db8000000000000000000000001", NatOriginalAddress{*IpAddress::parse("2001:db8::1")}},
      {"a subnet", "04 000000 0a010101ffffffff", fails("ID type", 0)},
      {"an address too short", "01 000000 0a0101", fails("address", 4)},
  };
  expect_codec(cases);
}

}  // namespace
}  // namespace adit::ike::wire::v1
