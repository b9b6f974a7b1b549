#include "base/identity.h"

#include <gtest/gtest.h>

#include "base/distinguished_name.h"
#include "hex.h"

namespace adit {
namespace {

TEST(Identity, IsWrittenByItsType) {
  const struct {
    const char* name;
    Identity identity;
    const char* want;
  } cases[] = {
      {"IPv4", {IdentityType::ipv4_addr, from_hex("c0000201")}, "192.0.2.1"},
      {"IPv6", {IdentityType::ipv6_addr, from_hex("20010db8000000000000000000000001")}, "2001:db8::1"},
      {"an address of a wrong length", {IdentityType::ipv4_addr, from_hex("c00002")}, "0xc00002"},
      {"a host", {IdentityType::fqdn, from_hex("612e62")}, "a.b"},
      {"a mailbox", {IdentityType::user_fqdn, from_hex("614062")}, "a@b"},
      {"control characters in a host's name", {IdentityType::fqdn, from_hex("610a62")}, "0x610a62"},
      {"no octets", {IdentityType::fqdn, {}}, "0x"},
      {"a name", {IdentityType::der_asn1_dn, DistinguishedName::parse("CN=a,C=DE")->to_der()}, "CN=a,C=DE"},
      {"a name that is none", {IdentityType::der_asn1_dn, from_hex("3001")}, "0x3001"},
      {"a key ID in text", {IdentityType::key_id, from_hex("6b6579")}, "key"},
      {"a key ID in octets", {IdentityType::key_id, from_hex("00ff")}, "0x00ff"},
  };
  for (const auto& [name, identity, want] : cases) EXPECT_EQ(identity.to_string(), want) << name;
}

TEST(IdentityType, HasTheReportsNames) {
  EXPECT_EQ(name_of(IdentityType::fqdn), "ID_FQDN");
  EXPECT_EQ(name_of(IdentityType::user_fqdn), "ID_USER_FQDN");
  EXPECT_EQ(name_of(IdentityType{200}), "ID_200");
  EXPECT_FALSE(is_known(IdentityType{0}));
  EXPECT_FALSE(is_known(IdentityType{4}));
  EXPECT_TRUE(is_known(IdentityType::der_asn1_gn));
}

}  // namespace
}  // namespace adit
