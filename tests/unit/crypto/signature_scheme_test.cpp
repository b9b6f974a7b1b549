#include "crypto/signature_scheme.h"

#include "vectors.h"

namespace adit::crypto {
namespace {

using enum SignatureForm;

const struct {
  const char* name;
  SignatureScheme scheme;
} printed[] = {
    {"sha256WithRSAEncryption", {.form = rsa_pkcs1, .hash = HashId::sha2_256}},
    {"sha384WithRSAEncryption", {.form = rsa_pkcs1, .hash = HashId::sha2_384}},
    {"sha512WithRSAEncryption", {.form = rsa_pkcs1, .hash = HashId::sha2_512}},
    {"ecdsa-with-sha256", {.form = ecdsa, .hash = HashId::sha2_256}},
    {"ecdsa-with-sha384", {.form = ecdsa, .hash = HashId::sha2_384}},
    {"ecdsa-with-sha512", {.form = ecdsa, .hash = HashId::sha2_512}},
    {"rsassa-pss sha256", {.form = rsa_pss, .hash = HashId::sha2_256, .mask_hash = HashId::sha2_256, .salt = 32}},
    {"id-Ed25519", {.form = ed25519}},
    {"id-Ed448", {.form = ed448}},
};

TEST(SignatureScheme, ReadsAndWritesTheIdentifiersThatTheRfcsPrint) {
  int known = 0;
  for (const Json& test : vectors("rfc/signature-algorithm-identifiers.json")) {
    const std::string name = test.at("name");
    SCOPED_TRACE(name);
    const auto parsed = SignatureScheme::parse(octets(test, "der"));
    const auto* row = std::ranges::find(printed, name, [](const auto& each) { return std::string{each.name}; });
    if (row == std::end(printed)) {
      EXPECT_FALSE(parsed.has_value());  // DSA, and all with SHA-1 (RFC 8247 §3.2)
      continue;
    }
    ASSERT_TRUE(parsed.has_value()) << parsed.error();
    EXPECT_TRUE(*parsed == row->scheme);
    EXPECT_EQ(to_hex(row->scheme.algorithm_identifier()), text(test, "der"));
    ++known;
  }
  EXPECT_EQ(known, 9);
}

TEST(SignatureScheme, ReadsBackWhatItWrites) {
  for (const auto& [hash, salt] :
       {std::pair{HashId::sha2_256, 32u}, std::pair{HashId::sha2_384, 48u}, std::pair{HashId::sha2_512, 64u}}) {
    const SignatureScheme scheme{.form = rsa_pss, .hash = hash, .mask_hash = hash, .salt = salt};
    const auto parsed = SignatureScheme::parse(scheme.algorithm_identifier());
    ASSERT_TRUE(parsed.has_value()) << parsed.error();
    EXPECT_TRUE(*parsed == scheme);
  }
}

const struct {
  const char* name;
  const char* der;
} refused[] = {
    {"nothing", ""},
    {"an empty sequence", "3000"},
    {"no sequence", "06032b6570"},
    {"octets after it", "300506032b657000"},
    {"octets after the parameters", "300f06092a864886f70d01010b05000500"},
    {"a length beyond the end", "300606032b6570"},
    {"a length of indefinite form", "308006032b65700000"},
    {"a length in the long form that fits the short one", "30810506032b6570"},
    {"a length of two octets", "3082000506032b6570"},
    {"an unknown object identifier", "300506032b6572"},
    {"RSA without NULL", "300b06092a864886f70d01010b"},
    {"RSA with a NULL that is not empty", "300e06092a864886f70d01010b050100"},
    {"ECDSA with NULL", "300c06082a8648ce3d0403020500"},
    {"Ed25519 with NULL", "300706032b65700500"},
    {"DSA with SHA-256", "300b0609608648016503040302"},
    {"SHA-1 with RSA", "300d06092a864886f70d0101050500"},
    {"PSS without parameters", "300b06092a864886f70d01010a"},
    {"PSS with the defaults, which are SHA-1", "300d06092a864886f70d01010a3000"},
    {"PSS with SHA-256 but MGF1 with SHA-1", "301e06092a864886f70d01010a3011a00f300d06096086480165030402010500"},
    {"PSS with parameters out of order",
     "303006092a864886f70d01010a3023a11c301a06092a864886f70d010108300d06096086480165030402010500a003020120"},
    {"PSS with a trailer other than 1",
     "304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d060960864801650"
     "3"
     "0402010500a203020120a303020102"},
    {"PSS with a salt that is negative",
     "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d060960864801650"
     "3"
     "0402010500a2030201e0"},
    {"PSS with a mask that is not MGF1",
     "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010109300d060960864801650"
     "3"
     "0402010500a203020120"},
};

TEST(SignatureScheme, RefusesWhatIsNotOneOfThem) {
  for (const auto& [name, der] : refused) EXPECT_FALSE(SignatureScheme::parse(from_hex(der)).has_value()) << name;
}

TEST(SignatureScheme, TakesPssWithoutTheTrailerAndWithHashesThatLackNull) {  // RFC 4055 §2.1, §3.1
  const auto parsed = SignatureScheme::parse(from_hex(
      "303d06092a864886f70d01010a3030a00d300b0609608648016503040201a11a301806092a864886f70d010108300b0609608648"
      "016503040201a203020120"));
  ASSERT_TRUE(parsed.has_value()) << parsed.error();
  EXPECT_EQ(parsed->salt, 32u);
}

TEST(SignatureScheme, RefusesEveryOneThatIsCutOrHasABitChangedInItsObjectIdentifier) {
  for (const Json& test : vectors("rfc/signature-algorithm-identifiers.json")) {
    const ByteString der = octets(test, "der");
    for (std::size_t size = 0; size < der.size(); ++size)
      EXPECT_FALSE(SignatureScheme::parse(Bytes{der}.first(size)).has_value());
  }
}

TEST(DigitalSignature, WantsASignatureBehindTheIdentifier) {
  EXPECT_FALSE(DigitalSignature::parse({}).has_value());
  EXPECT_FALSE(DigitalSignature::parse(from_hex("05300306012a")).has_value());
  EXPECT_FALSE(DigitalSignature::parse(from_hex("ff00")).has_value());
  const ByteString whole = from_hex("02aabbcc");
  const auto parsed = DigitalSignature::parse(whole);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(to_hex(parsed->algorithm_identifier), "aabb");
  EXPECT_EQ(to_hex(parsed->signature), "cc");
}

}  // namespace
}  // namespace adit::crypto
