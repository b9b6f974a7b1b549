#include "nss/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509.h>

#include "pki/test_pki.h"

namespace adit::nss {
namespace {

using contract::CertificatePayload;
using contract::RevocationChecking;
using contract::ServiceRefusal;
using contract::SignatureChoice;
using crypto::HashId;
using crypto::KeyKind;
using test_pki::authority_file;
using test_pki::certificate_file;
using test_pki::crl_file;
using test_pki::key_file;
using testing::HasSubstr;

const Grants everybody{{{.client = "*", .sign_labels = {"*"}, .authority_labels = {"*"}}}};
const std::vector<HashId> all_hashes{HashId::sha2_256, HashId::sha2_384, HashId::sha2_512, HashId::identity};

Identity host(std::string_view name) { return {IdentityType::fqdn, ByteString(name.begin(), name.end())}; }
CertificatePayload payload(const test_pki::Issued& certificate) { return {.encoding = 4, .data = certificate.der()}; }

/// Two ends: the signer's ring has the leaf and the intermediate, the verifier's the root.
class CertificateService : public testing::Test {
 protected:
  Service signer(const test_pki::Issued& owner) const {
    return {test_pki::ring_of({certificate_file("gw", owner.pem()), key_file("gw", owner.key_pem()),
                               certificate_file("intermediate", intermediate.pem())}),
            everybody};
  }
  Service verifier(std::vector<RingFile> more = {}) const {
    more.push_back(authority_file("Root", root.pem()));
    return {test_pki::ring_of(more), everybody};
  }

  contract::Sign sign_request(SignatureChoice choice = SignatureChoice::any) const {
    contract::Sign sign;
    sign.identity = host("gw.example.com");
    sign.choice = choice;
    sign.peer_hashes = all_hashes;
    sign.signed_octets = ByteString(100, 0x42);
    return sign;
  }

  // A right signature by the leaf, as its owner's nssd would send it; each test then spoils one thing.
  contract::Verify verify_request(const test_pki::Issued& owner) const {
    const auto auth = crypto::sign_auth(owner.key, AuthMethod::digital_signature, all_hashes, ByteString(100, 0x42));
    if (!auth) throw std::runtime_error{auth.error()};
    contract::Verify verify;
    verify.identity = host("gw.example.com");
    verify.method = AuthMethod::digital_signature;
    verify.auth_data = *auth;
    verify.signed_octets = ByteString(100, 0x42);
    verify.certificates = {payload(owner), payload(intermediate)};
    return verify;
  }

  test_pki::Issued leaf_with(void (*spoil)(test_pki::Wish&)) const {
    test_pki::Wish wish = leaf_wish;
    spoil(wish);
    return intermediate.issue(wish);
  }

  static void expect_refusal(const std::expected<contract::Verified, ServiceRefusal>& got, ServiceRefusal::Kind kind,
                             const std::string& reason) {
    ASSERT_FALSE(got) << "verified " << got->subject;
    EXPECT_EQ(got.error().kind, kind);
    EXPECT_THAT(got.error().reason, HasSubstr(reason));
  }

  const test_pki::Issued root = test_pki::authority("Root");
  const test_pki::Issued intermediate =
      root.issue({.common_name = "Intermediate", .key_usage = "keyCertSign,cRLSign", .is_authority = true});
  const test_pki::Wish leaf_wish{.names = {"DNS:gw.example.com"}, .key_usage = "digitalSignature"};
  const test_pki::Issued leaf = intermediate.issue(leaf_wish);
};

TEST_F(CertificateService, VerifiesWhatItSignsByEveryMethod) {
  using enum SignatureChoice;
  const struct {
    const char* name;
    KeyKind kind;
    SignatureChoice choice;
    std::vector<HashId> peer_hashes;
    AuthMethod method;
  } cases[] = {
      {"RSA, method 1", KeyKind::rsa, rsa_signature, {}, AuthMethod::rsa_signature},
      {"RSA, method 14", KeyKind::rsa, any, all_hashes, AuthMethod::digital_signature},
      {"P-256, method 9", KeyKind::ecdsa_256, ecdsa_256, {}, AuthMethod::ecdsa_256},
      {"P-256, method 14", KeyKind::ecdsa_256, any, all_hashes, AuthMethod::digital_signature},
      {"P-384, method 10", KeyKind::ecdsa_384, ecdsa_384, {}, AuthMethod::ecdsa_384},
      {"P-384, method 14", KeyKind::ecdsa_384, any, all_hashes, AuthMethod::digital_signature},
      {"P-521, method 11", KeyKind::ecdsa_521, ecdsa_521, {}, AuthMethod::ecdsa_521},
      {"P-521, method 14", KeyKind::ecdsa_521, any, all_hashes, AuthMethod::digital_signature},
      {"Ed25519, method 14", KeyKind::ed25519, any, all_hashes, AuthMethod::digital_signature},
      {"Ed448, method 14", KeyKind::ed448, any, all_hashes, AuthMethod::digital_signature},
  };
  for (const auto& [name, kind, choice, peer_hashes, method] : cases) {
    SCOPED_TRACE(name);
    test_pki::Wish wish = leaf_wish;
    wish.kind = kind;
    auto request = sign_request(choice);
    request.peer_hashes = peer_hashes;
    const auto signature = signer(intermediate.issue(wish)).sign("iked", request, test_pki::now);
    ASSERT_TRUE(signature) << signature.error().reason;
    EXPECT_EQ(signature->method, method);
    ASSERT_EQ(signature->certificates.size(), 2u);

    contract::Verify verify{.identity = request.identity,
                            .method = signature->method,
                            .auth_data = signature->auth_data,
                            .signed_octets = request.signed_octets,
                            .certificates = signature->certificates,
                            .ca_labels = {}};
    const auto verified = verifier().verify("iked", verify, test_pki::now);
    ASSERT_TRUE(verified) << verified.error().reason;
    EXPECT_EQ(verified->subject, "CN=gateway");

    verify.signed_octets.back() ^= 1;
    expect_refusal(verifier().verify("iked", verify, test_pki::now), ServiceRefusal::Kind::bad_signature,
                   "signature of CN=gateway is not valid");
  }
}

// Shows RFC 7296 3.6-4.
TEST_F(CertificateService, SendsTheSigningCertificateFirstAndNoRoot) {
  const Service service{
      test_pki::ring_of({certificate_file("gw", leaf.pem()), key_file("gw", leaf.key_pem()),
                         certificate_file("a", intermediate.pem()), authority_file("Root", root.pem())}),
      everybody};
  const auto signature = service.sign("iked", sign_request(), test_pki::now);
  ASSERT_TRUE(signature);
  EXPECT_EQ(signature->certificates, (std::vector{payload(leaf), payload(intermediate)}));
}

TEST_F(CertificateService, RefusesAPeersCertificateAndSaysWhichValueDiffers) {
  using enum ServiceRefusal::Kind;
  const struct {
    const char* name;
    test_pki::Issued leaf;
    ServiceRefusal::Kind kind;
    const char* reason;
  } cases[] = {
      {"expired", leaf_with([](test_pki::Wish& w) { w.not_after = test_pki::now - Seconds{1}; }), bad_chain,
       "certificate expired 2026-05-31T23:59:59Z, subject CN=gateway"},
      {"not yet valid", leaf_with([](test_pki::Wish& w) { w.not_before = test_pki::now + Seconds{1}; }), bad_chain,
       "certificate not valid before 2026-06-01T00:00:01Z, subject CN=gateway"},
      {"no digitalSignature", leaf_with([](test_pki::Wish& w) { w.key_usage = "keyAgreement"; }), bad_chain,
       "certificate CN=gateway may not sign for IKE: its KeyUsage"},
      {"a web server's", leaf_with([](test_pki::Wish& w) { w.extended_key_usage = "serverAuth"; }), bad_chain,
       "its ExtendedKeyUsage has neither ipsecIKE nor anyExtendedKeyUsage"},
      {"other identity", leaf_with([](test_pki::Wish& w) { w.names = {"DNS:evil.example.com"}; }), bad_chain,
       "the peer's identity is not in its certificate: ID_FQDN gw.example.com is not its subjectAltName dNSName"},
  };
  for (const auto& [name, spoiled, kind, reason] : cases) {
    SCOPED_TRACE(name);
    const auto got = verifier().verify("iked", verify_request(spoiled), test_pki::now);
    expect_refusal(got, kind, reason);
    EXPECT_FALSE(got.error().offered.empty());
    EXPECT_FALSE(got.error().acceptable.empty());
  }
}

TEST_F(CertificateService, TrustsTheRingsAuthoritiesAlone) {
  const test_pki::Issued stranger = test_pki::authority("Stranger");
  auto request = verify_request(leaf);
  const Service service{
      test_pki::ring_of({authority_file("A", stranger.pem()), authority_file("B", test_pki::authority("B").pem())}),
      everybody};
  const auto got = service.verify("iked", request, test_pki::now);
  expect_refusal(got, ServiceRefusal::Kind::bad_chain,
                 "issuer CN=Root of CN=Intermediate is not trusted, and no certificate of it was sent or is in the "
                 "ring; trusted: CN=Stranger; CN=B");
  EXPECT_EQ(got.error().offered, "CN=Root");
  EXPECT_EQ(got.error().acceptable, "CN=Stranger; CN=B");
  request.certificates.push_back(payload(root));  // what the peer sends is no reason to trust it
  expect_refusal(service.verify("iked", request, test_pki::now), ServiceRefusal::Kind::bad_chain,
                 "CN=Root is self-signed and not trusted");
}

TEST_F(CertificateService, IsNotFooledByTheNameOfATrustedAuthority) {
  const test_pki::Issued impostor = test_pki::authority("Root");
  const test_pki::Issued forged = impostor.issue(leaf_wish);
  auto request = verify_request(forged);
  request.certificates = {payload(forged), payload(impostor)};
  EXPECT_FALSE(verifier().verify("iked", request, test_pki::now));
}

TEST_F(CertificateService, RefusesACertificateIssuedByAnEndEntity) {
  const test_pki::Issued forged = leaf.issue(leaf_wish);
  auto request = verify_request(forged);
  request.certificates = {payload(forged), payload(leaf), payload(intermediate)};
  EXPECT_FALSE(verifier().verify("iked", request, test_pki::now));
}

TEST_F(CertificateService, FindsIntermediatesInTheRingToo) {
  auto request = verify_request(leaf);
  request.certificates.resize(1);
  expect_refusal(verifier().verify("iked", request, test_pki::now), ServiceRefusal::Kind::bad_chain,
                 "issuer CN=Intermediate of CN=gateway is not trusted, and no certificate of it was sent");
  EXPECT_TRUE(verifier({certificate_file("intermediate", intermediate.pem())}).verify("iked", request, test_pki::now));
}

TEST_F(CertificateService, AcceptsAnAnchorThatIsNotSelfSigned) {
  const Service service{test_pki::ring_of({authority_file("Branch", intermediate.pem())}), everybody};
  auto request = verify_request(leaf);
  for (const auto revocation : {RevocationChecking::none, RevocationChecking::loose}) {
    request.revocation = revocation;
    EXPECT_TRUE(service.verify("iked", request, test_pki::now));
  }
}

TEST_F(CertificateService, PassesOverExtraAndUnreadablePayloads) {
  auto request = verify_request(leaf);
  request.certificates.push_back(payload(test_pki::authority("Extra")));
  request.certificates.push_back({.encoding = 4, .data = ByteString(1000, 0xff)});
  request.certificates.push_back({.encoding = 200, .data = {}});
  request.certificates.push_back({.encoding = 12, .data = ByteString(30, 'x')});
  request.certificates.push_back({.encoding = 7, .data = ByteString(30, 'x')});
  EXPECT_TRUE(verifier().verify("iked", request, test_pki::now));
}

TEST_F(CertificateService, RefusesPayloadsThatAreNoCertificates) {
  const ByteString der = leaf.der();
  const auto followed_by_zero = [&] {
    ByteString octets = der;
    octets.push_back(0);
    return octets;
  };
  const struct {
    const char* name;
    std::vector<CertificatePayload> certificates;
    const char* reason;
  } cases[] = {
      {"none", {}, "the peer signed but sent no certificate"},
      {"empty", {{.encoding = 4, .data = {}}}, "not an X.509 certificate"},
      {"rubbish", {{.encoding = 4, .data = ByteString(500, 0x30)}}, "not an X.509 certificate"},
      {"cut short", {{.encoding = 4, .data = ByteString(der.begin(), der.end() - 1)}}, "not an X.509 certificate"},
      {"one octet more", {{.encoding = 4, .data = followed_by_zero()}}, "1 octets after the certificate"},
      {"huge", {{.encoding = 4, .data = ByteString(Certificate::largest + 1)}}, "a certificate of 32769 octets"},
      {"a CRL first", {{.encoding = 7, .data = der}}, "the first CERT payload holds no X.509 certificate"},
      {"hash and URL first", {{.encoding = 12, .data = der}}, "the first CERT payload holds no X.509 certificate"},
      {"one payload too many", std::vector<CertificatePayload>(most_certificate_payloads + 1, payload(leaf)),
       "too many CERT payloads"},
  };
  for (const auto& [name, certificates, reason] : cases) {
    SCOPED_TRACE(name);
    auto request = verify_request(leaf);
    request.certificates = certificates;
    expect_refusal(verifier().verify("iked", request, test_pki::now), ServiceRefusal::Kind::malformed, reason);
  }
}

TEST_F(CertificateService, BoundsTheChain) {
  // Root, most_between intermediates and the leaf are longest_chain certificates; one more is refused.
  for (const std::size_t between : {KeyRing::longest_chain - 2, KeyRing::longest_chain - 1}) {
    std::vector<test_pki::Issued> authorities{root};
    for (std::size_t i = 0; i < between; ++i)
      authorities.push_back(authorities.back().issue(
          {.common_name = "CA " + std::to_string(i), .key_usage = "keyCertSign", .is_authority = true}));
    const test_pki::Issued deep = authorities.back().issue(leaf_wish);
    auto request = verify_request(deep);
    request.certificates = {payload(deep)};
    for (std::size_t i = between; i > 0; --i) request.certificates.push_back(payload(authorities[i]));
    const auto got = verifier().verify("iked", request, test_pki::now);
    EXPECT_EQ(got.has_value(), between == KeyRing::longest_chain - 2) << between;
    if (!got) {
      EXPECT_THAT(got.error().reason, HasSubstr("chain is too long"));
    }
  }
}

TEST_F(CertificateService, ChecksRevocationAsThePolicySays) {
  const WallTime long_ago = test_pki::now - std::chrono::days{90};
  const WallTime ended = test_pki::now - std::chrono::days{30};
  const auto good = crl_file("i", intermediate.crl({}));
  const auto revoked = crl_file("i", intermediate.crl({leaf}));
  const auto stale = crl_file("i", intermediate.crl({}, long_ago, ended));
  const auto stale_revoked = crl_file("i", intermediate.crl({leaf}, long_ago, ended));
  const auto forged = crl_file("i", test_pki::self_signed({.common_name = "Intermediate"}).crl({}));
  const auto of_root = crl_file("r", root.crl({}));
  const auto of_root_revoked = crl_file("r", root.crl({intermediate}));
  using enum RevocationChecking;
  const struct {
    const char* name;
    std::vector<RingFile> crls;
    bool none_accepts, loose_accepts, strict_accepts;
    const char* strict_reason;
  } cases[] = {
      {"no CRLs", {}, true, true, false, "no CRL of CN=Intermediate to check CN=gateway with"},
      {"all CRLs", {good, of_root}, true, true, true, ""},
      {"leaf revoked",
       {revoked, of_root},
       true,
       false,
       false,
       "certificate revoked by CN=Intermediate, subject CN=gateway"},
      {"intermediate revoked",
       {good, of_root_revoked},
       true,
       false,
       false,
       "revoked by CN=Root, subject CN=Intermediate"},
      {"no CRL of the root", {good}, true, true, false, "no CRL of CN=Root to check CN=Intermediate with"},
      {"stale CRL", {stale, of_root}, true, true, false, "the CRL of CN=Intermediate is out of date"},
      {"stale CRL that lists it", {stale_revoked, of_root}, true, false, false, ""},
      {"stale and current CRL", {stale, good}, true, true, false, "no CRL of CN=Root"},
      {"CRL by another key of that name", {forged, of_root}, true, true, false, "no CRL of CN=Intermediate"},
  };
  for (const auto& [name, crls, none_accepts, loose_accepts, strict_accepts, strict_reason] : cases) {
    SCOPED_TRACE(name);
    std::vector<RingFile> files = crls;
    auto request = verify_request(leaf);
    const Service service = verifier(files);
    request.revocation = none;
    EXPECT_EQ(service.verify("iked", request, test_pki::now).has_value(), none_accepts);
    request.revocation = loose;
    EXPECT_EQ(service.verify("iked", request, test_pki::now).has_value(), loose_accepts);
    request.revocation = strict;
    const auto got = service.verify("iked", request, test_pki::now);
    EXPECT_EQ(got.has_value(), strict_accepts);
    if (!got) {
      EXPECT_THAT(got.error().reason, HasSubstr(strict_reason));
    }
  }
}

TEST_F(CertificateService, ReadsCrlsThatThePeerSendsButCannotBeMisledByThem) {
  const auto der_of = [](const std::string& pem) {
    const auto ring = test_pki::ring_of({crl_file("x", pem)});
    unsigned char* octets = nullptr;
    const int size = i2d_X509_CRL(ring->revocation_lists().front().native(), &octets);
    ByteString der(octets, octets + size);
    OPENSSL_free(octets);
    return der;
  };
  auto request = verify_request(leaf);
  request.revocation = RevocationChecking::strict;
  request.certificates.push_back({.encoding = 7, .data = der_of(intermediate.crl({}))});
  request.certificates.push_back({.encoding = 7, .data = der_of(root.crl({}))});
  EXPECT_TRUE(verifier().verify("iked", request, test_pki::now));

  // The ring's CRL revokes; the peer sends a newer one, forged, that does not.
  const Service knows = verifier({crl_file("i", intermediate.crl({leaf}, test_pki::last_year))});
  const test_pki::Issued forger = test_pki::self_signed({.common_name = "Intermediate"});
  for (const auto revocation : {RevocationChecking::loose, RevocationChecking::strict}) {
    request.revocation = revocation;
    request.certificates = {payload(leaf),
                            payload(intermediate),
                            {.encoding = 7, .data = der_of(forger.crl({}, test_pki::now - Seconds{60}))}};
    EXPECT_FALSE(knows.verify("iked", request, test_pki::now));
  }

  // The ring's CRL revokes but is out of date; the peer sends a current one, with the forger's certificate beside it.
  const WallTime long_ago = test_pki::now - std::chrono::days{90};
  const WallTime ended = test_pki::now - std::chrono::days{30};
  const Service knew = verifier({crl_file("i", intermediate.crl({leaf}, long_ago, ended))});
  const test_pki::Issued namesake = test_pki::authority("Intermediate");
  for (const auto revocation : {RevocationChecking::loose, RevocationChecking::strict}) {
    request.revocation = revocation;
    request.certificates = {
        payload(leaf), payload(intermediate), payload(namesake), {.encoding = 7, .data = der_of(namesake.crl({}))}};
    EXPECT_FALSE(knew.verify("iked", request, test_pki::now));
  }
  // A current CRL of the true authority is heeded all the same.
  const Service permits = verifier({crl_file("i", intermediate.crl({}, long_ago, ended))});
  request.revocation = RevocationChecking::loose;
  request.certificates = {
      payload(leaf), payload(intermediate), {.encoding = 7, .data = der_of(intermediate.crl({leaf}))}};
  EXPECT_FALSE(permits.verify("iked", request, test_pki::now));
}

TEST_F(CertificateService, EndsPathsInTheAuthoritiesOfThePolicy) {
  const Service service = verifier({authority_file("Other", test_pki::authority("Other").pem())});
  auto request = verify_request(leaf);
  request.ca_labels = {"Root"};
  EXPECT_TRUE(service.verify("iked", request, test_pki::now));
  request.ca_labels = {"Other", "Root of tomorrow"};
  expect_refusal(service.verify("iked", request, test_pki::now), ServiceRefusal::Kind::bad_chain,
                 "issuer CN=Root of CN=Intermediate is not trusted");
  request.ca_labels = {"root"};
  expect_refusal(service.verify("iked", request, test_pki::now), ServiceRefusal::Kind::no_certificate,
                 "no trusted authority has a CaLabel of the policy: 'root'");
}

TEST_F(CertificateService, ListsAuthoritiesByTheHashOfTheirKeysAndByTheirSubjects) {
  const test_pki::Issued other = test_pki::authority("Other");
  const Service service = verifier({authority_file("Other", other.pem())});
  const auto hash = [](const test_pki::Issued& authority) {
    const Certificate certificate = authority.certificate();
    return ByteString(certificate.key_hash().begin(), certificate.key_hash().end());
  };
  EXPECT_EQ(hash(root).size(), 20u);
  EXPECT_EQ(service.list_authorities("iked", {})->key_hashes, (std::vector{hash(other), hash(root)}));
  EXPECT_EQ(service.list_authorities("iked", {.ca_labels = {"Root"}})->key_hashes,
            (std::vector<ByteString>{hash(root)}));
  const auto subject = [](const test_pki::Issued& authority) {
    const Certificate certificate = authority.certificate();
    return ByteString(certificate.subject_der().begin(), certificate.subject_der().end());
  };
  EXPECT_EQ(service.list_authorities("iked", {})->subjects, (std::vector{subject(other), subject(root)}));
  EXPECT_FALSE(service.list_authorities("iked", {.ca_labels = {"nobody"}}));
}

TEST_F(CertificateService, ServesAClientWhatItIsGranted) {
  const std::vector<RingFile> files{certificate_file("gw", leaf.pem()), key_file("gw", leaf.key_pem()),
                                    authority_file("Root", root.pem()),
                                    certificate_file("intermediate", intermediate.pem())};
  const Service service{test_pki::ring_of(files),
                        Grants{{{.client = "a", .sign_labels = {"gw"}, .authority_labels = {"Root"}},
                                {.client = "b", .sign_labels = {"other"}, .authority_labels = {}}}}};
  const auto kind_of = [](const auto& got) {
    return got ? std::optional<ServiceRefusal::Kind>{} : std::optional{got.error().kind};
  };
  using enum ServiceRefusal::Kind;
  EXPECT_EQ(kind_of(service.sign("a", sign_request(), test_pki::now)), std::nullopt);
  EXPECT_EQ(kind_of(service.sign("b", sign_request(), test_pki::now)), no_certificate);
  EXPECT_EQ(kind_of(service.sign("c", sign_request(), test_pki::now)), not_permitted);
  EXPECT_EQ(kind_of(service.verify("a", verify_request(leaf), test_pki::now)), std::nullopt);
  EXPECT_EQ(kind_of(service.verify("b", verify_request(leaf), test_pki::now)), bad_chain);
  EXPECT_EQ(kind_of(service.verify("c", verify_request(leaf), test_pki::now)), not_permitted);
  EXPECT_EQ(kind_of(service.list_authorities("c", {})), not_permitted);
  EXPECT_TRUE(service.list_authorities("b", {})->key_hashes.empty());
  // What a client may not use, it does not hear of.
  EXPECT_THAT(service.sign("b", sign_request(), test_pki::now).error().reason, testing::Not(HasSubstr("gw'")));
}

TEST_F(CertificateService, AnswersEachRequestWithItsKind) {
  const Service service{test_pki::ring_of({certificate_file("gw", leaf.pem()), key_file("gw", leaf.key_pem()),
                                           authority_file("Root", root.pem())}),
                        everybody};
  using std::holds_alternative;
  EXPECT_TRUE(
      holds_alternative<contract::Authorities>(service.answer("a", contract::ListAuthorities{}, test_pki::now)));
  EXPECT_TRUE(holds_alternative<contract::Signature>(service.answer("a", sign_request(), test_pki::now)));
  EXPECT_TRUE(holds_alternative<contract::Verified>(service.answer("a", verify_request(leaf), test_pki::now)));
  EXPECT_TRUE(holds_alternative<ServiceRefusal>(service.answer("a", contract::Verify{}, test_pki::now)));
}

TEST_F(CertificateService, AcceptsASelfSignedAnchorOfVersion1) {
  // An authority of version 1 has no basicConstraints: it may be a trust anchor, being self-signed.
  const test_pki::Issued old_root = test_pki::self_signed({.common_name = "Old", .is_version_1 = true});
  const test_pki::Issued directly = old_root.issue(leaf_wish);
  auto request = verify_request(directly);
  request.certificates = {payload(directly)};
  const Service service{test_pki::ring_of({authority_file("Old", old_root.pem())}), everybody};
  EXPECT_TRUE(service.verify("iked", request, test_pki::now));
}

}  // namespace
}  // namespace adit::nss
