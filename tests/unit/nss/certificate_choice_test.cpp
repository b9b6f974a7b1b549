#include "nss/certificate_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pki/test_pki.h"

namespace adit::nss {
namespace {

using contract::SignatureChoice;
using crypto::HashId;
using crypto::KeyKind;
using testing::HasSubstr;

const std::vector<HashId> sha2{HashId::sha2_256, HashId::sha2_384, HashId::sha2_512};

TEST(AuthenticationMethods, FitTheKeyTheChoiceAndThePeersHashes) {
  using enum SignatureChoice;
  const struct {
    const char* name;
    SignatureChoice choice;
    KeyKind kind;
    std::vector<HashId> peer_hashes;
    std::optional<AuthMethod> want;
  } cases[] = {
      {"RsaSignature", rsa_signature, KeyKind::rsa, {}, AuthMethod::rsa_signature},
      {"RsaSignature stays method 1 with hashes", rsa_signature, KeyKind::rsa, sha2, AuthMethod::rsa_signature},
      {"RsaSignature with an EC key", rsa_signature, KeyKind::ecdsa_256, sha2, std::nullopt},
      {"ECDSA-256", ecdsa_256, KeyKind::ecdsa_256, {}, AuthMethod::ecdsa_256},
      {"ECDSA-256 with another curve", ecdsa_256, KeyKind::ecdsa_384, {}, std::nullopt},
      {"ECDSA-384", ecdsa_384, KeyKind::ecdsa_384, {}, AuthMethod::ecdsa_384},
      {"ECDSA-521", ecdsa_521, KeyKind::ecdsa_521, {}, AuthMethod::ecdsa_521},
      {"ECDSA-521 with Ed25519", ecdsa_521, KeyKind::ed25519, sha2, std::nullopt},
      {"any, hashes announced, RSA", any, KeyKind::rsa, sha2, AuthMethod::digital_signature},
      {"any, no hashes, RSA", any, KeyKind::rsa, {}, AuthMethod::rsa_signature},
      {"any, no hashes, P-256", any, KeyKind::ecdsa_256, {}, AuthMethod::ecdsa_256},
      {"any, no hashes, P-384", any, KeyKind::ecdsa_384, {}, AuthMethod::ecdsa_384},
      {"any, no hashes, P-521", any, KeyKind::ecdsa_521, {}, AuthMethod::ecdsa_521},
      {"any, only Identity, RSA", any, KeyKind::rsa, {HashId::identity}, AuthMethod::rsa_signature},
      {"any, Identity announced, Ed25519", any, KeyKind::ed25519, {HashId::identity}, AuthMethod::digital_signature},
      {"any, Identity not announced, Ed25519", any, KeyKind::ed25519, sha2, std::nullopt},
      {"any, no hashes, Ed25519", any, KeyKind::ed25519, {}, std::nullopt},
      {"any, Identity announced, Ed448", any, KeyKind::ed448, {HashId::identity}, AuthMethod::digital_signature},
      {"any, a key of no known kind", any, KeyKind::other, sha2, std::nullopt},
  };
  for (const auto& [name, choice, kind, peer_hashes, want] : cases) {
    SCOPED_TRACE(name);
    const auto got = method_for(choice, kind, peer_hashes);
    EXPECT_EQ(got.has_value() ? std::optional{*got} : std::nullopt, want);
  }
}

Identity host(std::string_view name) { return {IdentityType::fqdn, ByteString(name.begin(), name.end())}; }

class CertificateChoices : public testing::Test {
 protected:
  static std::vector<RingFile> ring_files(const std::vector<std::pair<std::string, test_pki::Issued>>& leaves) {
    std::vector<RingFile> files;
    for (const auto& [label, leaf] : leaves) {
      files.push_back(test_pki::certificate_file(label, leaf.pem()));
      files.push_back(test_pki::key_file(label, leaf.key_pem()));
    }
    return files;
  }

  // The label chosen, or the refusal's reason.
  std::string chosen(const std::vector<RingFile>& files, const contract::Sign& request) const {
    const auto ring = test_pki::ring_of(files);
    std::vector<const RingCertificate*> candidates;
    for (const RingCertificate& certificate : ring->certificates()) candidates.push_back(&certificate);
    const auto choice = choose_certificate(candidates, request, test_pki::now);
    if (choice) return choice->certificate->label;
    EXPECT_EQ(choice.error().kind, contract::ServiceRefusal::Kind::no_certificate);
    return choice.error().reason;
  }

  contract::Sign request() const {
    contract::Sign sign;
    sign.identity = host("gw.example.com");
    sign.choice = SignatureChoice::any;
    sign.peer_hashes = sha2;
    return sign;
  }

  const test_pki::Issued root = test_pki::authority("Root");
  const test_pki::Issued other_root = test_pki::authority("Other");
  const test_pki::Wish wish{.names = {"DNS:gw.example.com"}};
};

TEST_F(CertificateChoices, FollowTheLabels) {
  const auto files = ring_files({{"b", root.issue(wish)}, {"a", root.issue(wish)}, {"c", root.issue(wish)}});
  EXPECT_EQ(chosen(files, request()), "a");
}

TEST_F(CertificateChoices, SayOfEachWhyNot) {
  test_pki::Wish expired = wish, early = wish, cannot_sign = wish, web_server = wish, other_name = wish, rsa = wish;
  expired.not_after = test_pki::now - Seconds{1};
  early.not_before = test_pki::now + Seconds{1};
  cannot_sign.key_usage = "keyEncipherment";
  web_server.extended_key_usage = "serverAuth,clientAuth";
  other_name.names = {"DNS:other.example.com"};
  rsa.kind = KeyKind::rsa;
  auto files = ring_files({{"expired", root.issue(expired)},
                           {"early", root.issue(early)},
                           {"cannot sign", root.issue(cannot_sign)},
                           {"web server", root.issue(web_server)},
                           {"other name", root.issue(other_name)},
                           {"rsa", root.issue(rsa)}});
  files.push_back(test_pki::certificate_file("no key", root.issue(wish).pem()));
  auto sign = request();
  sign.choice = SignatureChoice::ecdsa_256;
  const std::string reason = chosen(files, sign);
  for (const char* part :
       {"no certificate can sign for ID_FQDN gw.example.com by ECDSA-256: ", "'expired': expired 2026-05-31T23:59:59Z",
        "'early': not valid before 2026-06-01T00:00:01Z", "'cannot sign': its KeyUsage has neither digitalSignature",
        "'web server': its ExtendedKeyUsage has neither ipsecIKE",
        "'other name': ID_FQDN gw.example.com is not its subjectAltName dNSName; it has CN=gateway; "
        "DNS:other.example.com",
        "'rsa': its key is RSA; ECDSA-256 needs ECDSA P-256", "'no key': the ring has no private key"})
    EXPECT_THAT(reason, HasSubstr(part));
}

TEST_F(CertificateChoices, LastToTheVerySecond) {
  test_pki::Wish brief = wish;
  brief.not_before = brief.not_after = test_pki::now;
  EXPECT_EQ(chosen(ring_files({{"brief", root.issue(brief)}}), request()), "brief");
}

TEST_F(CertificateChoices, MaySignWhereUsageSaysSo) {
  test_pki::Wish ike = wish;
  ike.key_usage = "nonRepudiation";
  ike.extended_key_usage = "serverAuth,ipsecIKE";
  EXPECT_EQ(chosen(ring_files({{"ike", root.issue(ike)}}), request()), "ike");
}

// Shows RFC 7296 3.7-2.
TEST_F(CertificateChoices, LeadToAnAuthorityThatThePeerNamed) {
  auto files = ring_files({{"a", root.issue(wish)}, {"b", other_root.issue(wish)}});
  files.push_back(test_pki::authority_file("root", root.pem()));
  files.push_back(test_pki::authority_file("other", other_root.pem()));
  auto sign = request();
  const auto hash_of = [](const test_pki::Issued& authority) {
    const Certificate certificate = authority.certificate();
    return ByteString(certificate.key_hash().begin(), certificate.key_hash().end());
  };
  sign.requested_authorities = {hash_of(other_root)};
  EXPECT_EQ(chosen(files, sign), "b");
  sign.requested_authorities = {ByteString(20, 0)};
  EXPECT_THAT(chosen(files, sign),
              HasSubstr("'a': its issuer CN=Root is not among the 1 authorities that the peer named"));
  sign.requested_authorities = {ByteString{}, ByteString(19, 0), hash_of(root)};
  EXPECT_EQ(chosen(files, sign), "a");
}

TEST_F(CertificateChoices, LeadToAnAuthorityThatThePeerNamedBySubject) {
  auto files = ring_files({{"a", root.issue(wish)}, {"b", other_root.issue(wish)}});
  const auto subject_of = [](const test_pki::Issued& authority) {
    const Certificate certificate = authority.certificate();
    return ByteString(certificate.subject_der().begin(), certificate.subject_der().end());
  };
  auto sign = request();
  sign.requested_subjects = {subject_of(other_root)};
  EXPECT_EQ(chosen(files, sign), "b") << "whose issuer the ring has not";
  files.push_back(test_pki::authority_file("root", root.pem()));
  files.push_back(test_pki::authority_file("other", other_root.pem()));
  EXPECT_EQ(chosen(files, sign), "b");
  sign.requested_subjects = {ByteString{0x30, 0x00}, subject_of(root)};
  EXPECT_EQ(chosen(files, sign), "a");
  sign.requested_subjects = {ByteString{0x30, 0x00}};
  EXPECT_THAT(chosen(files, sign),
              HasSubstr("'a': its issuer CN=Root is not among the 1 authorities that the peer named"));
}

TEST_F(CertificateChoices, TakeAChainOfUnknownEndWhenNoOtherFits) {
  // The ring does not know who issued 'a': whether that is whom the peer named, only the peer can tell.
  auto files = ring_files({{"a", root.issue(wish)}});
  auto sign = request();
  sign.requested_authorities = {ByteString(20, 1)};
  EXPECT_EQ(chosen(files, sign), "a");
}

TEST_F(CertificateChoices, AreNoneForAKeyIdThatNoCertificateHas) {
  auto sign = request();
  sign.identity.type = IdentityType::key_id;
  EXPECT_THAT(chosen(ring_files({{"a", root.issue(wish)}}), sign), HasSubstr("subjectKeyIdentifier"));
}

TEST_F(CertificateChoices, AreNoneInAnEmptyRing) {
  EXPECT_THAT(chosen({}, request()), HasSubstr("no certificate that this client may sign with"));
}

}  // namespace
}  // namespace adit::nss
