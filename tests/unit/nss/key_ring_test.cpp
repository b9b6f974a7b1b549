#include "nss/key_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "nss/ring_directory.h"
#include "pki/test_pki.h"

namespace adit::nss {
namespace {

using test_pki::authority_file;
using test_pki::certificate_file;
using test_pki::crl_file;
using test_pki::key_file;
using testing::HasSubstr;

class KeyRings : public testing::Test {
 protected:
  static std::vector<RingProblem> problems_of(const std::vector<RingFile>& files) {
    auto ring = KeyRing::build(files);
    return ring ? std::vector<RingProblem>{} : ring.error();
  }

  const test_pki::Issued root = test_pki::authority("Root");
  const test_pki::Issued intermediate =
      root.issue({.common_name = "Intermediate", .key_usage = "keyCertSign,cRLSign", .is_authority = true});
  const test_pki::Issued gateway = intermediate.issue({.common_name = "gateway"});
};

TEST_F(KeyRings, JoinCertificatesKeysAndAuthoritiesByLabel) {
  const auto ring = test_pki::ring_of({certificate_file("gw", gateway.pem()), key_file("gw", gateway.key_pem()),
                                       certificate_file("an intermediate", intermediate.pem()),
                                       authority_file("Our CA", root.pem()), crl_file("root", root.crl({}))});
  ASSERT_EQ(ring->certificates().size(), 2u);
  EXPECT_EQ(ring->certificates()[0].label, "an intermediate");
  EXPECT_FALSE(ring->certificates()[0].private_key);
  const RingCertificate& signer = ring->certificates()[1];
  EXPECT_EQ(signer.label, "gw");
  EXPECT_TRUE(signer.private_key);
  ASSERT_EQ(signer.issuers.size(), 2u);
  EXPECT_EQ(signer.issuers[0].subject(), "CN=Intermediate");
  EXPECT_EQ(signer.issuers[1].subject(), "CN=Root");
  EXPECT_TRUE(signer.has_whole_chain);
  ASSERT_NE(ring->find_authority("Our CA"), nullptr);
  EXPECT_EQ(ring->find_authority("our ca"), nullptr);
  EXPECT_EQ(ring->revocation_lists().size(), 1u);
}

TEST_F(KeyRings, KnowWhenAChainIsIncomplete) {
  const auto ring = test_pki::ring_of({certificate_file("gw", gateway.pem()), key_file("gw", gateway.key_pem())});
  EXPECT_TRUE(ring->certificates()[0].issuers.empty());
  EXPECT_FALSE(ring->certificates()[0].has_whole_chain);
}

TEST_F(KeyRings, TakeIssuersFromTheCertificatesOwnFile) {
  const auto ring = test_pki::ring_of(
      {certificate_file("gw", gateway.pem() + intermediate.pem()), key_file("gw", gateway.key_pem())});
  ASSERT_EQ(ring->certificates().size(), 2u);
  EXPECT_EQ(ring->certificates()[0].label, "");
  EXPECT_EQ(ring->certificates()[1].issuers.size(), 1u);
}

TEST_F(KeyRings, EndAChainThatRunsInACircle) {
  const test_pki::Issued a = test_pki::authority("A");
  const test_pki::Issued b = a.issue({.common_name = "B", .is_authority = true});
  const auto ring =
      test_pki::ring_of({certificate_file("b", b.pem()), key_file("b", b.key_pem()), certificate_file("a", a.pem())});
  EXPECT_EQ(ring->certificates()[1].issuers.size(), 1u);
}

TEST_F(KeyRings, AreEmptyWithoutFiles) { EXPECT_TRUE(test_pki::ring_of({})->certificates().empty()); }

TEST_F(KeyRings, TellEveryProblemOfEveryFile) {
  const test_pki::Issued other = test_pki::authority("Other");
  const std::vector<RingProblem> problems = problems_of(
      {certificate_file("gw", gateway.pem()), key_file("gw", other.key_pem()), key_file("lost", other.key_pem()),
       certificate_file("rubbish", "rubbish"), certificate_file("a key", gateway.key_pem()),
       authority_file("leaf", gateway.pem()), authority_file("two", root.pem() + other.pem()),
       crl_file("crl", root.pem()), certificate_file("cut", gateway.pem().substr(0, 100)),
       key_file("not a key", gateway.pem()), certificate_file("empty", "")});
  const auto reason_of = [&](const std::string& file) {
    for (const RingProblem& problem : problems)
      if (problem.file == file) return problem.reason;
    return std::string{"none"};
  };
  EXPECT_THAT(reason_of("private/gw.pem"), HasSubstr("not the private key of certificate 'gw', subject CN=gateway"));
  EXPECT_THAT(reason_of("private/lost.pem"), HasSubstr("no certificate has the label 'lost'"));
  EXPECT_THAT(reason_of("certs/rubbish.pem"), HasSubstr("not an X.509 certificate in DER"));
  EXPECT_THAT(reason_of("certs/a key.pem"), HasSubstr("holds a PRIVATE KEY"));
  EXPECT_THAT(reason_of("ca/leaf.pem"), HasSubstr("CN=gateway is no certification authority"));
  EXPECT_THAT(reason_of("ca/two.pem"), HasSubstr("holds 2 certificates"));
  EXPECT_THAT(reason_of("crls/crl.pem"), HasSubstr("holds a CERTIFICATE"));
  EXPECT_THAT(reason_of("certs/cut.pem"), HasSubstr("PEM block 1 cannot be read"));
  EXPECT_NE(reason_of("private/not a key.pem"), "none");
  EXPECT_NE(reason_of("certs/empty.pem"), "none");
  EXPECT_EQ(problems.size(), 10u);
}

TEST_F(KeyRings, HoldNoMoreThanTheirBound) {
  std::vector<RingFile> files;
  for (std::size_t i = 0; i < KeyRing::most_of_each; ++i)
    files.push_back(certificate_file(std::to_string(i), gateway.pem()));
  EXPECT_TRUE(problems_of(files).empty());
  files.push_back(certificate_file("one more", gateway.pem()));
  EXPECT_EQ(problems_of(files).size(), 1u);
}

class RingDirectories : public KeyRings {
 protected:
  RingDirectories() {
    std::string pattern = (std::filesystem::temp_directory_path() / "adit-ring-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"mkdtemp"};
    directory = pattern;
    for (const char* folder : {"certs", "private", "ca"}) std::filesystem::create_directory(directory / folder);
    write("certs/gw.pem", gateway.pem());
    write("private/gw.pem", gateway.key_pem());
    write("ca/Our CA.pem", root.pem());
    std::filesystem::permissions(directory / "private/gw.pem", std::filesystem::perms::owner_read);
  }
  ~RingDirectories() override { std::filesystem::remove_all(directory); }

  void write(const std::string& name, std::string_view octets) const {
    std::ofstream{directory / name, std::ios::binary} << octets;
  }
  std::string problem() const {
    const auto ring = load_directory(directory);
    if (ring) return "none";
    std::string text;
    for (const RingProblem& one : ring.error()) text += one.file + ": " + one.reason + "\n";
    return text;
  }

  std::filesystem::path directory;
};

TEST_F(RingDirectories, AreRead) {
  const auto ring = load_directory(directory);
  ASSERT_TRUE(ring) << problem();
  EXPECT_TRUE((*ring)->certificates().at(0).private_key);
  EXPECT_NE((*ring)->find_authority("Our CA"), nullptr);
}

TEST_F(RingDirectories, HoldDerToo) {
  const ByteString der = root.der();
  write("ca/second.der", as_text(der));
  EXPECT_EQ(problem(), "none");
}

TEST_F(RingDirectories, KeepPrivateKeysToTheirOwner) {
  using enum std::filesystem::perms;
  for (const auto bit : {group_read, others_read, group_write}) {
    std::filesystem::permissions(directory / "private/gw.pem", owner_read | bit);
    EXPECT_THAT(problem(), HasSubstr("private/gw.pem: mode 04")) << static_cast<unsigned>(bit);
  }
}

TEST_F(RingDirectories, NameWhatIsNoRingFile) {
  write("certs/.hidden.swp", "x");
  EXPECT_EQ(problem(), "none");
  write("certs/gw.pem~", "x");
  write("ca/broken.pem", "x");
  std::filesystem::create_directory(directory / "certs/folder.pem");
  const std::string text = problem();
  EXPECT_THAT(text, HasSubstr("certs/gw.pem~: has another ending than .pem or .der"));
  EXPECT_THAT(text, HasSubstr("ca/broken.pem: not an X.509 certificate"));
  EXPECT_THAT(text, HasSubstr("certs/folder.pem: is no regular file"));
}

TEST_F(RingDirectories, RefuseAFileBeyondTheBound) {
  write("ca/huge.pem", "x");
  std::filesystem::resize_file(directory / "ca/huge.pem", largest_ring_file + 1);
  EXPECT_THAT(problem(), HasSubstr("ca/huge.pem: has 8388609 octets; 8388608 are the most"));
}

TEST_F(RingDirectories, MustBeThere) {
  directory /= "nowhere";
  EXPECT_THAT(problem(), HasSubstr("nowhere: No such file or directory"));
}

}  // namespace
}  // namespace adit::nss
