#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "hex.h"
#include "packet.h"

namespace adit::crypto {
namespace {

using nlohmann::json;

json read(const std::string& path) {
  std::ifstream file{std::string{ADIT_TEST_DATA} + "/vectors/" + path};
  EXPECT_TRUE(file) << path;
  return json::parse(file);
}

ByteString hex(const json& object, const char* field) {
  return object.contains(field) ? from_hex(object.at(field).get<std::string>()) : ByteString{};
}

constexpr PacketBackEnd back_ends[] = {PacketBackEnd::openssl, PacketBackEnd::ipsec_mb};

/// Opens a whole ESP packet; the text, or nothing when it is not authentic.
std::optional<ByteString> opened(PacketCipher& cipher, ByteString packet,
                                 std::optional<std::uint32_t> sequence_high = {}) {
  const std::size_t around = esp_header_size + cipher.iv_size() + cipher.icv_size();
  PacketJob jobs[] = {{.header = packet.data(),
                       .text_size = static_cast<std::uint32_t>(packet.size() - around),
                       .sequence_high = sequence_high.value_or(0),
                       .extended = sequence_high.has_value()}};
  cipher.open(jobs);
  if (!jobs[0].authentic) return std::nullopt;
  const auto text = packet.begin() + static_cast<std::ptrdiff_t>(esp_header_size + cipher.iv_size());
  return ByteString{text, text + jobs[0].text_size};
}

/// Adds the ICV that a packet of the vectors has not: a cipher without integrity is no SA of ours but within AH.
ByteString with_icv(const ByteString& packet, const Secret& integrity_key) {
  const auto mac = PacketCipher::make({EncryptionId::null, 0, IntegrityId::hmac_sha1_96}, {}, integrity_key);
  ByteString whole = packet;
  whole.resize(packet.size() + mac->icv_size());
  PacketJob jobs[] = {
      {.header = whole.data(), .text_size = static_cast<std::uint32_t>(packet.size() - esp_header_size)}};
  mac->seal(jobs);
  return whole;
}

/// Payload, padding 1, 2, …, its length, next header.
ByteString text_of(ByteString payload, unsigned padding, unsigned next_header) {
  for (unsigned i = 1; i <= padding; ++i) payload.push_back(static_cast<std::uint8_t>(i));
  payload.push_back(static_cast<std::uint8_t>(padding));
  payload.push_back(static_cast<std::uint8_t>(next_header));
  return payload;
}

TEST(Vectors, LinuxPacketsOpen) {
  const std::map<std::string, std::pair<EncryptionId, unsigned>> algorithms = {
      {"DES", {EncryptionId::des, 64}},
      {"3DES", {EncryptionId::triple_des, 192}},
      {"AES-CBC", {EncryptionId::aes_cbc, 128}},
      {"AES-CTR", {EncryptionId::aes_ctr, 128}},
      {"AES-GCM", {EncryptionId::aes_gcm_16, 128}},
      {"AES-NULL-GMAC", {EncryptionId::null_auth_aes_gmac, 128}},
      {"AES-CCM", {EncryptionId::aes_ccm_8, 128}}};
  const Secret integrity_key{20};
  int count = 0;
  const json vectors = read("esp/esp-linux.json");
  for (const json& test : vectors.at("tests")) {
    SCOPED_TRACE(test.at("title").get<std::string>());
    const auto& [id, bits] = algorithms.at(test.at("encr").get<std::string>());
    const bool is_aead = find(id)->is_aead();
    // Of CCM the vectors give key and salt, of the others too; together they are the key material.
    ByteString material = hex(test, "encr_key");
    append(material, hex(test, "salt"));
    const bool extended = test.value("sequence_form", std::string{}).starts_with("esn");
    const ByteString packet = is_aead ? hex(test, "esp") : with_icv(hex(test, "esp"), integrity_key);
    for (const PacketBackEnd back_end : back_ends) {
      const auto cipher =
          PacketCipher::make({id, bits, is_aead ? IntegrityId::none : IntegrityId::hmac_sha1_96}, Secret{material},
                             is_aead ? SecretView{} : SecretView{integrity_key}, back_end);
      if (cipher == nullptr) continue;
      EXPECT_EQ(
          opened(*cipher, packet, extended ? std::optional<std::uint32_t>{1} : std::nullopt),
          text_of(hex(test, "payload"), test.at("pad_len").get<unsigned>(), test.at("next_header").get<unsigned>()));
      ++count;
    }
  }
  EXPECT_GE(count, 9);
}

TEST(Vectors, Rfc3602TransportPacketOpens) {
  int count = 0;
  const Secret integrity_key{20};
  const json vectors = read("esp/esp-transport.json");
  for (const json& test : vectors.at("tests")) {
    const ByteString whole = hex(test, "ipsec_packet");
    const ByteString esp = with_icv(ByteString{whole.begin() + 20, whole.end()}, integrity_key);
    for (const PacketBackEnd back_end : back_ends) {
      const auto cipher = PacketCipher::make({EncryptionId::aes_cbc, 128, IntegrityId::hmac_sha1_96},
                                             Secret{hex(test, "encr_key")}, integrity_key, back_end);
      if (cipher == nullptr) continue;
      EXPECT_EQ(opened(*cipher, esp), text_of(hex(test, "inner_payload"), 14, 1));
      ++count;
    }
  }
  EXPECT_GE(count, 1);
}

TEST(Vectors, RecordedTunnelPacketsOpen) {
  const json capture = read("esp/esp-aescbc-sha1.json");
  for (const json& packet : capture.at("packets")) {
    for (const json& sa : capture.at("sas")) {
      if (sa.at("spi") != packet.at("spi")) continue;
      const ByteString whole = hex(packet, "ip_packet");
      for (const PacketBackEnd back_end : back_ends) {
        const auto cipher = PacketCipher::make({EncryptionId::aes_cbc, 128, IntegrityId::hmac_sha1_96},
                                               Secret{hex(sa, "encr_key")}, Secret{hex(sa, "integ_key")}, back_end);
        if (cipher == nullptr) continue;
        EXPECT_EQ(opened(*cipher, ByteString{whole.begin() + 20, whole.end()}),
                  text_of(hex(packet, "payload"), packet.at("pad_len").get<unsigned>(),
                          packet.at("next_header").get<unsigned>()));
      }
    }
  }
}

TEST(Vectors, Rfc7634PacketOpens) {
  int count = 0;
  const json vectors = read("esp/chacha20-poly1305.json");
  for (const json& test : vectors.at("tests")) {
    if (test.at("ref") != "ESP example from RFC 7634") continue;
    ByteString material = hex(test, "key");
    append(material, hex(test, "salt"));
    const ByteString packet = concatenated({hex(test, "aad"), hex(test, "iv"), hex(test, "ciphertext_and_tag")});
    for (const PacketBackEnd back_end : back_ends) {
      const auto cipher =
          PacketCipher::make({EncryptionId::chacha20_poly1305, 256, IntegrityId::none}, Secret{material}, {}, back_end);
      if (cipher == nullptr) continue;
      EXPECT_EQ(opened(*cipher, packet), hex(test, "plaintext"));
      ++count;
    }
  }
  EXPECT_GE(count, 1);
}

/// Those with a nonce of 12 octets, the additional data of an ESP packet, and the whole tag.
void open_wycheproof(const char* path, EncryptionId id, int at_least) {
  int count = 0;
  const json vectors = read(path);
  for (const json& group : vectors.at("testGroups")) {
    if (group.at("ivSize") != 96) continue;
    const unsigned bits = group.at("keySize").get<unsigned>();
    for (const json& test : group.at("tests")) {
      const ByteString additional = hex(test, "aad");
      if (additional.size() != 8 && additional.size() != 12) continue;
      SCOPED_TRACE(test.at("tcId").get<int>());
      const bool extended = additional.size() == 12;
      const ByteString nonce = hex(test, "iv");
      ByteString material = hex(test, "key");
      append(material, Bytes{nonce}.first(4));
      const ByteString packet = concatenated({Bytes{additional}.first(4), Bytes{additional}.last(4),
                                              Bytes{nonce}.subspan(4), hex(test, "ct"), hex(test, "tag")});
      std::optional<std::uint32_t> high;
      if (extended) {
        high = std::uint32_t{additional[4]} << 24 | std::uint32_t{additional[5]} << 16 |
               std::uint32_t{additional[6]} << 8 | additional[7];
      }
      for (const PacketBackEnd back_end : back_ends) {
        const auto cipher = PacketCipher::make({id, bits, IntegrityId::none}, Secret{material}, {}, back_end);
        if (cipher == nullptr) continue;
        const auto want = test.at("result") == "valid" ? std::optional{hex(test, "msg")} : std::nullopt;
        EXPECT_EQ(opened(*cipher, packet, high), want);
        ++count;
      }
    }
  }
  EXPECT_GE(count, at_least) << path;
}

TEST(Vectors, WycheproofGcmPacketsOpenOrAreRefused) {
  open_wycheproof("wycheproof/aes_gcm_test.json", EncryptionId::aes_gcm_16, 6);
}
TEST(Vectors, WycheproofChaChaPacketsOpenOrAreRefused) {
  open_wycheproof("wycheproof/chacha20_poly1305_test.json", EncryptionId::chacha20_poly1305, 45);
}

}  // namespace
}  // namespace adit::crypto
