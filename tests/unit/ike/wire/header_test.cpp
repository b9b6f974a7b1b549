#include "ike/wire/header.h"

#include "unit/ike/wire/codec.h"

namespace adit::ike::wire {
namespace {

const CodecCase<Header> cases[] = {
    {"the first message of an IKE SA", "1122334455667788 0000000000000000 00 20 22 08 00000000 0000001c",
     Header{.initiator_spi = IkeSpi{0x1122334455667788},
            .next_payload = PayloadType::none,
            .exchange = ExchangeType::ike_sa_init,
            .sender = Sender::original_initiator,
            .direction = Direction::request,
            .length = 28}},
    {"a response of the responder, which speaks a later version",
     "1122334455667788 99aabbccddeeff00 2e 21 25 30 00000007 00000020 deadbeef",
     Header{.initiator_spi = IkeSpi{0x1122334455667788},
            .responder_spi = IkeSpi{0x99aabbccddeeff00},
            .next_payload = PayloadType::encrypted,
            .minor_version = 1,
            .exchange = ExchangeType::informational,
            .sender = Sender::original_responder,
            .direction = Direction::response,
            .speaks_higher_version = true,
            .id = MessageId{7},
            .length = 32}},
    {"IKEv1 main mode", "1122334455667788 0000000000000000 01 10 02 00 00000000 0000001c",
     Header{.initiator_spi = IkeSpi{0x1122334455667788},
            .next_payload = PayloadType{1},
            .major_version = 1,
            .exchange = ExchangeType::identity_protection,
            .sender = Sender::original_responder,
            .length = 28}},
    {"a version to come", "1122334455667788 0000000000000000 00 f0 22 08 00000000 0000001c",
     Header{.initiator_spi = IkeSpi{0x1122334455667788},
            .major_version = 15,
            .exchange = ExchangeType::ike_sa_init,
            .length = 28}},
    {"nothing", "", fails("initiator SPI", 0)},
    {"one octet short", "1122334455667788 0000000000000000 00 20 22 08 00000000 000000", fails("length", 24)},
    {"longer than it says", "1122334455667788 0000000000000000 00 20 22 08 00000000 0000001c 00", fails("length", 24)},
    {"shorter than it says", "1122334455667788 0000000000000000 00 20 22 08 00000000 0000001d", fails("length", 24)},
    {"no initiator SPI", "0000000000000000 0000000000000000 00 20 22 08 00000000 0000001c", fails("initiator SPI", 0)},
};

// Shows RFC 7296 3.1-3.
TEST(Header, ParsesOnlyWhatIsAWholeDatagram) {
  for (const auto& [name, octets, want] : cases) {
    SCOPED_TRACE(name);
    const auto parsed = Header::parse(from_hex(octets));
    ASSERT_EQ(parsed.has_value(), want.has_value());
    if (!want) {
      EXPECT_EQ(parsed.error(), want.error());
      continue;
    }
    EXPECT_EQ(*parsed, *want);
    EXPECT_EQ(to_hex(built(*want)), to_hex(Bytes{from_hex(octets)}.first(header_size)));
  }
}

// Shows RFC 7296 3.1-10, 3.1-11.
TEST(Header, PassesOverReservedFlags) {
  const auto parsed = Header::parse(from_hex("1122334455667788 0000000000000000 00 20 22 cf 00000000 0000001c"));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(built(*parsed)[19], 0x08);  // sent as zeros (RFC 7296 §3.1)
}

TEST(Header, RefusesMoreThanADatagramHolds) {
  ByteString octets = from_hex("1122334455667788 0000000000000000 00 20 22 08 00000000 0000ffff");
  octets.resize(largest_message);
  EXPECT_TRUE(Header::parse(octets));
  octets.push_back(0);
  octets[25] = 1, octets[26] = 0, octets[27] = 0;
  EXPECT_EQ(Header::parse(octets).error(), (ParseError{.field = "length", .offset = 24}));
}

TEST(PayloadType, IsNamedAsTheRfcNamesIt) {
  EXPECT_EQ(name_of(PayloadType::security_association), "SA");
  EXPECT_EQ(name_of(PayloadType::encrypted_fragment), "SKF");
  EXPECT_EQ(name_of(PayloadType{200}), "200");
  EXPECT_EQ(name_of(ExchangeType::create_child_sa), "CREATE_CHILD_SA");
  EXPECT_EQ(name_of(ExchangeType{99}), "99");
  EXPECT_FALSE(is_known(PayloadType::none));
  EXPECT_FALSE(is_known(PayloadType{32}));
  EXPECT_TRUE(is_known(PayloadType::eap));
}

}  // namespace
}  // namespace adit::ike::wire
