#include "crypto/prf.h"

#include <map>

#include "crypto/ike_cipher_name.h"
#include "crypto/mac.h"
#include "vectors.h"

namespace adit::crypto {
namespace {

const std::map<std::string, PrfId> prf_names = {
    {"PRF_HMAC_MD5", PrfId::hmac_md5},           {"PRF_HMAC_SHA1", PrfId::hmac_sha1},
    {"PRF_HMAC_SHA2_256", PrfId::hmac_sha2_256}, {"PRF_HMAC_SHA2_384", PrfId::hmac_sha2_384},
    {"PRF_HMAC_SHA2_512", PrfId::hmac_sha2_512}, {"PRF_AES128_XCBC", PrfId::aes128_xcbc},
    {"PRF_AES128_CMAC", PrfId::aes128_cmac},
};
const std::map<std::string, IntegrityId> integrity_names = {
    {"AUTH_HMAC_MD5_96", IntegrityId::hmac_md5_96},
    {"AUTH_HMAC_SHA1_96", IntegrityId::hmac_sha1_96},
    {"AUTH_HMAC_SHA2_256_128", IntegrityId::hmac_sha2_256_128},
    {"AUTH_HMAC_SHA2_384_192", IntegrityId::hmac_sha2_384_192},
    {"AUTH_HMAC_SHA2_512_256", IntegrityId::hmac_sha2_512_256},
    {"AUTH_AES_XCBC_96", IntegrityId::aes_xcbc_96},
    {"AUTH_AES_CMAC_96", IntegrityId::aes_cmac_96},
};

TEST(Prf, GivesTheOutputsThatTheRfcsPrint) {
  int count = 0;
  for (const char* file : {"rfc/hmac.json", "rfc/aes-mac-prf.json"}) {
    for (const Json& test : vectors(file)) {
      const auto name = prf_names.find(text(test, "alg"));
      if (name == prf_names.end()) continue;
      SCOPED_TRACE(text(test, "ref"));
      const Prf& prf = *Prf::find(name->second);
      EXPECT_EQ(to_hex(prf(secret(test, "key"), {octets(test, "data")}).reveal()), text(test, "output"));
      ++count;
    }
  }
  EXPECT_GE(count, 30);
}

// Shows RFC 4868 2.3-1.
TEST(Mac, GivesTheIntegrityCheckValuesThatTheRfcsPrint) {
  int count = 0;
  for (const char* file : {"rfc/hmac.json", "rfc/aes-mac-prf.json"}) {
    for (const Json& test : vectors(file)) {
      const auto name = integrity_names.find(text(test, "alg"));
      if (name == integrity_names.end()) continue;
      SCOPED_TRACE(text(test, "ref"));
      ByteString code(largest_mac_size);
      compute_mac(*ike_mac(name->second), secret(test, "key"), {octets(test, "data")}, code);
      code.resize(find(name->second)->icv);
      EXPECT_EQ(to_hex(code), text(test, "output"));
      ++count;
    }
  }
  EXPECT_GE(count, 20);
}

void agrees_with_wycheproof(const char* file, PrfId id, bool takes_any_key) {
  const Prf& prf = *Prf::find(id);
  const int count = for_each_wycheproof(file, [&](const Json&, const Json& test) {
    const ByteString tag = octets(test, "tag");
    // A PRF of fixed key makes another key of one that has not its length (RFC 4615 §3).
    if (!takes_any_key && octets(test, "key").size() != prf.key_size()) return;
    const Secret output = prf(secret(test, "key"), {octets(test, "msg")});
    ASSERT_LE(tag.size(), output.size());
    EXPECT_EQ(to_hex(output.reveal().first(tag.size())) == to_hex(tag), is_valid(test));
  });
  EXPECT_GT(count, 100);
}

TEST(Prf, AgreesWithWycheproof) {
  agrees_with_wycheproof("hmac_sha1_test.json", PrfId::hmac_sha1, true);
  agrees_with_wycheproof("hmac_sha256_test.json", PrfId::hmac_sha2_256, true);
  agrees_with_wycheproof("hmac_sha384_test.json", PrfId::hmac_sha2_384, true);
  agrees_with_wycheproof("hmac_sha512_test.json", PrfId::hmac_sha2_512, true);
  agrees_with_wycheproof("aes_cmac_test.json", PrfId::aes128_cmac, false);
}

TEST(Prf, IsThereForEveryRowOfTheTable) {
  for (const PrfFacts& facts : prf_table()) {
    SCOPED_TRACE(facts.name);
    const Prf* prf = Prf::find(facts.id);
    ASSERT_NE(prf, nullptr);
    EXPECT_EQ((*prf)(Secret{prf->key_size()}, {}).size(), prf->output_size());
  }
  EXPECT_EQ(Prf::find(PrfId{3}), nullptr);  // PRF_HMAC_TIGER
}

TEST(Prf, DoesNotCareHowTheOctetsAreCutIntoParts) {
  const ByteString data = from_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20");
  for (const PrfFacts& facts : prf_table()) {
    SCOPED_TRACE(facts.name);
    const Prf& prf = *Prf::find(facts.id);
    const Secret key{prf.key_size()};
    for (std::size_t cut = 0; cut <= data.size(); ++cut)
      EXPECT_TRUE(prf(key, {Bytes{data}.first(cut), Bytes{data}.subspan(cut)}) == prf(key, {data})) << cut;
  }
}

TEST(PrfPlus, CountsTheBlocksFromOneAndFeedsEachIntoTheNext) {  // RFC 7296 §2.13
  for (const PrfFacts& facts : prf_table()) {
    SCOPED_TRACE(facts.name);
    const Prf& prf = *Prf::find(facts.id);
    const Secret key{as_bytes("a key")};
    const ByteString seed = from_hex("c0ffee");
    const std::uint8_t one = 1;
    const std::uint8_t two = 2;
    const Secret first = prf(key, {seed, Bytes{&one, 1}});
    const Secret second = prf(key, {first.reveal(), seed, Bytes{&two, 1}});
    const ByteString both = concatenated({first.reveal(), second.reveal()});
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, first.size(), first.size() + 1, both.size()})
      EXPECT_EQ(to_hex(prf.plus(key, seed, size).reveal()), to_hex(Bytes{both}.first(size))) << size;
    EXPECT_EQ(prf.plus(key, seed, 255 * prf.output_size()).size(), 255 * prf.output_size());
  }
}

}  // namespace
}  // namespace adit::crypto
