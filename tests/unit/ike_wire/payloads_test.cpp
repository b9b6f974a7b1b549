#include "codec.h"
#include "ike/wire/authentication.h"
#include "ike/wire/certificate.h"
#include "ike/wire/configuration.h"
#include "ike/wire/delete.h"
#include "ike/wire/identification.h"
#include "ike/wire/key_exchange.h"
#include "ike/wire/notify.h"
#include "ike/wire/opaque_payloads.h"

namespace adit::ike::wire {
namespace {

TEST(KeyExchange, BuildsTheOctetsItParses) {
  const CodecCase<KeyExchange> cases[] = {
      {"a group that is known", "001f 0000 0102", KeyExchange{GroupId::curve25519, from_hex("0102")}},
      {"a group that is not", "ffff 0000 01", KeyExchange{static_cast<GroupId>(0xffff), from_hex("01")}},
      {"no data", "001f 0000", refused("key exchange data", 2)},
      {"cut short", "001f", refused("reserved", 2)},
      {"empty", "", refused("group", 0)},
  };
  check_codec(cases);
}

TEST(Identification, BuildsTheOctetsItParses) {
  const CodecCase<Identification> cases[] = {
      {"IPv4", "01 000000 c0000201", Identification{{IdentityType::ipv4_addr, from_hex("c0000201")}}},
      {"a name", "02 000000 61", Identification{{IdentityType::fqdn, from_hex("61")}}},
      {"an empty key ID", "0b 000000", Identification{{IdentityType::key_id, {}}}},
      {"IPv4 of five octets", "01 000000 c000020100", refused("ID data", 4)},
      {"IPv6 of four octets", "05 000000 c0000201", refused("ID data", 4)},
      {"no such type", "04 000000 c0000201", refused("ID type", 0)},
      {"cut short", "01 0000", refused("reserved", 1)},
  };
  check_codec(cases);
}

TEST(Certificate, BuildsTheOctetsItParses) {
  const CodecCase<Certificate> cases[] = {
      {"X.509", "04 3003", Certificate{4, from_hex("3003")}},
      {"an encoding that is not known", "c8 00", Certificate{200, from_hex("00")}},
      {"no data", "04", refused("certificate data", 0)},
      {"empty", "", refused("certificate encoding", 0)},
  };
  check_codec(cases);
}

TEST(CertificateRequest, YieldsHashesOnlyOfWholeSize) {
  const std::string hash(40, 'a');
  const auto two = CertificateRequest::parse(from_hex("04" + hash + hash));
  ASSERT_TRUE(two);
  EXPECT_EQ(two->key_hashes().size(), 2u);
  const auto odd = CertificateRequest::parse(from_hex("04" + hash + "00"));
  ASSERT_TRUE(odd);
  EXPECT_TRUE(odd->key_hashes().empty());
  const auto none = CertificateRequest::parse(from_hex("04"));
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->key_hashes().empty());
  EXPECT_FALSE(CertificateRequest::parse({}));
}

TEST(Authentication, BuildsTheOctetsItParses) {
  const CodecCase<Authentication> cases[] = {
      {"a shared key's", "02 000000 0102", Authentication{AuthMethod::shared_key, from_hex("0102")}},
      {"a method that is not known", "c8 000000 01", Authentication{static_cast<AuthMethod>(200), from_hex("01")}},
      {"no data", "02 000000", refused("authentication data", 1)},
      {"cut short", "02 00", refused("reserved", 1)},
  };
  check_codec(cases);
}

TEST(Nonce, HasSixteenTo256Octets) {
  EXPECT_FALSE(Nonce::parse(ByteString(15)));
  EXPECT_TRUE(Nonce::parse(ByteString(16)));
  EXPECT_TRUE(Nonce::parse(ByteString(256)));
  EXPECT_FALSE(Nonce::parse(ByteString(257)));
}

TEST(Notify, BuildsTheOctetsItParses) {
  const CodecCase<Notify> cases[] = {
      {"a status without SPI", "00 00 4004 aabb",
       Notify{.type = NotifyType::nat_detection_source_ip, .data = from_hex("aabb")}},
      {"with the SPI of a Child SA", "03 04 4009 c0000001",
       Notify{.protocol = 3, .spi = from_hex("c0000001"), .type = NotifyType::rekey_sa}},
      {"a type that is not known", "00 00 ffff", Notify{.type = static_cast<NotifyType>(0xffff)}},
      {"an SPI longer than the payload", "03 05 4009 c0000001", refused("SPI", 4)},
      {"cut short", "00 00 40", refused("notify message type", 2)},
  };
  check_codec(cases);
}

TEST(Notify, TypesHaveTheNamesOfTheRegistry) {
  EXPECT_EQ(name_of(NotifyType::no_proposal_chosen), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(name_of(NotifyType::ikev2_fragmentation_supported), "IKEV2_FRAGMENTATION_SUPPORTED");
  EXPECT_EQ(name_of(static_cast<NotifyType>(9999)), "9999");
  EXPECT_TRUE(is_error(static_cast<NotifyType>(16383)));
  EXPECT_FALSE(is_error(NotifyType::initial_contact));
}

TEST(Delete, BuildsTheOctetsItParses) {
  const CodecCase<Delete> cases[] = {
      {"one ESP SPI", "03 04 0001 c0000001", Delete{ProtocolId::esp, {Spi{0xc0000001}}}},
      {"two AH SPIs", "02 04 0002 00000100 00000101", Delete{ProtocolId::ah, {Spi{0x100}, Spi{0x101}}}},
      {"the IKE SA names none", "01 00 0000", Delete{ProtocolId::ike, {}}},
      {"the IKE SA with an SPI size", "01 08 0000", refused("SPI size", 1)},
      {"no such protocol", "07 04 0001 c0000001", refused("protocol ID", 0)},
      {"more claimed than sent", "03 04 ffff c0000001", refused("SPIs", 2)},
      {"fewer claimed than sent", "03 04 0000 c0000001", refused("SPIs", 2)},
      {"empty", "", refused("protocol ID", 0)},
  };
  for (const auto& [name, octets, want] : cases) {
    SCOPED_TRACE(name);
    const auto parsed = Delete::parse(from_hex(octets));
    ASSERT_EQ(parsed.has_value(), want.has_value());
    if (!want) {
      EXPECT_EQ(parsed.error().field, want.error().field);
      continue;
    }
    EXPECT_EQ(*parsed, *want);
    EXPECT_EQ(built(*want), from_hex(octets));
  }
}

TEST(Configuration, BuildsTheOctetsItParses) {
  const CodecCase<Configuration> cases[] = {
      {"a request for an address", "01 000000 0001 0000", Configuration{1, {{1, {}}}}},
      {"a reply with one", "02 000000 0001 0004 0a000001", Configuration{2, {{1, from_hex("0a000001")}}}},
      {"no attributes", "01 000000", Configuration{1, {}}},
      {"an attribute longer than the payload", "01 000000 0001 0001", refused("attribute value", 8)},
      {"cut short", "01 00", refused("reserved", 1)},
  };
  check_codec(cases);
  ByteString many = from_hex("01000000");
  for (std::size_t i = 0; i < most_configuration_attributes; ++i) append(many, from_hex("00010000"));
  EXPECT_TRUE(Configuration::parse(many));
  append(many, from_hex("00010000"));
  EXPECT_FALSE(Configuration::parse(many));
}

TEST(Eap, BuildsTheOctetsItParses) {
  const CodecCase<Eap> cases[] = {
      {"a request", "01 07 0006 0141", Eap{1, 7, from_hex("0141")}},
      {"a success", "03 07 0004", Eap{3, 7, {}}},
      {"a length that is not the payload's", "01 07 0007 0141", refused("EAP length", 2)},
      {"cut short", "01 07 00", refused("EAP length", 2)},
  };
  check_codec(cases);
}

}  // namespace
}  // namespace adit::ike::wire
