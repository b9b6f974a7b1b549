#include "stack/authentication_header.h"

#include <gtest/gtest.h>

#include "hex.h"
#include "stack/mutable_fields.h"
#include "two_ends.h"

namespace adit::stack {
namespace {

using contract::SaProtocol;

constexpr const char* addresses6 = "fd000000000000000000000000000001 fd000000000000000000000000000002";

std::string v6(const char* length, const char* next, const std::string& rest) {
  return std::string{"60000000 "} + length + next + "40 " + addresses6 + " " + rest;
}

TEST(AuthenticationHeader, StandsBehindWhatRoutersRead) {  // RFC 4302 §3.1.1
  const std::string hop_by_hop_then = "00010400000000";    // behind the next header: a PadN
  const struct {
    const char* name;
    std::string octets;
    std::expected<HeadersBeforeAh, Drop> want;
  } cases[] = {
      {"IPv4", "45000014 00000000 40110000 c0000201 c0000202", HeadersBeforeAh{20, 9}},
      {"IPv4 with options", "46000018 00000000 40110000 c0000201 c0000202 01010101", HeadersBeforeAh{24, 9}},
      {"IPv4, a fragment", "45000014 00002000 40110000 c0000201 c0000202", std::unexpected{Drop::fragment}},
      {"IPv4, a source route at its end", "4700001c 00000000 40110000 c0000201 c0000202 8307080a00000100",
       HeadersBeforeAh{28, 9}},
      {"IPv4, a source route with a stop left", "4700001c 00000000 40110000 c0000201 c0000202 8907040a00000100",
       std::unexpected{Drop::unsupported_header}},
      {"IPv6", v6("0000", "3b", ""), HeadersBeforeAh{40, 6}},
      {"IPv6, hop-by-hop", v6("0008", "00", "3b" + hop_by_hop_then), HeadersBeforeAh{48, 40}},
      {"IPv6, destination options: for the end alone", v6("0008", "3c", "3b" + hop_by_hop_then),
       HeadersBeforeAh{40, 6}},
      {"IPv6, destination options before a routing header",
       v6("0010", "3c", "2b" + hop_by_hop_then + "3b00ff0000000000"), HeadersBeforeAh{56, 48}},
      {"IPv6, a routing header with a stop left", v6("0008", "2b", "3b00ff0100000000"),
       std::unexpected{Drop::unsupported_header}},
      {"IPv6, a fragment", v6("0008", "2c", "3b00000100000000"), std::unexpected{Drop::fragment}},
      {"IPv6, a fragment behind hop-by-hop", v6("0010", "00", "2c" + hop_by_hop_then + "3b00000100000000"),
       std::unexpected{Drop::fragment}},
      {"IPv6, hop-by-hop cut short", v6("0007", "00", "3b000104000000"), std::unexpected{Drop::malformed}},
      {"IPv6, longer headers than we keep", v6("0060", "00", "3b0b" + std::string(188, '0')),
       std::unexpected{Drop::unsupported_header}},
      {"no packet", "", std::unexpected{Drop::malformed}},
  };
  for (const auto& [name, octets, want] : cases) {
    SCOPED_TRACE(name);
    const auto place = place_of_ah(from_hex(octets));
    ASSERT_EQ(place.has_value(), want.has_value());
    if (!want) {
      EXPECT_EQ(place.error(), want.error()) << to_string(place.error());
      continue;
    }
    EXPECT_EQ(place->size, want->size);
    EXPECT_EQ(place->next_header_at, want->next_header_at);
  }
}

TEST(AuthenticationHeader, IsFoundBehindTheHeadersThatMayPrecedeIt) {
  const std::string pad = "00010400000000";
  const struct {
    const char* name;
    std::string octets;
    std::size_t want;  // 0: not found
  } cases[] = {
      {"IPv4", "45000014 00000000 40330000 c0000201 c0000202", 20},
      {"IPv4 without AH", "45000014 00000000 40110000 c0000201 c0000202", 0},
      {"IPv4, a fragment", "45000014 00002000 40330000 c0000201 c0000202", 0},
      {"IPv6", v6("0000", "33", ""), 40},
      {"IPv6, three kinds of headers", v6("0018", "00", "3c" + pad + "2b" + pad + "3300ff0000000000"), 64},
      {"IPv6, UDP before", v6("0008", "11", "3300000000000000"), 0},
      {"IPv6, cut short", v6("0004", "00", "33000104"), 0},
      {"IPv6, longer headers than we keep", v6("0060", "00", "330b" + std::string(188, '0')), 0},
  };
  for (const auto& [name, octets, want] : cases) {
    SCOPED_TRACE(name);
    const auto found = find_ah(from_hex(octets));
    EXPECT_EQ(found ? found->size : 0, want);
  }
}

TEST(AuthenticationHeader, IsAMultipleOf32BitsInIpv4AndOf64InIpv6) {  // RFC 4302 §3.3.3.2.1
  for (const auto& [icv, v4_size, v6_size] :
       {std::tuple{12u, 24u, 24u}, {16u, 28u, 32u}, {24u, 36u, 40u}, {32u, 44u, 48u}}) {
    EXPECT_EQ(ah_size(IpFamily::v4, icv), v4_size);
    EXPECT_EQ(ah_size(IpFamily::v6, icv), v6_size);
  }
}

TEST(AuthenticationHeader, ReadsNoMoreThanThereIs) {
  const ByteString whole = from_hex("11040000 00001001 00000005 000000000000000000000000");
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    EXPECT_EQ(AuthenticationHeader::read(Bytes{whole}.first(size)).has_value(), size == whole.size());
  }
  const auto read = AuthenticationHeader::read(whole);
  EXPECT_EQ(read->next_header, 0x11);
  EXPECT_EQ(read->size, 24u);
  EXPECT_EQ(read->spi, 0x1001u);
  EXPECT_EQ(read->sequence, 5u);
  ByteString written(24, 0xff);
  read->write(written.data());
  EXPECT_EQ(written, whole);
  EXPECT_FALSE(AuthenticationHeader::read(from_hex("11000000 00001001 00000005"))) << "shorter than its fixed part";
}

TEST(MutableFields, AreZeroAndThenWhatTheyWere) {  // RFC 4302 §3.3.3.1, appendix A
  const struct {
    const char* name;
    std::string octets, want;
  } cases[] = {
      {"IPv4", "45ff 0014 1234 ffff ff33 ffff c0000201 c0000202", "4500 0014 1234 0000 0033 0000 c0000201 c0000202"},
      {"IPv4, each kind of option once",
       "4eff 0038 1234 ffff ff33 ffff c0000201 c0000202 01 82040102 85030a 8603ff 94040000 95030b 4404050a 070411ff "
       "8304aabb 0000",
       "4e00 0038 1234 0000 0033 0000 c0000201 c0000202 01 82040102 85030a 8603ff 94040000 95030b 00000000 00000000 "
       "00000000 0000"},
      {"IPv4, an option longer than there is room", "46ff 0018 1234 ffff ff33 ffff c0000201 c0000202 0744aabb",
       "4600 0018 1234 0000 0033 0000 c0000201 c0000202 00000000"},
      {"IPv4, an option of no length", "46ff 0018 1234 ffff ff33 ffff c0000201 c0000202 0700aabb",
       "4600 0018 1234 0000 0033 0000 c0000201 c0000202 00000000"},
      {"IPv4, octets behind the end of the options", "46ff 0018 1234 ffff ff33 ffff c0000201 c0000202 0007aabb",
       "4600 0018 1234 0000 0033 0000 c0000201 c0000202 0007aabb"},
      {"IPv6", std::string{"6fffffff 0018 33 ff "} + addresses6, std::string{"60000000 0018 33 00 "} + addresses6},
      {"IPv6, options of both kinds",
       std::string{"6fffffff 0018 00 ff "} + addresses6 + "3c00 3e02aabb 0100 3300 1e02aabb 0100",
       std::string{"60000000 0018 00 00 "} + addresses6 + "3c00 3e020000 0100 3300 1e02aabb 0100"},
      {"IPv6, a routing header without stops", std::string{"6fffffff 0018 2b ff "} + addresses6 + "3300 2000 aabbccdd",
       std::string{"60000000 0018 2b 00 "} + addresses6 + "3300 2000 aabbccdd"},
      {"IPv6, an option longer than its header",
       std::string{"6fffffff 0018 00 ff "} + addresses6 + "3300 0000 3eff aabb",
       std::string{"60000000 0018 00 00 "} + addresses6 + "3300 0000 3eff 0000"},
  };
  for (const auto& [name, octets, want] : cases) {
    SCOPED_TRACE(name);
    const ByteString before = from_hex(octets);
    ByteString headers = before;
    MutableFields fields;
    fields.zero(headers);
    EXPECT_EQ(to_hex(headers), to_hex(from_hex(want)));
    fields.put_back(headers.data());
    EXPECT_EQ(headers, before);
  }
}

contract::InstallChildSa ah_message(IntegrityId integrity = IntegrityId::hmac_sha2_256_128) {
  return install_message({"", EncryptionId::none, 0, integrity});
}

class AhLoopback : public testing::TestWithParam<std::tuple<IntegrityId, int, bool>> {};

TEST_P(AhLoopback, BringsEveryPacketAcrossUnchangedAndNoneTwice) {
  const auto& [integrity, way, extended] = GetParam();
  contract::InstallChildSa install = ah_message(integrity);
  install.transforms.extended_sequence_numbers = extended;
  const bool is_tunnel = way < 4, is_outer_v6 = way % 2 == 1, is_inner_v6 = is_tunnel ? way / 2 == 1 : is_outer_v6;
  if (!is_tunnel) install.mode = contract::EncapsulationMode::transport;
  if (is_outer_v6) {
    install.local = address("2001:db8::1");
    install.remote = address("2001:db8::2");
  }
  TwoEnds ends{install};
  ends.a.out().sequence = extended ? 0xfffffffb : 0;  // over the wrap
  if (extended) ends.b.in().window.accept(0xfffffffb);
  for (std::size_t payload = 0; payload < 300; payload += 23) {
    SCOPED_TRACE(payload);
    const ByteString clear = !is_tunnel    ? udp_packet(install.local.to_string(), install.remote.to_string(), payload)
                             : is_inner_v6 ? udp_packet("fd00::1", "fd00::2", payload)
                                           : udp_packet("10.0.0.1", "10.0.0.2", payload);
    OwnedPacket travelling{clear};
    const OutboundPacket sent = ends.a.send(travelling);
    ASSERT_EQ(sent.drop, Drop::none) << to_string(sent.drop);
    const ByteString sealed = travelling.octets();
    const auto outer = IpHeader::read(sealed);
    ASSERT_TRUE(outer);
    EXPECT_EQ(outer->total_size, sealed.size());
    EXPECT_EQ(sealed.size(), clear.size() + largest_overhead(ends.a.out()));
    EXPECT_LE(sealed.size(), 1500u);
    EXPECT_EQ(outer->next_header, NextHeader::ah);
    if (!is_outer_v6) {
      EXPECT_NE(load_u16(&sealed[4]), 0) << "the kernel would fill it in";
    }
    for (std::size_t at = outer->header_size; at < sealed.size(); ++at) {
      ByteString changed = sealed;
      changed[at] ^= 0x02;
      OwnedPacket arriving{changed};
      EXPECT_NE(ends.b.receive(arriving).drop, Drop::none) << "octet " << at;
    }
    const std::uint64_t replayed = ends.b.in().replayed;
    const InboundPacket received = ends.b.receive(travelling);
    ASSERT_EQ(received.drop, Drop::none) << to_string(received.drop);
    ByteString wanted = clear;
    if (!is_tunnel && !is_outer_v6) {  // AH fills in the identification (RFC 6864 §4 lets it be anything)
      std::copy_n(sealed.begin() + 4, 2, wanted.begin() + 4);
      renew_header_checksum(wanted.data());
    }
    EXPECT_EQ(to_hex(travelling.octets()), to_hex(wanted));
    OwnedPacket again{sealed};
    EXPECT_EQ(ends.b.receive(again).drop, Drop::replayed);
    EXPECT_GE(ends.b.in().replayed, replayed + 1);
  }
}
INSTANTIATE_TEST_SUITE_P(All, AhLoopback,
                         testing::Combine(testing::Values(IntegrityId::hmac_sha1_96, IntegrityId::hmac_sha2_256_128,
                                                          IntegrityId::hmac_sha2_384_192,
                                                          IntegrityId::hmac_sha2_512_256, IntegrityId::aes_xcbc_96,
                                                          IntegrityId::aes_128_gmac, IntegrityId::aes_192_gmac,
                                                          IntegrityId::aes_256_gmac),
                                          testing::Range(0, 6), testing::Bool()));

TEST(AuthenticationHeader, IsPutWithinTheMtuThatIsAsked) {
  for (const auto mode : {contract::EncapsulationMode::tunnel, contract::EncapsulationMode::transport}) {
    contract::InstallChildSa install = ah_message();
    install.mode = mode;
    End end{install};
    const std::size_t largest = largest_inner_packet(end.out(), 1500);
    OwnedPacket packet{udp_packet("192.0.2.1", "192.0.2.2", largest - 28)};
    ASSERT_EQ(end.send(packet).drop, Drop::none);
    EXPECT_EQ(packet.buffer.size(), 1500u);
    EXPECT_EQ(largest_inner_packet(end.out(), 20), 0u);
  }
}

TEST(AuthenticationHeader, DropsWhatItCannotProtect) {
  contract::InstallChildSa transport = ah_message();
  transport.mode = contract::EncapsulationMode::transport;
  const ByteString clear = udp_packet("192.0.2.1", "192.0.2.2", 10);
  End end{transport};
  OwnedPacket fragment{from_hex("45000014 00002000 40110000 c0000201 c0000202")};
  EXPECT_EQ(end.send(fragment).drop, Drop::fragment);
  OwnedPacket other_family{udp_packet("fd00::1", "fd00::2", 10)};
  EXPECT_EQ(end.send(other_family).drop, Drop::unsupported_header);
  OwnedPacket longest{udp_packet("192.0.2.1", "192.0.2.2", largest_packet - 28)};
  EXPECT_EQ(end.send(longest).drop, Drop::too_long);
  for (const auto& [headroom, tailroom, want] :
       {std::tuple{28u, 4u, Drop::none}, {27u, 4u, Drop::too_long}, {28u, 3u, Drop::too_long}}) {
    ByteString storage(headroom + clear.size() + tailroom);
    PacketBuffer buffer{storage, headroom};
    buffer.resize(clear.size());
    std::ranges::copy(clear, buffer.data());
    OutboundPacket packet{.packet = &buffer, .sa = &end.out()};
    end.encapsulator.run({&packet, 1});
    EXPECT_EQ(packet.drop, want) << headroom << " " << tailroom;
  }
}

TEST(AuthenticationHeader, IsNotTakenForEspOrTheOtherWayRound) {
  TwoEnds ends{ah_message()};
  OwnedPacket packet{udp_packet("10.0.0.1", "10.0.0.2", 10)};
  ASSERT_EQ(ends.a.send(packet).drop, Drop::none);
  ByteString from_spi{packet.buffer.data() + 24, packet.buffer.data() + packet.buffer.size()};
  OwnedPacket as_esp{from_spi};
  EXPECT_EQ(ends.b.receive(as_esp, SaProtocol::esp).drop, Drop::no_sa);
  OwnedPacket in_time{packet.octets()}, fragment{packet.octets()};
  fragment.buffer.data()[6] = 0x20;
  EXPECT_EQ(ends.b.receive(fragment, SaProtocol::ah).drop, Drop::fragment);  // RFC 4302 §3.4.1
  EXPECT_EQ(ends.b.receive(in_time, SaProtocol::ah).drop, Drop::none);
}

TEST(AuthenticationHeader, BringsCongestionMarksInside) {  // RFC 6040 §4.2
  TwoEnds ends{ah_message()};
  OwnedPacket packet{udp_packet("10.0.0.1", "10.0.0.2", 10, 0xba)};
  ASSERT_EQ(ends.a.send(packet).drop, Drop::none);
  set_traffic_class(packet.buffer.data(), 0x03);  // on the way: mutable
  EXPECT_EQ(ends.b.receive(packet, std::uint8_t{0x03}).drop, Drop::none);
  EXPECT_EQ(packet.octets(), udp_packet("10.0.0.1", "10.0.0.2", 10, 0xbb));
}

TEST(AuthenticationHeader, HasNoSaBehindANatNorOneThatEncrypts) {
  Sad sad;
  contract::InstallChildSa behind_nat = ah_message();
  behind_nat.udp.emplace();
  const auto refused = sad.add(behind_nat, at(Seconds{0})).refused;
  ASSERT_TRUE(refused);
  EXPECT_NE(refused->find("AH does not pass a NAT"), std::string::npos) << *refused;
  contract::InstallChildSa encrypting = install_message();
  encrypting.transforms.protocol = SaProtocol::ah;
  EXPECT_EQ(sad.add(encrypting, at(Seconds{0})).refused, "AH does not encrypt");
  contract::InstallChildSa bare = ah_message();
  bare.transforms.protocol = SaProtocol::esp;
  EXPECT_EQ(sad.add(bare, at(Seconds{0})).refused, "ESP without encryption has ENCR_NULL");
  EXPECT_EQ(sad.size(), 0u);
}

}  // namespace
}  // namespace adit::stack
