// Chains of payloads, and what two other implementations said to each other.

#include <fstream>
#include <nlohmann/json.hpp>

#include "ike/wire/header.h"
#include "ike/wire/v1/message.h"
#include "unit/ike/wire/codec.h"

namespace adit::ike::wire::v1 {
namespace {

// Shows RFC 2408 2.5.2-1, 5.3-1.
TEST(MessageV1, IsBuiltAsItParses) {
  Payloads payloads;
  payloads.add(Hash{from_hex("0102")})
      .add(Nonce{from_hex("030405")})
      .add(PayloadType::nat_detection_draft, NatDetection{from_hex("06")});
  const ByteString octets =
      build_message({.initiator_cookie = IkeSpi{1}, .exchange = ExchangeType::quick_mode}, payloads);
  const auto header = Header::parse(octets);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->next_payload, PayloadType::hash);
  const auto chain = parse_chain(header->next_payload, Bytes{octets}.subspan(header_size), Origin::clear);
  ASSERT_TRUE(chain);
  EXPECT_EQ(chain->payloads, payloads);
  EXPECT_EQ(chain->first_end, 6u);
  EXPECT_EQ(chain->end, octets.size() - header_size);
  EXPECT_EQ(to_hex(body_of<Nonce>(*chain)), "030405");
}

TEST(MessageV1, EndsBeforeItsPadding) {
  const ByteString padded = from_hex("0a000006 0102 00000006 0304 000000000003");
  const auto decrypted = parse_chain(PayloadType::hash, padded, Origin::decrypted);
  ASSERT_TRUE(decrypted);
  EXPECT_EQ(decrypted->end, 12u);
  EXPECT_FALSE(parse_chain(PayloadType::hash, padded, Origin::clear)) << "in clear there is no padding";
}

// Shows RFC 2408 5.3-2.
TEST(MessageV1, PassesOverPrivatePayloadsAlone) {
  const auto private_use = parse_chain(PayloadType{200}, from_hex("0a000005 01 00000005 02"), Origin::clear);
  ASSERT_TRUE(private_use);
  EXPECT_FALSE(private_use->unknown);
  EXPECT_EQ(private_use->payloads.items().size(), 1u);
  const auto unassigned = parse_chain(PayloadType{99}, from_hex("0a000005 01 00000005 02"), Origin::clear);
  ASSERT_TRUE(unassigned);
  EXPECT_EQ(unassigned->unknown, 99);
}

// Shows RFC 2408 2.5.2-2, 5.3-3.
TEST(MessageV1, RefusesWhatIsMalformed) {
  const struct {
    const char* name;
    std::string octets;
    const char* field;
    std::size_t offset;
  } cases[] = {
      {"a payload shorter than its header", "00000003", "payload length", 2},
      {"a payload longer than the message", "00000008 0102", "payload length", 4},
      {"a header cut off", "0000", "payload length", 2},
      {"a payload that does not parse", "00000004", "payload of no octets", 4},
      {"a payload with RESERVED set", "00010005 01", "reserved", 1},
  };
  for (const auto& [name, octets, field, offset] : cases) {
    SCOPED_TRACE(name);
    const auto chain = parse_chain(PayloadType::nonce, from_hex(octets), Origin::clear);
    ASSERT_FALSE(chain);
    EXPECT_EQ(chain.error().field, field);
    EXPECT_EQ(chain.error().offset, offset);
  }
  std::string many;
  for (std::size_t i = 0; i <= most_payloads; ++i) many += i == most_payloads ? "00000005 01" : "0a000005 01";
  EXPECT_FALSE(parse_chain(PayloadType::nonce, from_hex(many), Origin::clear));
}

TEST(RecordedExchangesV1, AreParsedAndBuiltAgain) {
  std::size_t in_clear = 0;
  for (const char* name : {"ikev1-bug-12610.json", "ikev1-bug-12620.json"}) {
    std::ifstream file{std::string{ADIT_TEST_DATA "/vectors/wireshark-ike/"} + name};
    const nlohmann::json recorded = nlohmann::json::parse(file);
    for (const auto& message : recorded.at("messages")) {
      const ByteString octets = from_hex(message.at("hex").get<std::string>());
      SCOPED_TRACE(std::string{name} + ", message ID " + message.at("message_id").get<std::string>());
      const auto header = Header::parse(octets);
      ASSERT_TRUE(header) << header.error().field;
      EXPECT_EQ(static_cast<unsigned>(header->exchange), message.at("exchange_type").get<unsigned>());
      EXPECT_EQ(built(*header)[19], message.at("flags").get<unsigned>());
      if (header->is_encrypted) continue;
      const auto chain = parse_chain(header->next_payload, Bytes{octets}.subspan(header_size), Origin::clear);
      ASSERT_TRUE(chain) << chain.error().field << " at " << chain.error().offset;
      EXPECT_EQ(to_hex(build_message(*header, chain->payloads)), to_hex(octets));
      ++in_clear;
    }
  }
  EXPECT_EQ(in_clear, 7u);
}

}  // namespace
}  // namespace adit::ike::wire::v1
