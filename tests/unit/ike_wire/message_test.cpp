#include "ike/wire/message.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "hex.h"

namespace adit::ike::wire {
namespace {

Header header() {
  return {.initiator_spi = IkeSpi{0x0102030405060708},
          .responder_spi = IkeSpi{0},
          .exchange = ExchangeType::ike_sa_init,
          .sender = Sender::original_initiator,
          .direction = Direction::request,
          .id = MessageId{0}};
}

TEST(Header, BuildsTheOctetsItParses) {
  const ByteString octets = build_message(header(), Payloads{}.add(Nonce{ByteString(16, 7)}));
  const auto parsed = Header::parse(octets);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->next_payload, PayloadType::nonce);
  EXPECT_EQ(parsed->length, octets.size());
  EXPECT_EQ(to_hex(Bytes{octets}.first(header_size)),
            "010203040506070800000000000000002820220800000000"
            "00000030");
}

TEST(Header, IsRefusedWhenTheLengthIsNotTheDatagrams) {
  ByteString octets = build_message(header(), {});
  EXPECT_TRUE(Header::parse(octets));
  octets.push_back(0);
  EXPECT_EQ(Header::parse(octets).error().field, "length");
  octets.resize(header_size - 1);
  EXPECT_EQ(Header::parse(octets).error().field, "length");
  EXPECT_EQ(Header::parse({}).error().field, "initiator SPI");
}

TEST(Header, AnInitiatorSpiOfZeroNamesNoSa) {
  ByteString octets = build_message(header(), {});
  std::fill_n(octets.begin(), 8, 0);
  EXPECT_EQ(Header::parse(octets).error().field, "initiator SPI");
}

TEST(Header, TellsTheVersionOfAnIkev1Message) {
  ByteString octets = build_message(header(), {});
  octets[17] = 0x10;
  octets[18] = 2;
  const auto parsed = Header::parse(octets);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->major_version, 1);
  EXPECT_EQ(parsed->exchange, ExchangeType::identity_protection);
}

TEST(Message, FindsPayloadsByTypeAndNotifiesByTheirs) {
  Payloads payloads;
  payloads.add(Nonce{ByteString(16, 1)})
      .add(PayloadType::identification_initiator, Identification{{IdentityType::fqdn, from_hex("61")}})
      .add(PayloadType::identification_responder, Identification{{IdentityType::fqdn, from_hex("62")}})
      .add(Notify{.type = NotifyType::cookie, .data = from_hex("01")});
  const ByteString octets = build_message(header(), payloads);
  const auto chain = parse_message(*Header::parse(octets), octets);
  ASSERT_TRUE(chain);
  EXPECT_EQ(chain->payloads, payloads);
  EXPECT_EQ(chain->payloads.find<Identification>(PayloadType::identification_responder)->identity.value,
            from_hex("62"));
  EXPECT_NE(chain->payloads.find(NotifyType::cookie), nullptr);
  EXPECT_EQ(chain->payloads.find(NotifyType::redirect), nullptr);
  EXPECT_EQ(chain->payloads.find_error(), nullptr);
}

std::expected<Chain, ParseError> parsed_with_payloads(std::uint8_t first, std::string_view octets) {
  ByteString message = build_message(header(), {});
  append(message, from_hex(octets));
  message[16] = first;
  message[27] = static_cast<std::uint8_t>(message.size());
  const auto head = Header::parse(message);
  EXPECT_TRUE(head);
  return parse_message(*head, message);
}

TEST(Message, TellsAnUnknownCriticalPayloadAndPassesOverAnotherOne) {
  const auto critical = parsed_with_payloads(200, "00 80 0004");
  ASSERT_TRUE(critical);
  EXPECT_EQ(critical->unknown_critical, 200);
  const auto ordinary = parsed_with_payloads(200, "00 00 0004");
  ASSERT_TRUE(ordinary);
  EXPECT_FALSE(ordinary->unknown_critical);
  // On a payload that is known the bit says nothing (RFC 7296 §3.2).
  const auto known = parsed_with_payloads(43, "00 80 0005 61");
  ASSERT_TRUE(known);
  EXPECT_FALSE(known->unknown_critical);
}

TEST(Message, RefusesImpossibleChains) {
  const struct {
    const char* name;
    std::uint8_t first;
    const char* octets;
  } cases[] = {
      {"a payload that is claimed and missing", 43, ""},
      {"a length below the generic header's", 43, "00 00 0003"},
      {"a length beyond the message", 43, "00 00 0006 61"},
      {"octets after the last payload", 43, "00 00 0005 61 00"},
      {"a payload after SK", 46, "2b 00 0005 61  00 00 0004"},
      {"SKF without its numbers", 53, "2b 00 0006 0001"},
      {"fragment zero", 53, "2b 00 0009 0000 0001 61"},
      {"a fragment beyond the last", 53, "2b 00 0009 0002 0001 61"},
  };
  for (const auto& [name, first, octets] : cases) EXPECT_FALSE(parsed_with_payloads(first, octets)) << name;
}

TEST(Message, BoundsTheNumberOfPayloads) {
  Payloads payloads;
  for (std::size_t i = 0; i < most_payloads; ++i) payloads.add(VendorId{{1}});
  ByteString octets = build_message(header(), payloads);
  EXPECT_TRUE(parse_message(*Header::parse(octets), octets));
  payloads.add(VendorId{{1}});
  octets = build_message(header(), payloads);
  EXPECT_FALSE(parse_message(*Header::parse(octets), octets));
}

TEST(Message, AnSkPayloadInsideAnotherIsRefused) {
  EXPECT_FALSE(parse_inner(PayloadType::encrypted, from_hex("00 00 0005 61")));
  EXPECT_FALSE(parse_inner(PayloadType::encrypted_fragment, from_hex("00 00 0009 0001 0001 61")));
  const auto empty = parse_inner(PayloadType::none, {});
  ASSERT_TRUE(empty);  // an empty INFORMATIONAL (RFC 7296 §1.4)
  EXPECT_TRUE(empty->payloads.items().empty());
}

TEST(Message, LocatesWhatItProtects) {
  ByteString octets = build_protected_start(header(), PayloadType::nonce, 24);
  const std::size_t iv = octets.size();
  octets.resize(iv + 24, 0xee);
  const auto head = Header::parse(octets);
  ASSERT_TRUE(head);
  const auto chain = parse_message(*head, octets);
  ASSERT_TRUE(chain && chain->protected_part);
  EXPECT_EQ(*chain->protected_part, (ProtectedPart{.first_inner = PayloadType::nonce, .body = iv}));
}

TEST(Message, OnlyTheFirstFragmentSaysWhatIsInside) {
  for (const std::uint16_t number : {std::uint16_t{1}, std::uint16_t{2}}) {
    ByteString octets = build_fragment_start(header(), PayloadType::nonce, number, 2, 24);
    const std::size_t iv = octets.size();
    octets.resize(iv + 24, 0xee);
    const auto chain = parse_message(*Header::parse(octets), octets);
    ASSERT_TRUE(chain && chain->protected_part);
    EXPECT_EQ(chain->protected_part->fragment_number, number);
    EXPECT_EQ(chain->protected_part->fragment_total, 2);
    EXPECT_EQ(chain->protected_part->body, iv);
    EXPECT_EQ(chain->protected_part->first_inner, number == 1 ? PayloadType::nonce : PayloadType::none);
  }
}

TEST(Message, RecordedExchangesParseAndBuildTheSameOctets) {
  std::ifstream file{std::string{ADIT_TEST_DATA} + "/vectors/wireshark-ike/ikev2-exchanges.json"};
  const auto vectors = nlohmann::json::parse(file);
  std::size_t outer = 0, inner = 0;
  for (const auto& exchange : vectors["exchanges"]) {
    for (const auto& message : exchange["messages"]) {
      const ByteString octets = from_hex(message["hex"].get<std::string>());
      const auto head = Header::parse(octets);
      ASSERT_TRUE(head) << message["hex"];
      EXPECT_EQ(head->id.value(), message["message_id"].get<std::uint32_t>());
      const auto chain = parse_message(*head, octets);
      ASSERT_TRUE(chain) << chain.error().field << " at " << chain.error().offset << " of " << message["hex"];
      EXPECT_EQ(chain->protected_part.has_value(), message.contains("sk_plaintext_with_padding"));
      if (!chain->protected_part) {
        EXPECT_EQ(to_hex(build_message(*head, chain->payloads)), to_hex(octets));
        ++outer;
        continue;
      }
      ByteString plaintext = from_hex(message["sk_plaintext_with_padding"].get<std::string>());
      ASSERT_LT(plaintext.back(), plaintext.size());
      plaintext.resize(plaintext.size() - 1 - plaintext.back());
      const auto inside = parse_inner(chain->protected_part->first_inner, plaintext);
      ASSERT_TRUE(inside) << inside.error().field << " at " << inside.error().offset;
      EXPECT_EQ(to_hex(build_inner(inside->payloads).octets), to_hex(plaintext));
      ++inner;
    }
  }
  EXPECT_GE(outer, 10u);
  EXPECT_GE(inner, 10u);
}

}  // namespace
}  // namespace adit::ike::wire
