#include <gtest/gtest.h>

#include <thread>

#include "packet.h"

namespace adit::crypto {
namespace {

constexpr std::size_t ah_icv_offset = 32;  // an IPv4 header and AH's 12 octets

struct Batch {
  std::vector<ByteString> packets;
  std::vector<PacketJob> jobs;

  Batch(Seeded& random, const PacketCipher& cipher, const AlgorithmCase& algorithm, std::size_t count,
        std::size_t largest_size) {
    const bool is_ah = algorithm.algorithms.encryption == EncryptionId::none;
    const std::size_t block = std::max<std::size_t>(4, cipher.block_size());
    for (std::size_t i = 0; i < count; ++i) {
      std::size_t text = random() % (largest_size + 1) / block * block;
      const std::size_t around = cipher.iv_size() + cipher.icv_size();
      if (is_ah) text = std::max(text, ah_icv_offset + around);
      packets.push_back(random_octets(random, esp_header_size + text + around));
      jobs.push_back({.header = nullptr,
                      .text_size = static_cast<std::uint32_t>(text),
                      .sequence_high = static_cast<std::uint32_t>(random()),
                      .extended = random() % 2 == 0});
    }
    point(is_ah);
  }
  Batch(const Batch& other, bool is_ah) : packets{other.packets}, jobs{other.jobs} { point(is_ah); }

  void point(bool is_ah) {
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      jobs[i].header = packets[i].data();
      if (is_ah) jobs[i].icv = packets[i].data() + ah_icv_offset;
    }
  }
};

class BackEnds : public testing::TestWithParam<AlgorithmCase> {};

TEST_P(BackEnds, GiveTheSameOctetsAndOpenEachOthersPackets) {
  const AlgorithmCase& algorithm = GetParam();
  const bool is_ah = algorithm.algorithms.encryption == EncryptionId::none;
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    SCOPED_TRACE(testing::Message() << algorithm.name() << " seed " << seed);
    Seeded random{seed};
    const Secret key{random_octets(random, algorithm.key)};
    const Secret integrity_key{random_octets(random, algorithm.integrity_key)};
    const auto openssl = PacketCipher::make(algorithm.algorithms, key, integrity_key, PacketBackEnd::openssl);
    ASSERT_NE(openssl, nullptr);
    auto fast = PacketCipher::make(algorithm.algorithms, key, integrity_key, PacketBackEnd::ipsec_mb);
    const auto aes_in_hardware =
        PacketCipher::make({EncryptionId::aes_gcm_16, 128, IntegrityId::none}, Secret{20}, {}, PacketBackEnd::ipsec_mb);
    EXPECT_EQ(fast != nullptr, algorithm.has_ipsec_mb && aes_in_hardware != nullptr);
    if (fast == nullptr) fast = PacketCipher::make(algorithm.algorithms, key, integrity_key, PacketBackEnd::openssl);
    ASSERT_EQ(openssl->iv_size(), fast->iv_size());
    ASSERT_EQ(openssl->icv_size(), fast->icv_size());

    for (const std::size_t count : {1u, 2u, 17u, 64u, 131u}) {
      const Batch clear{random, *openssl, algorithm, count, seed % 2 == 0 ? 9000u : 100u};
      Batch first{clear, is_ah}, second{clear, is_ah};
      openssl->seal(first.jobs);
      fast->seal(second.jobs);
      ASSERT_EQ(first.packets, second.packets);
      ASSERT_NE(first.packets, clear.packets);

      // One octet of every third packet is not what was sent.
      for (std::size_t i = 0; i < count && algorithm.has_integrity(); i += 3) {
        const std::size_t size = is_ah ? first.jobs[i].text_size : first.packets[i].size();
        const std::size_t at = random() % size;
        for (Batch* batch : {&first, &second}) batch->packets[i][at] ^= 0x10;
      }
      openssl->open(second.jobs);
      fast->open(first.jobs);
      for (std::size_t i = 0; i < count; ++i) {
        SCOPED_TRACE(i);
        const bool is_as_sent = i % 3 != 0 || !algorithm.has_integrity();
        EXPECT_EQ(first.jobs[i].authentic, is_as_sent);
        EXPECT_EQ(second.jobs[i].authentic, is_as_sent);
        if (!is_as_sent) continue;
        const std::size_t begin = is_ah ? 0 : esp_header_size + openssl->iv_size();
        for (const Batch* batch : {&first, &second}) {
          ByteString text{batch->packets[i].begin() + static_cast<std::ptrdiff_t>(begin),
                          batch->packets[i].begin() + static_cast<std::ptrdiff_t>(begin + clear.jobs[i].text_size)};
          ByteString sent{clear.packets[i].begin() + static_cast<std::ptrdiff_t>(begin),
                          clear.packets[i].begin() + static_cast<std::ptrdiff_t>(begin + clear.jobs[i].text_size)};
          if (is_ah) {
            const auto field = openssl->iv_size() + openssl->icv_size();
            for (ByteString* octets : {&text, &sent}) std::fill_n(octets->begin() + ah_icv_offset, field, 0);
          }
          ASSERT_EQ(text, sent);
        }
      }
    }
  }
}

TEST_P(BackEnds, AgreeOnTheLargestPackets) {
  const AlgorithmCase& algorithm = GetParam();
  const bool is_ah = algorithm.algorithms.encryption == EncryptionId::none;
  Seeded random{3};
  const Secret key{random_octets(random, algorithm.key)};
  const Secret integrity_key{random_octets(random, algorithm.integrity_key)};
  const auto openssl = PacketCipher::make(algorithm.algorithms, key, integrity_key, PacketBackEnd::openssl);
  const auto fast = PacketCipher::make(algorithm.algorithms, key, integrity_key, PacketBackEnd::ipsec_mb);
  if (fast == nullptr) return;
  Batch first{random, *openssl, algorithm, 3, 64};
  for (std::size_t i = 0; i < 3; ++i) {
    first.jobs[i].text_size = static_cast<std::uint32_t>((largest_text_size - i) / 16 * 16);
    first.packets[i] =
        random_octets(random, esp_header_size + openssl->iv_size() + first.jobs[i].text_size + openssl->icv_size());
  }
  first.point(is_ah);
  Batch second{first, is_ah};
  openssl->seal(first.jobs);
  fast->seal(second.jobs);
  EXPECT_TRUE(first.packets == second.packets);
  fast->open(first.jobs);
  EXPECT_TRUE(first.jobs[0].authentic && first.jobs[1].authentic && first.jobs[2].authentic);
}

TEST_P(BackEnds, WorkInAnotherThreadThanTheyWereMadeIn) {
  const AlgorithmCase& algorithm = GetParam();
  Seeded random{4};
  const auto cipher = PacketCipher::make(algorithm.algorithms, Secret{algorithm.key}, Secret{algorithm.integrity_key});
  ASSERT_NE(cipher, nullptr);
  Batch batch{random, *cipher, algorithm, 5, 500};
  std::jthread{[&] { cipher->seal(batch.jobs); }}.join();
  cipher->open(batch.jobs);
  for (const PacketJob& job : batch.jobs) EXPECT_TRUE(job.authentic);
}

TEST_P(BackEnds, NoticeEveryOctetThatIsNotWhatWasSent) {
  const AlgorithmCase& algorithm = GetParam();
  if (!algorithm.has_integrity()) return;  // AH around it notices
  const bool is_ah = algorithm.algorithms.encryption == EncryptionId::none;
  Seeded random{7};
  const Secret key{random_octets(random, algorithm.key)};
  const Secret integrity_key{random_octets(random, algorithm.integrity_key)};
  for (const PacketBackEnd back_end : {PacketBackEnd::openssl, PacketBackEnd::ipsec_mb}) {
    const auto cipher = PacketCipher::make(algorithm.algorithms, key, integrity_key, back_end);
    if (cipher == nullptr) continue;
    Batch sealed{random, *cipher, algorithm, 2, 64};
    cipher->seal(sealed.jobs);
    for (std::size_t i = 0; i < sealed.jobs.size(); ++i) {
      const std::size_t size =
          is_ah ? sealed.jobs[i].text_size
                : esp_header_size + cipher->iv_size() + sealed.jobs[i].text_size + cipher->icv_size();
      for (std::size_t at = 0; at < size; ++at) {
        Batch changed{sealed, is_ah};
        changed.packets[i][at] ^= static_cast<std::uint8_t>(1 << at % 8);
        cipher->open(changed.jobs);
        EXPECT_FALSE(changed.jobs[i].authentic) << "octet " << at << " of " << size;
        EXPECT_TRUE(changed.jobs[1 - i].authentic);
      }
      Batch other_half{sealed, is_ah};
      other_half.jobs[i].extended = true;
      other_half.jobs[i].sequence_high ^= 1;
      cipher->open(other_half.jobs);
      EXPECT_FALSE(other_half.jobs[i].authentic) << "the high half of the sequence number";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, BackEnds, testing::ValuesIn(all_algorithms()), [](const auto& instance) {
  std::string name = instance.param.name();
  for (char& letter : name) letter = std::isalnum(static_cast<unsigned char>(letter)) ? letter : '_';
  return name;
});

TEST(PacketCipher, RefusesWhatIsNoSecurityAssociation) {
  const struct {
    const char* name;
    PacketAlgorithms algorithms;
    std::size_t key, integrity_key;
  } cases[] = {
      {"encryption without integrity", {EncryptionId::aes_cbc, 128, IntegrityId::none}, 16, 0},
      {"neither encryption nor integrity", {EncryptionId::null, 0, IntegrityId::none}, 0, 0},
      {"neither within AH",
       {.encryption = EncryptionId::null, .integrity = IntegrityId::none, .is_within_ah = true},
       0,
       0},
      {"a combined mode with a MAC", {EncryptionId::aes_gcm_16, 128, IntegrityId::hmac_sha1_96}, 20, 20},
      {"a MAC for AH in ESP", {EncryptionId::aes_cbc, 128, IntegrityId::aes_128_gmac}, 16, 20},
      {"a key without its salt", {EncryptionId::aes_gcm_16, 128, IntegrityId::none}, 16, 0},
      {"a key size that AES has not", {EncryptionId::aes_gcm_16, 160, IntegrityId::none}, 24, 0},
      {"a short integrity key", {EncryptionId::aes_cbc, 128, IntegrityId::hmac_sha2_256_128}, 16, 31},
      {"AH with an encryption key", {EncryptionId::none, 0, IntegrityId::hmac_sha1_96}, 16, 20},
      {"an encryption number that nobody has assigned", {EncryptionId{999}, 128, IntegrityId::none}, 16, 0},
  };
  for (const auto& [name, algorithms, key, integrity_key] : cases) {
    EXPECT_EQ(PacketCipher::make(algorithms, Secret{key}, Secret{integrity_key}), nullptr) << name;
  }
}

TEST(PacketCipher, MakesUnpredictableIvsForCbcAndCountersElsewhere) {
  for (const PacketBackEnd back_end : {PacketBackEnd::openssl, PacketBackEnd::ipsec_mb}) {
    const auto gcm = PacketCipher::make({EncryptionId::aes_gcm_16, 128, IntegrityId::none}, Secret{20}, {}, back_end);
    const auto cbc =
        PacketCipher::make({EncryptionId::aes_cbc, 128, IntegrityId::hmac_sha1_96}, Secret{16}, Secret{20}, back_end);
    if (gcm == nullptr) continue;
    ByteString counter(8 + 8 + 16 + 16), random_one(8 + 16 + 16 + 12), random_two = random_one;
    counter[7] = 5;
    random_one[7] = 5;
    random_two[7] = 6;
    PacketJob jobs[] = {{.header = counter.data(), .text_size = 16, .sequence_high = 3, .extended = true}};
    gcm->seal(jobs);
    EXPECT_EQ(to_hex(Bytes{counter}.subspan(8, 8)), "0000000300000005");
    PacketJob cbc_jobs[] = {{.header = random_one.data(), .text_size = 16},
                            {.header = random_two.data(), .text_size = 16}};
    cbc->seal(cbc_jobs);
    int equal_octets = 0;
    for (std::size_t i = 8; i < 24; ++i) equal_octets += random_one[i] == random_two[i];
    EXPECT_LT(equal_octets, 6);
  }
}

}  // namespace
}  // namespace adit::crypto
