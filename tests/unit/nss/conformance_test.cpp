// RFC 7296 on certificates: how many, which keys, which identities.

#include <gtest/gtest.h>

#include "base/distinguished_name.h"
#include "nss/certificate_payloads.h"
#include "nss/service.h"
#include "pki/test_pki.h"

namespace adit::nss {
namespace {

using contract::CertificatePayload;
using test_pki::authority_file;
using test_pki::certificate_file;
using test_pki::key_file;

const Grants everybody{{{.client = "*", .sign_labels = {"*"}, .authority_labels = {"*"}}}};

Identity named(IdentityType type, std::string_view name) { return {type, ByteString(name.begin(), name.end())}; }

contract::Verify verify_of(const contract::Signature& signature, const Identity& identity) {
  return {.identity = identity,
          .method = signature.method,
          .auth_data = signature.auth_data,
          .signed_octets = ByteString(100, 0x42),
          .certificates = signature.certificates,
          .ca_labels = {}};
}

// Shows RFC 7296 3.6-2, 3.6-4.
TEST(Certificates, AreSentAndTakenFourAtATimeTheSignersFirst) {
  const test_pki::Issued root = test_pki::authority("Root");
  std::vector<test_pki::Issued> chain{root};
  std::vector<RingFile> ring;
  for (const char* name : {"first", "second", "third"}) {
    chain.push_back(chain.back().issue({.common_name = name, .key_usage = "keyCertSign", .is_authority = true}));
    ring.push_back(certificate_file(name, chain.back().pem()));
  }
  const test_pki::Issued leaf = chain.back().issue({.names = {"DNS:gw.example.com"}, .key_usage = "digitalSignature"});
  ring.push_back(certificate_file("gw", leaf.pem()));
  ring.push_back(key_file("gw", leaf.key_pem()));
  contract::Sign sign;
  sign.identity = named(IdentityType::fqdn, "gw.example.com");
  sign.choice = contract::SignatureChoice::any;
  sign.signed_octets = ByteString(100, 0x42);
  const Service signer{test_pki::ring_of(ring), everybody};
  const auto signature = signer.sign("iked", sign, test_pki::now);
  ASSERT_TRUE(signature) << signature.error().reason;
  ASSERT_EQ(signature->certificates.size(), 4u);
  EXPECT_EQ(signature->certificates.front().data, leaf.der());

  const Service verifier{test_pki::ring_of({authority_file("Root", root.pem())}), everybody};
  contract::Verify verify = verify_of(*signature, sign.identity);
  EXPECT_TRUE(verifier.verify("iked", verify, test_pki::now));
  std::swap(verify.certificates[1], verify.certificates[3]);
  EXPECT_TRUE(verifier.verify("iked", verify, test_pki::now)) << "the others come in any order";
  std::swap(verify.certificates[0], verify.certificates[1]);
  EXPECT_FALSE(verifier.verify("iked", verify, test_pki::now)) << "but the signer's is the first";
}

// Shows RFC 2408 5.9-2, 5.9-3.
TEST(Certificates, OfAnUnknownEncodingOrUnreadableAreDiscarded) {
  const test_pki::Issued root = test_pki::authority("Root");
  const CertificatePayload good{.encoding = 4, .data = root.der()};
  const CertificatePayload others[] = {{.encoding = 4, .data = {0x30, 0x00}},
                                       {.encoding = 200, .data = root.der()},
                                       {.encoding = 1, .data = root.der()}};
  for (const CertificatePayload& other : others) {
    const auto behind = read_payloads(std::vector{good, other, good});
    ASSERT_TRUE(behind);
    EXPECT_EQ(behind->unreadable, 1u);
    EXPECT_EQ(behind->supporting.size(), 1u);
    EXPECT_FALSE(read_payloads(std::vector{other, good})) << "of the first one the key is needed";
  }
}

// Shows RFC 7296 4-10.
TEST(Certificates, OfRsaKeysProveEachKindOfName) {
  const test_pki::Issued root = test_pki::authority("Root");
  const auto subject = DistinguishedName::parse("CN=gateway");
  ASSERT_TRUE(subject);
  // Signed by an RSA key, too.
  const test_pki::Issued authority = root.issue(
      {.common_name = "RSA", .kind = crypto::KeyKind::rsa, .key_usage = "keyCertSign", .is_authority = true});
  const test_pki::Issued leaf = authority.issue({.names = {"DNS:gw.example.com", "email:jo@example.com"},
                                                 .kind = crypto::KeyKind::rsa,
                                                 .key_usage = "digitalSignature"});
  const Service signer{test_pki::ring_of({certificate_file("gw", leaf.pem()), key_file("gw", leaf.key_pem()),
                                          certificate_file("RSA", authority.pem())}),
                       everybody};
  const Service verifier{test_pki::ring_of({authority_file("Root", root.pem())}), everybody};
  for (const Identity& identity :
       {named(IdentityType::fqdn, "gw.example.com"), named(IdentityType::user_fqdn, "jo@example.com"),
        Identity{IdentityType::der_asn1_dn, subject->to_der()}}) {
    SCOPED_TRACE(identity.to_string());
    contract::Sign sign;
    sign.identity = identity;
    sign.choice = contract::SignatureChoice::rsa_signature;
    sign.signed_octets = ByteString(100, 0x42);
    const auto signature = signer.sign("iked", sign, test_pki::now);
    ASSERT_TRUE(signature) << signature.error().reason;
    const auto verified = verifier.verify("iked", verify_of(*signature, identity), test_pki::now);
    EXPECT_TRUE(verified) << verified.error().reason;
  }
}

}  // namespace
}  // namespace adit::nss
