#include "ike/wire/message.h"

#include "unit/ike/wire/codec.h"

namespace adit::ike::wire {
namespace {

std::expected<Chain, ParseError> message(PayloadType first, const std::string& payloads) {
  const ByteString octets = from_hex(payloads);
  Header header{.initiator_spi = IkeSpi{1},
                .next_payload = first,
                .exchange = ExchangeType::informational,
                .length = static_cast<std::uint32_t>(header_size + octets.size())};
  Writer out;
  header.build(out);
  out.bytes(octets);
  return parse_message(header, out.written());
}

const std::string initial_contact = "0000 0008 0000 4000";

// Shows RFC 7296 3.14-1.
TEST(Message, NamesWhatIsWrongWithAChain) {
  const struct {
    const char* name;
    PayloadType first;
    std::string payloads;
    ParseError want;
  } cases[] = {
      {"a payload promised", PayloadType::notify, "", {"next payload", 28}},
      {"octets after the last payload", PayloadType::none, "00", {"octets left over", 28}},
      {"a payload shorter than its own header", PayloadType::notify, "0000 0003 0000 4000", {"payload length", 30}},
      {"a payload longer than the message", PayloadType::notify, "0000 0009 0000 4000", {"payload length", 32}},
      {"a payload that is malformed", PayloadType::notify, "0000 0007 0000 40", {"notify message type", 34}},
      {"the second payload malformed", PayloadType::notify, "2900 0008 0000 4000 0000 0004", {"protocol ID", 40}},
      {"a payload after SK", PayloadType::encrypted, "0000 0004" + initial_contact, {"SK payload", 32}},
      {"a fragment without its numbers", PayloadType::encrypted_fragment, "0000 0007 0001 00", {"total fragments", 34}},
      {"fragment 0", PayloadType::encrypted_fragment, "0000 0008 0000 0002", {"fragment number", 34}},
      {"a fragment past the last", PayloadType::encrypted_fragment, "0000 0008 0003 0002", {"fragment number", 34}},
  };
  for (const auto& [name, first, payloads, want] : cases) {
    SCOPED_TRACE(name);
    const auto parsed = message(first, payloads);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().field, want.field);
    EXPECT_EQ(parsed.error().offset, want.offset);
  }
}

TEST(Message, FindsPayloadsByKindAndType) {
  Payloads payloads;
  payloads.add(PayloadType::identification_responder, Identification{{IdentityType::fqdn, from_hex("62")}})
      .add(PayloadType::identification_initiator, Identification{{IdentityType::fqdn, from_hex("61")}})
      .add(Notify{.type = NotifyType::initial_contact})
      .add(Notify{.type = NotifyType::ts_unacceptable})
      .add(Nonce{ByteString(16)});
  EXPECT_EQ(payloads.find<Identification>(PayloadType::identification_initiator)->identity.to_string(), "a");
  EXPECT_EQ(payloads.find<Identification>(PayloadType::identification_responder)->identity.to_string(), "b");
  EXPECT_EQ(payloads.find<Nonce>()->value.size(), 16u);
  EXPECT_EQ(payloads.find<KeyExchange>(), nullptr);
  EXPECT_EQ(payloads.find_error()->type, NotifyType::ts_unacceptable);
  EXPECT_NE(payloads.find(NotifyType::initial_contact), nullptr);
  EXPECT_EQ(payloads.find(NotifyType::cookie), nullptr);
  EXPECT_EQ(payloads.count(PayloadType::notify), 2u);
  EXPECT_EQ(payloads.count(PayloadType::delete_), 0u);
}

// Shows RFC 7296 2.5-9.
TEST(Message, TellsTheFirstUnknownPayloadThatIsCritical) {  // RFC 7296 §2.5
  const auto harmless = message(PayloadType{200}, "2900 0005 ff" + initial_contact);
  ASSERT_TRUE(harmless);
  EXPECT_FALSE(harmless->unknown_critical);
  EXPECT_EQ(harmless->payloads.items().size(), 1u);

  const auto critical = message(PayloadType{200}, "c980 0005 ff 2980 0004" + initial_contact);
  ASSERT_TRUE(critical);
  EXPECT_EQ(critical->unknown_critical, 200);
  EXPECT_EQ(critical->payloads.items().size(), 1u);
}

// Shows RFC 7296 3.2-3.
TEST(Message, PassesOverTheCriticalBitOfKnownPayloads) {  // RFC 7296 §3.2
  const auto parsed = message(PayloadType::notify, "0080 0008 0000 4000");
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(parsed->unknown_critical);
}

TEST(Message, HasABoundOnPayloads) {
  Payloads payloads;
  for (std::size_t i = 0; i < most_payloads; ++i) payloads.add(Notify{.type = NotifyType::initial_contact});
  Inner inner = build_inner(payloads);
  EXPECT_TRUE(parse_inner(inner.first, inner.octets));
  payloads.add(Notify{.type = NotifyType::initial_contact});
  inner = build_inner(payloads);
  EXPECT_FALSE(parse_inner(inner.first, inner.octets));
}

TEST(Message, LocatesTheProtectedPart) {
  const auto sealed = message(PayloadType::notify, "2e00 0008 0000 4000 2300 0008 aabbccdd");
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->payloads.items().size(), 1u);
  EXPECT_EQ(sealed->protected_part,
            (ProtectedPart{
                .type = PayloadType::encrypted, .first_inner = PayloadType::identification_initiator, .body = 40}));
  const auto fragment = message(PayloadType::encrypted_fragment, "2300 000a 0002 0003 aabb");
  ASSERT_TRUE(fragment);
  EXPECT_EQ(fragment->protected_part, (ProtectedPart{.type = PayloadType::encrypted_fragment,
                                                     .first_inner = PayloadType::identification_initiator,
                                                     .body = 36,
                                                     .fragment_number = 2,
                                                     .fragment_total = 3}));
}

// Shows RFC 7296 3.1-2.
TEST(Message, RefusesAProtectedPartInsideOfAnother) {
  for (const PayloadType type : {PayloadType::encrypted, PayloadType::encrypted_fragment}) {
    EXPECT_FALSE(parse_inner(type, from_hex("0000 0008 0001 0001")));
  }
}

TEST(Message, TakesAnEmptyInside) {
  const auto parsed = parse_inner(PayloadType::none, {});
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->payloads.items().empty());
}

TEST(Message, IsBuiltUpToTheIvWithBothLengthsRight) {
  const Header header{.initiator_spi = IkeSpi{1}, .responder_spi = IkeSpi{2}, .exchange = ExchangeType::ike_auth};
  ByteString octets = build_protected_start(header, PayloadType::identification_initiator, 100);
  EXPECT_EQ(octets.size(), header_size + generic_header_size);
  octets.resize(octets.size() + 100);
  auto parsed_header = Header::parse(octets);
  ASSERT_TRUE(parsed_header);
  auto chain = parse_message(*parsed_header, octets);
  ASSERT_TRUE(chain);
  EXPECT_EQ(chain->protected_part,
            (ProtectedPart{
                .type = PayloadType::encrypted, .first_inner = PayloadType::identification_initiator, .body = 32}));

  for (const std::uint16_t number : {std::uint16_t{1}, std::uint16_t{2}}) {
    octets = build_fragment_start(header, PayloadType::identification_initiator, number, 2, 50);
    octets.resize(octets.size() + 50);
    parsed_header = Header::parse(octets);
    ASSERT_TRUE(parsed_header);
    chain = parse_message(*parsed_header, octets);
    ASSERT_TRUE(chain);
    // Only the first fragment says what is inside (RFC 7383 §2.5).
    EXPECT_EQ(chain->protected_part->first_inner,
              number == 1 ? PayloadType::identification_initiator : PayloadType::none);
    EXPECT_EQ(chain->protected_part->fragment_number, number);
    EXPECT_EQ(chain->protected_part->body, 36u);
  }
}

}  // namespace
}  // namespace adit::ike::wire
