// Every payload but SA: a table each of octets that parse and of octets that do not.

#include "ike/wire/authentication.h"
#include "ike/wire/certificate.h"
#include "ike/wire/configuration.h"
#include "ike/wire/delete.h"
#include "ike/wire/identification.h"
#include "ike/wire/key_exchange.h"
#include "ike/wire/notify.h"
#include "ike/wire/opaque_payloads.h"
#include "ike/wire/traffic_selectors.h"
#include "unit/ike/wire/codec.h"

namespace adit::ike::wire {
namespace {

TEST(KeyExchange, BuildsTheOctetsItParses) {
  const CodecCase<KeyExchange> cases[] = {
      {"Curve25519", "001f 0000 0102", KeyExchange{GroupId::curve25519, from_hex("0102")}},
      {"a group that is not known", "fffe 0000 00", KeyExchange{GroupId{0xfffe}, from_hex("00")}},
      {"without a value", "001f 0000", fails("key exchange data", 2)},
      {"cut off", "001f 00", fails("reserved", 2)},
      {"nothing", "", fails("group", 0)},
  };
  expect_codec(cases);
}

TEST(Identification, BuildsTheOctetsItParses) {
  const CodecCase<Identification> cases[] = {
      {"an IPv4 address", "01 000000 c0000201", Identification{{IdentityType::ipv4_addr, from_hex("c0000201")}}},
      {"an IPv6 address", "05 000000 20010db8000000000000000000000001",
       Identification{{IdentityType::ipv6_addr, from_hex("20010db8000000000000000000000001")}}},
      {"a name", "02 000000 61", Identification{{IdentityType::fqdn, from_hex("61")}}},
      {"reserved octets, which are signed", "02 010203 61",
       Identification{{IdentityType::fqdn, from_hex("61")}, {1, 2, 3}}},
      {"a key ID of no octets", "0b 000000", Identification{{IdentityType::key_id, {}}}},
      {"an IPv4 address of five octets", "01 000000 c000020100", fails("ID data", 4)},
      {"an IPv6 address of four octets", "05 000000 c0000201", fails("ID data", 4)},
      {"no such type", "04 000000 61", fails("ID type", 0)},
      {"cut off", "02 0000", fails("reserved", 1)},
  };
  expect_codec(cases);
}

TEST(Certificate, BuildsTheOctetsItParses) {
  const CodecCase<Certificate> cases[] = {
      {"X.509", "04 3000", Certificate{4, from_hex("3000")}},
      {"an encoding that is not known", "fe 00", Certificate{0xfe, from_hex("00")}},
      {"without data", "04", fails("certificate data", 0)},
      {"nothing", "", fails("certificate encoding", 0)},
  };
  expect_codec(cases);
}

TEST(CertificateRequest, BuildsTheOctetsItParses) {
  const CodecCase<CertificateRequest> cases[] = {
      {"of any authority", "04", CertificateRequest{4, {}}},
      {"of one authority", "04" + octets_of(20), CertificateRequest{4, from_hex(octets_of(20))}},
      {"nothing", "", fails("certificate encoding", 0)},
  };
  expect_codec(cases);
}

TEST(CertificateRequest, NamesAuthoritiesByHashesOf20Octets) {
  EXPECT_TRUE((CertificateRequest{4, {}}).key_hashes().empty());
  EXPECT_EQ((CertificateRequest{4, from_hex(octets_of(20, 1) + octets_of(20, 2))}).key_hashes(),
            (std::vector{from_hex(octets_of(20, 1)), from_hex(octets_of(20, 2))}));
  EXPECT_TRUE((CertificateRequest{4, from_hex(octets_of(21))}).key_hashes().empty());
}

TEST(Authentication, BuildsTheOctetsItParses) {
  const CodecCase<Authentication> cases[] = {
      {"a shared key", "02 000000 0102", Authentication{AuthMethod::shared_key, from_hex("0102")}},
      {"a method that is not known", "c9 000000 00", Authentication{AuthMethod{0xc9}, from_hex("00")}},
      {"without data", "02 000000", fails("authentication data", 1)},
      {"nothing", "", fails("auth method", 0)},
  };
  expect_codec(cases);
}

// Shows RFC 7296 3.9-1.
TEST(Nonce, HoldsFrom16To256Octets) {
  const CodecCase<Nonce> cases[] = {
      {"the shortest", octets_of(16), Nonce{from_hex(octets_of(16))}},
      {"the longest", octets_of(256), Nonce{from_hex(octets_of(256))}},
      {"one octet short", octets_of(15), fails("nonce", 0)},
      {"one octet long", octets_of(257), fails("nonce", 0)},
      {"nothing", "", fails("nonce", 0)},
  };
  expect_codec(cases);
}

TEST(Notify, BuildsTheOctetsItParses) {
  const CodecCase<Notify> cases[] = {
      {"of the IKE SA, with data", "00 00 4006 0102", Notify{.type = NotifyType::cookie, .data = from_hex("0102")}},
      {"of a Child SA", "03 04 4009 c0000001",
       Notify{.protocol = 3, .spi = from_hex("c0000001"), .type = NotifyType::rekey_sa}},
      {"a type that is not known", "00 00 ffff", Notify{.type = NotifyType{0xffff}}},
      {"an SPI cut off", "03 04 4009 c00000", fails("SPI", 4)},
      {"cut off", "00 00 40", fails("notify message type", 2)},
      {"nothing", "", fails("protocol ID", 0)},
  };
  expect_codec(cases);
}

TEST(Notify, TypesAreNamedAndErrorsToldFromStatus) {
  EXPECT_EQ(name_of(NotifyType::no_proposal_chosen), "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(name_of(NotifyType{16383}), "16383");
  EXPECT_TRUE(is_error(NotifyType{16383}));
  EXPECT_FALSE(is_error(NotifyType::initial_contact));
}

// Shows RFC 7296 3.11-1, 3.11-3.
TEST(Delete, BuildsTheOctetsItParses) {
  const CodecCase<Delete> cases[] = {
      {"one ESP SPI", "03 04 0001 c0000001", Delete{ProtocolId::esp, {Spi{0xc0000001}}}},
      {"two AH SPIs", "02 04 0002 c0000001 c0000002", Delete{ProtocolId::ah, {Spi{0xc0000001}, Spi{0xc0000002}}}},
      {"no SPI at all", "03 04 0000", Delete{ProtocolId::esp, {}}},
      {"the IKE SA names none", "01 00 0000", Delete{ProtocolId::ike, {}}},
      {"no such protocol", "07 04 0001 c0000001", fails("protocol ID", 0)},
      {"of no protocol", "00 00 0000", fails("protocol ID", 0)},
      {"an SPI of eight octets", "03 08 0001 c0000001c0000001", fails("SPI size", 1)},
      {"the IKE SA with an SPI size", "01 08 0000", fails("SPI size", 1)},
      {"more claimed than sent", "03 04 ffff c0000001", fails("SPIs", 2)},
      {"fewer claimed than sent", "03 04 0001 c0000001 c0000002", fails("SPIs", 2)},
      {"an SPI cut off", "03 04 0001 c00000", fails("SPIs", 2)},
  };
  expect_codec(cases);
}

TEST(Delete, AllocatesNothingForSpisOfNoOctets) {
  const auto parsed = Delete::parse(from_hex("01 00 ffff"));
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->spis.empty());
}

TEST(VendorId, IsAnyOctets) {
  const CodecCase<VendorId> cases[] = {
      {"some", "0102", VendorId{from_hex("0102")}},
      {"none", "", VendorId{}},
  };
  expect_codec(cases);
}

TrafficSelector selector(std::uint8_t protocol, PortRange ports, const char* first, const char* last) {
  return {.protocol = protocol, .ports = ports, .addresses = {*IpAddress::parse(first), *IpAddress::parse(last)}};
}

// Shows RFC 7296 3.13.1-1, 3.13.1-2, 3.13.1-3, 3.13.1-4.
TEST(TrafficSelectors, BuildTheOctetsTheyParse) {
  const CodecCase<TrafficSelectorPayload> cases[] = {
      {"all of an IPv4 net", "01 000000 07 00 0010 0000 ffff 0a010000 0a01ffff",
       TrafficSelectorPayload{{selector(0, PortRange::all(), "10.1.0.0", "10.1.255.255")}}},
      {"an IPv6 address",
       "01 000000 08 3a 0028 8000 80ff 20010db8000000000000000000000001 20010db8000000000000000000000001",
       TrafficSelectorPayload{{selector(58, {0x8000, 0x80ff}, "2001:db8::1", "2001:db8::1")}}},
      {"opaque ports", "01 000000 07 06 0010 ffff 0000 0a010000 0a01ffff",
       TrafficSelectorPayload{{selector(6, PortRange::opaque(), "10.1.0.0", "10.1.255.255")}}},
      {"two", "02 000000 07 11 0010 0035 0035 0a010101 0a010101 07 00 0010 0000 ffff 0a020000 0a02ffff",
       TrafficSelectorPayload{{selector(17, PortRange::of(53), "10.1.1.1", "10.1.1.1"),
                               selector(0, PortRange::all(), "10.2.0.0", "10.2.255.255")}}},
      {"none", "00 000000", fails("number of TSs", 0)},
      {"more claimed than sent", "02 000000 07 00 0010 0000 ffff 0a010000 0a01ffff", fails("TS type", 20)},
      {"fewer claimed than sent", "01 000000 07 00 0010 0000 ffff 0a010000 0a01ffff 07", fails("octets left over", 20)},
      {"the length of the other family", "01 000000 07 00 0028 0000 ffff 0a010000 0a01ffff",
       fails("selector length", 6)},
      {"a range that ends before it begins", "01 000000 07 00 0010 0000 ffff 0a010001 0a010000",
       fails("ending address", 16)},
      {"ports that end before they begin", "01 000000 07 06 0010 0002 0001 0a010000 0a01ffff", fails("end port", 10)},
      {"an address cut off", "01 000000 07 00 0010 0000 ffff 0a010000 0a01ff", fails("ending address", 16)},
      {"one that is not known, too short for its own head", "01 000000 09 00 0003", fails("selector length", 6)},
  };
  expect_codec(cases);
}

TEST(TrafficSelectors, PassesOverTypesThatAreNotKnown) {  // RFC 7296 §3.13.1
  const auto parsed =
      TrafficSelectorPayload::parse(from_hex("02 000000 09 00 0008 01020304 07 00 0010 0000 ffff 0a010000 0a01ffff"));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->selectors, TrafficSelectors{selector(0, PortRange::all(), "10.1.0.0", "10.1.255.255")});
}

TEST(Configuration, BuildsTheOctetsItParses) {
  const CodecCase<Configuration> cases[] = {
      {"a request", "01 000000 0001 0000 0003 0004 01020304", Configuration{1, {{1, {}}, {3, from_hex("01020304")}}}},
      {"empty", "02 000000", Configuration{2, {}}},
      {"an attribute cut off", "01 000000 0001 0004 010203", fails("attribute value", 8)},
      {"a length cut off", "01 000000 0001 00", fails("attribute length", 6)},
      {"nothing", "", fails("CFG type", 0)},
  };
  expect_codec(cases);
}

TEST(Configuration, HasABoundOnAttributes) {
  Configuration most{1, std::vector<ConfigurationAttribute>(most_configuration_attributes, {1, {}})};
  EXPECT_TRUE(Configuration::parse(built(most)));
  most.attributes.push_back({1, {}});
  EXPECT_FALSE(Configuration::parse(built(most)));
}

// Shows RFC 7296 3.16-2.
TEST(Eap, BuildsTheOctetsItParses) {
  const CodecCase<Eap> cases[] = {
      {"a request of the identity", "01 07 0005 01", Eap{1, 7, from_hex("01")}},
      {"success", "03 07 0004", Eap{3, 7, {}}},
      {"longer than it says", "03 07 0004 00", fails("EAP length", 2)},
      {"shorter than it says", "03 07 0005", fails("EAP length", 2)},
      {"cut off", "03 07 00", fails("EAP length", 2)},
  };
  expect_codec(cases);
}

}  // namespace
}  // namespace adit::ike::wire
