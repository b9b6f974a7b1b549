// RFC 7296 on fields that are reserved and on payload types that everybody knows.

#include "ike/wire/message.h"
#include "unit/ike/wire/codec.h"

namespace adit::ike::wire {
namespace {

template <class T>
void expect_passed_over(const char* name, const std::string& plain, const std::string& reserved_set) {
  SCOPED_TRACE(name);
  const auto want = T::parse(from_hex(plain));
  const auto got = T::parse(from_hex(reserved_set));
  ASSERT_TRUE(want && got);
  EXPECT_TRUE(*got == *want);
  EXPECT_EQ(to_hex(built(*got)), to_hex(from_hex(plain))) << "sent as zero";
}

// Shows RFC 7296 2.5-7, 2.5-8, 3.5-1, 3.5-2, 3.8-3, 3.8-4, 3.13-1, 3.13-2, 3.15-1, 3.15-2, 3.15.1-1, 3.15.1-2, 3.3.1-1,
// 3.3.1-2, 3.3.2-1, 3.3.2-2.
TEST(Reserved, FieldsArePassedOverAndSentAsZero) {
  expect_passed_over<KeyExchange>("KE", "001f 0000 0102", "001f ffff 0102");
  expect_passed_over<Authentication>("AUTH", "02 000000 0102", "02 ffffff 0102");
  expect_passed_over<TrafficSelectorPayload>("TS", "01 000000 07 00 0010 0000 ffff 0a010000 0a01ffff",
                                             "01 ffffff 07 00 0010 0000 ffff 0a010000 0a01ffff");
  expect_passed_over<Configuration>("CP", "01 000000 0001 0000", "01 ffffff 0001 0000");
  expect_passed_over<Configuration>("an attribute of CP", "01 000000 0001 0000", "01 000000 8001 0000");
  expect_passed_over<SecurityAssociation>("SA", "00000014 01 01 00 01 0000000c 01000014 800e0100",
                                          "00ff0014 01 01 00 01 00ff000c 01ff0014 800e0100");
  // Those of an ID are signed as they came; they mean nothing.
  const auto id = Identification::parse(from_hex("02 ffffff 61"));
  ASSERT_TRUE(id);
  EXPECT_EQ(id->identity, (Identity{IdentityType::fqdn, from_hex("61")}));
  EXPECT_EQ(to_hex(built(Identification{id->identity})), "0200000061");
}

// Shows RFC 7296 3.2-5.
TEST(PayloadTypes, OfTheRfcAreAllUnderstood) {
  const struct {
    std::uint8_t type;
    std::string body;
  } payloads[] = {
      {33, "00000010 01 01 00 01 00000008 04000013"},
      {34, "001f 0000 01"},
      {35, "02 000000 61"},
      {36, "02 000000 62"},
      {37, "04 3000"},
      {38, "04"},
      {39, "02 000000 01"},
      {40, octets_of(16)},
      {41, "00 00 4000"},
      {42, "01 00 0000"},
      {43, "0102"},
      {44, "01 000000 07 00 0010 0000 ffff 0a010000 0a01ffff"},
      {45, "01 000000 07 00 0010 0000 ffff 0a010000 0a01ffff"},
      {47, "01 000000"},
      {48, "03 07 0004"},
  };
  for (const auto& [type, body] : payloads) {
    SCOPED_TRACE(static_cast<unsigned>(type));
    const ByteString octets = from_hex(body);
    Writer out;
    out.u8(0);
    out.u8(0x80);  // critical: rejected, were it not known
    out.u16(narrow<std::uint16_t>(generic_header_size + octets.size()));
    out.bytes(octets);
    const auto chain = parse_inner(PayloadType{type}, out.written());
    ASSERT_TRUE(chain);
    EXPECT_FALSE(chain->unknown_critical);
    ASSERT_EQ(chain->payloads.items().size(), 1u);
    EXPECT_EQ(build_inner(chain->payloads).octets.size(), out.size());
  }
  EXPECT_TRUE(is_known(PayloadType::encrypted));
}

}  // namespace
}  // namespace adit::ike::wire
