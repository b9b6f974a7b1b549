// AH as another program makes it: tests/vectors/ah.

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "hex.h"
#include "two_ends.h"

namespace adit::stack {
namespace {

using nlohmann::json;

IntegrityId algorithm_named(const std::string& name) {
  for (const IntegrityFacts& row : integrity_table()) {
    if (row.name == name) return row.id;
  }
  return IntegrityId::none;
}

/// The sender's end of the SA of a vector.
contract::InstallChildSa install_of(const json& vector) {
  contract::InstallChildSa install = install_message();
  install.transforms = {.protocol = contract::SaProtocol::ah,
                        .integrity = algorithm_named(vector.at("algorithm")),
                        .extended_sequence_numbers = !vector.at("sequence_high").is_null()};
  install.mode =
      vector.at("mode") == "tunnel" ? contract::EncapsulationMode::tunnel : contract::EncapsulationMode::transport;
  const ByteString key = from_hex(vector.at("key").get<std::string>());
  install.inbound = install.outbound = {Secret{}, Secret{key}};
  install.outbound_spi = OutboundSpi{vector.at("spi").get<std::uint32_t>()};
  install.inbound_spi = InboundSpi{0x2002};
  const bool is_v4 = vector.at("packet").get<std::string>().front() == '4';
  install.local = address(is_v4 ? "192.0.2.1" : "2001:db8::1");
  install.remote = address(is_v4 ? "192.0.2.2" : "2001:db8::2");
  return install;
}

std::uint64_t sequence_of(const json& vector) {
  const json& high = vector.at("sequence_high");
  return (high.is_null() ? 0 : high.get<std::uint64_t>()) << 32 | vector.at("sequence").get<std::uint64_t>();
}

std::vector<json> vectors() {
  std::ifstream file{std::string{ADIT_TEST_DATA} + "/vectors/ah/ah.json"};
  EXPECT_TRUE(file);
  return json::parse(file).at("cases");
}

TEST(AhVectors, AreWhatTheEncapsulatorMakes) {
  for (const json& vector : vectors()) {
    SCOPED_TRACE(vector.at("name"));
    End end{install_of(vector)};
    end.out().sequence = sequence_of(vector) - 1;
    OwnedPacket packet{from_hex(vector.at("clear").get<std::string>())};
    ASSERT_EQ(end.send(packet).drop, Drop::none);
    EXPECT_EQ(to_hex(packet.buffer.octets()), vector.at("packet"));
  }
}

TEST(AhVectors, OpenToWhatWasSent) {
  for (const json& vector : vectors()) {
    SCOPED_TRACE(vector.at("name"));
    End end{mirrored(install_of(vector))};
    end.in().window.accept(sequence_of(vector) - 1);
    OwnedPacket packet{from_hex(vector.at("packet").get<std::string>())};
    ASSERT_EQ(end.receive(packet, contract::SaProtocol::ah).drop, Drop::none);
    EXPECT_EQ(to_hex(packet.buffer.octets()), vector.at("clear"));
    EXPECT_EQ(end.in().window.highest(), sequence_of(vector));
    EXPECT_EQ(end.in().packets, 1u);
  }
}

/// Which octets of the headers before AH may differ on arrival (RFC 4302 §3.3.3.1), by the position of the first ones.
TEST(AhVectors, NoticeEveryOctetButThoseThatMayChangeOnTheWay) {
  for (const json& vector : vectors()) {
    SCOPED_TRACE(vector.at("name"));
    const ByteString sent = from_hex(vector.at("packet").get<std::string>());
    const std::string name = vector.at("name");
    std::vector<std::size_t> may_change = {1, 8, 10, 11};  // DSCP and ECN; TTL; checksum
    if (name == "transport, IPv4, options") {
      for (std::size_t at = 24; at < 35; ++at) may_change.push_back(at);  // record route
    }
    if (name == "transport, IPv4, an unknown option") {
      for (const std::size_t at : {20u, 22u, 23u, 24u, 25u}) may_change.push_back(at);  // not 21: its length
    }
    if (sent[0] >> 4 == 6) may_change = {1, 2, 3, 7};  // DSCP, ECN, flow label; hop limit
    if (name == "transport, IPv6, hop-by-hop options") {
      for (std::size_t at = 44; at < 48; ++at) may_change.push_back(at);  // the data of the option whose type says so
    }
    for (std::size_t i = 0; i < sent.size(); ++i) {
      if (sent[0] >> 4 == 4 && (i == 6 || i == 7)) continue;  // flags and offset: as of a fragment, refused otherwise
      if (sent[0] >> 4 == 6 && i == 0) continue;              // the version; half of DSCP
      End end{mirrored(install_of(vector))};
      end.in().window.accept(sequence_of(vector) - 1);
      ByteString changed = sent;
      changed[i] ^= 0x01;
      OwnedPacket packet{changed};
      const Drop drop = end.receive(packet, contract::SaProtocol::ah).drop;
      const bool may = std::ranges::find(may_change, i) != may_change.end();
      EXPECT_EQ(drop == Drop::none, may) << "octet " << i << ": " << to_string(drop);
    }
  }
}

}  // namespace
}  // namespace adit::stack
