// Exchanges that other implementations had with each other: parsed, and built again octet by octet.

#include <fstream>
#include <nlohmann/json.hpp>

#include "ike/wire/message.h"
#include "unit/ike/wire/codec.h"

namespace adit::ike::wire {
namespace {

TEST(RecordedExchanges, AreParsedAndBuiltAgain) {
  std::ifstream file{ADIT_TEST_DATA "/vectors/wireshark-ike/ikev2-exchanges.json"};
  const nlohmann::json recorded = nlohmann::json::parse(file);
  std::size_t outer = 0, inner = 0;
  for (const auto& exchange : recorded.at("exchanges")) {
    for (const auto& message : exchange.at("messages")) {
      SCOPED_TRACE(exchange.at("capture").get<std::string>() + ", message ID " + message.at("message_id").dump());
      const ByteString octets = from_hex(message.at("hex").get<std::string>());
      const auto header = Header::parse(octets);
      ASSERT_TRUE(header) << header.error().field;
      EXPECT_EQ(static_cast<unsigned>(header->exchange), message.at("exchange_type").get<unsigned>());
      EXPECT_EQ(header->id.value(), message.at("message_id").get<unsigned>());
      EXPECT_EQ(built(*header)[19], message.at("flags").get<unsigned>());

      const auto chain = parse_message(*header, octets);
      ASSERT_TRUE(chain) << chain.error().field << " at " << chain.error().offset;
      EXPECT_FALSE(chain->unknown_critical);
      if (!message.contains("sk_plaintext_with_padding")) {
        EXPECT_FALSE(chain->protected_part);
        EXPECT_EQ(to_hex(build_message(*header, chain->payloads)), to_hex(octets));
        ++outer;
        continue;
      }
      ASSERT_TRUE(chain->protected_part);
      const std::size_t body = chain->protected_part->body;
      const PayloadType first = chain->protected_part->first_inner;
      EXPECT_EQ(static_cast<unsigned>(first), message.at("sk_first_payload").get<unsigned>());
      EXPECT_EQ(to_hex(build_protected_start(*header, first, octets.size() - body)), to_hex(Bytes{octets}.first(body)));

      ByteString plaintext = from_hex(message.at("sk_plaintext_with_padding").get<std::string>());
      plaintext.resize(plaintext.size() - 1 - plaintext.back());
      const auto inside = parse_inner(first, plaintext);
      ASSERT_TRUE(inside) << inside.error().field << " at " << inside.error().offset;
      const Inner rebuilt = build_inner(inside->payloads);
      EXPECT_EQ(rebuilt.first, first);
      EXPECT_EQ(to_hex(rebuilt.octets), to_hex(plaintext));
      ++inner;
    }
  }
  EXPECT_EQ(outer, 10u);
  EXPECT_EQ(inner, 16u);
}

}  // namespace
}  // namespace adit::ike::wire
