#include "nss/certificate_identity.h"

#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include "hex.h"
#include "pki/test_pki.h"

namespace adit::nss {
namespace {

ByteString text(std::string_view value) { return {value.begin(), value.end()}; }

// Everything about one certificate: each name of it, and what is almost one.
TEST(CertificateIdentity, IsOneOfTheCertificatesNames) {
  const Certificate certificate = test_pki::self_signed({.common_name = "gateway",
                                                         .names = {"DNS:gw.example.com", "IP:192.0.2.1",
                                                                   "IP:2001:db8::1", "email:Ops@Example.com"}})
                                      .certificate();
  using enum IdentityType;
  const struct {
    const char* name;
    Identity identity;
    bool want;
  } cases[] = {
      {"an IPv4 address", {ipv4_addr, from_hex("c0000201")}, true},
      {"another IPv4 address", {ipv4_addr, from_hex("c0000202")}, false},
      {"an IPv4 address of no octets", {ipv4_addr, {}}, false},
      {"an IPv6 address", {ipv6_addr, from_hex("20010db8000000000000000000000001")}, true},
      {"an IPv6 address given as IPv4", {ipv4_addr, from_hex("20010db8000000000000000000000001")}, false},
      {"an IPv4 address given as IPv6", {ipv6_addr, from_hex("c0000201")}, false},
      {"a host name", {fqdn, text("gw.example.com")}, true},
      {"a host name in other case", {fqdn, text("GW.Example.COM")}, true},
      {"a host name with the root's dot", {fqdn, text("gw.example.com.")}, true},
      {"the domain of a host name", {fqdn, text("example.com")}, false},
      {"a host name that goes on after an octet of zero", {fqdn, from_hex("67772e6578616d706c652e636f6d00")}, false},
      {"the CN is no host name", {fqdn, text("gateway")}, false},
      {"no host name", {fqdn, {}}, false},
      {"only a dot", {fqdn, text(".")}, false},
      {"a mailbox", {user_fqdn, text("Ops@Example.com")}, true},
      {"a mailbox, its domain in other case", {user_fqdn, text("Ops@EXAMPLE.com")}, true},
      {"a mailbox, its user in other case", {user_fqdn, text("ops@Example.com")}, false},
      {"a mailbox without @", {user_fqdn, text("Example.com")}, false},
      {"a mailbox given as host name", {fqdn, text("Ops@Example.com")}, false},
      {"the subject", {der_asn1_dn, from_hex("3012 3110 300e 0603 550403 0c07 67617465776179")}, true},
      {"the subject, other string type and case",
       {der_asn1_dn, from_hex("3012 3110 300e 0603 550403 1307 47617465776179")},
       true},
      {"another subject", {der_asn1_dn, from_hex("3012 3110 300e 0603 550403 0c07 67617465776178")}, false},
      {"an empty name", {der_asn1_dn, from_hex("3000")}, false},
      {"a name with octets after it",
       {der_asn1_dn, from_hex("3012 3110 300e 0603 550403 0c07 67617465776179 00")},
       false},
      {"a name that is none", {der_asn1_dn, from_hex("ffff")}, false},
      {"a GeneralName: dNSName", {der_asn1_gn, from_hex("820e 67772e6578616d706c652e636f6d")}, true},
      {"a GeneralName: iPAddress", {der_asn1_gn, from_hex("8704 c0000201")}, true},
      {"a GeneralName of another kind", {der_asn1_gn, from_hex("860e 67772e6578616d706c652e636f6d")}, false},
      {"a GeneralName cut short", {der_asn1_gn, from_hex("820e 6777")}, false},
      {"a key ID that is not the certificate's", {key_id, text("gateway")}, false},
      {"a type that nobody knows", {static_cast<IdentityType>(99), text("gateway")}, false},
  };
  for (const auto& [name, identity, want] : cases) {
    SCOPED_TRACE(name);
    const auto got = carries(certificate, identity);
    EXPECT_EQ(got.has_value(), want) << (got ? "" : got.error());
  }
}

// Shows RFC 7296 4-12.
TEST(CertificateIdentity, OfAKeyIdIsTheSubjectKeyIdentifier) {
  const Certificate certificate = test_pki::self_signed({.common_name = "gateway"}).certificate();
  const ASN1_OCTET_STRING* own = X509_get0_subject_key_id(certificate.native());
  ASSERT_NE(own, nullptr);
  const Bytes octets{ASN1_STRING_get0_data(own), static_cast<std::size_t>(ASN1_STRING_length(own))};
  EXPECT_TRUE(carries(certificate, {IdentityType::key_id, {octets.begin(), octets.end()}}));
  EXPECT_FALSE(carries(certificate, {IdentityType::key_id, {octets.begin(), octets.end() - 1}}));
  EXPECT_FALSE(carries(certificate, {IdentityType::key_id, {}}));
}

TEST(CertificateIdentity, HasNoWildcards) {
  const Certificate certificate = test_pki::self_signed({.names = {"DNS:*.example.com"}}).certificate();
  EXPECT_FALSE(carries(certificate, {IdentityType::fqdn, text("gw.example.com")}));
}

TEST(CertificateIdentity, OfAnEmptySubjectIsNoEmptyName) {
  const Certificate certificate =
      test_pki::self_signed({.common_name = "", .names = {"DNS:gw.example.com"}}).certificate();
  EXPECT_FALSE(carries(certificate, {IdentityType::der_asn1_dn, from_hex("3000")}));
  EXPECT_TRUE(carries(certificate, {IdentityType::fqdn, text("gw.example.com")}));
}

TEST(CertificateIdentity, IsListedForTheOperator) {
  const Certificate certificate =
      test_pki::self_signed({.common_name = "gateway", .names = {"DNS:gw.example.com", "IP:192.0.2.1"}}).certificate();
  EXPECT_EQ(identities_of(certificate), "CN=gateway; DNS:gw.example.com; IP:192.0.2.1");
  const auto got = carries(certificate, {IdentityType::fqdn, text("other.example.com")});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error(),
            "ID_FQDN other.example.com is not its subjectAltName dNSName; it has CN=gateway; DNS:gw.example.com; "
            "IP:192.0.2.1");
}

}  // namespace
}  // namespace adit::nss
