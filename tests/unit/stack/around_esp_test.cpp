// AH around ESP: packets of others given AH by OpenSSL alone, what two of our ends send each other, and what a peer may
// send that is only half of it.

#include "stack/around_esp.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "hex.h"
#include "stack/authentication_header.h"
#include "two_ends.h"

namespace adit::stack {
namespace {

using contract::EncapsulationMode;
using contract::SaProtocol;
using nlohmann::json;

constexpr std::size_t icv_octets = 16;  // HMAC_SHA2_256_128
constexpr Algorithms proved_too{"", EncryptionId::aes_cbc, 128, IntegrityId::hmac_sha1_96};

/// RFC 4302 §3.3.3 by OpenSSL and nothing of ours, for headers without options: HMAC_SHA2_256_128 of the packet with
/// what is mutable, and the ICV, as zeros.
ByteString icv_of(ByteString packet, Bytes key, std::optional<std::uint32_t> sequence_high) {
  const bool is_v4 = packet[0] >> 4 == 4;
  if (is_v4) {
    for (const std::size_t at : {1u, 6u, 7u, 8u, 10u, 11u}) packet[at] = 0;
  } else {
    packet[0] = 0x60;
    for (const std::size_t at : {1u, 2u, 3u, 7u}) packet[at] = 0;
  }
  std::fill_n(packet.begin() + (is_v4 ? 20 : 40) + 12, icv_octets, 0);
  if (sequence_high) {
    packet.resize(packet.size() + 4);
    store_u32(&packet[packet.size() - 4], *sequence_high);
  }
  ByteString mac(32);
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), packet.data(), packet.size(), mac.data(), &size);
  mac.resize(icv_octets);
  return mac;
}

struct Wrapping {
  std::uint32_t spi = 0xa002, sequence = 1;
  std::optional<std::uint32_t> sequence_high;
  std::uint8_t next_header = NextHeader::esp;
};

/// | IP | what follows | becomes | IP | AH | what follows |, as a peer with AH's key could make it.
ByteString in_ah(const ByteString& packet, Bytes key, const Wrapping& how) {
  const bool is_v4 = packet[0] >> 4 == 4;
  const std::size_t header = is_v4 ? 20 : 40;
  const std::size_t ah = is_v4 ? 12 + icv_octets : 32;  // IPv6: a multiple of 64 bits (§3.3.3.2.1)
  ByteString whole = packet;
  whole.insert(whole.begin() + static_cast<std::ptrdiff_t>(header), ah, 0);
  whole[is_v4 ? 9 : 6] = NextHeader::ah;
  set_total_size(whole.data(), whole.size());
  renew_header_checksum(whole.data());
  whole[header] = how.next_header;
  whole[header + 1] = static_cast<std::uint8_t>(ah / 4 - 2);
  store_u32(&whole[header + 4], how.spi);
  store_u32(&whole[header + 8], how.sequence);
  std::ranges::copy(icv_of(whole, key, how.sequence_high), whole.begin() + static_cast<std::ptrdiff_t>(header) + 12);
  return whole;
}

/// A packet whose outer header is that of the ends, and what follows it.
ByteString behind_header(const contract::InstallChildSa& sender, Bytes payload) {
  const OuterHeader header{.source = sender.local, .destination = sender.remote};
  ByteString packet(header.size());
  header.write(packet.data(), payload.size());
  packet.insert(packet.end(), payload.begin(), payload.end());
  return packet;
}

json read(const std::string& path) {
  std::ifstream file{std::string{ADIT_TEST_DATA} + "/vectors/" + path};
  EXPECT_TRUE(file) << path;
  return json::parse(file);
}

ByteString hex(const json& object, const char* field) { return from_hex(object.at(field).get<std::string>()); }

TEST(AroundEsp, OpensThePacketOfRfc3602InAh) {  // RFC 3602 §4 case 5: transport mode, without integrity of its own
  const json vector = read("esp/esp-transport.json").at("tests").at(0);
  contract::InstallChildSa install = mirrored(bundle());
  install.mode = EncapsulationMode::transport;
  install.inbound.encryption = Secret{hex(vector, "encr_key")};
  install.inbound_spi = InboundSpi{0x4321};
  install.local = address("192.168.123.100");
  install.remote = address("192.168.123.3");
  End end{install};
  const ByteString esp = hex(vector, "ipsec_packet");
  const OuterFields outer{.source = {install.remote}, .destination = {install.local}};

  OwnedPacket packet{in_ah(esp, install.ah->inbound.reveal(), {})};
  InboundPacket in{.packet = &packet.buffer, .protocol = SaProtocol::ah, .outer = outer};
  end.decapsulator.run({&in, 1}, at(Seconds{1}));
  ASSERT_EQ(in.drop, Drop::none) << to_string(in.drop);
  EXPECT_EQ(to_hex(packet.buffer.octets().subspan(20)), vector.at("inner_payload").get<std::string>());
  EXPECT_EQ(IpHeader::read(packet.buffer.octets())->next_header, 1);
  EXPECT_EQ(in.sa, &end.in());
  EXPECT_EQ(in.spi, 0x4321u);

  OwnedPacket bare{Bytes{esp}.subspan(20)};
  EXPECT_EQ(end.receive(bare, SaProtocol::esp).drop, Drop::not_around_esp);
}

TEST(AroundEsp, OpensTheTunnelOfACaptureInAh) {
  const json capture = read("esp/esp-aescbc-sha1.json");
  for (std::size_t way = 0; way < 2; ++way) {
    SCOPED_TRACE(way);
    const json packet_there = capture.at("packets").at(way);
    const auto& sas = capture.at("sas");
    const json& sa = sas.at(0).at("spi") == packet_there.at("spi") ? sas.at(0) : sas.at(1);
    contract::InstallChildSa install = mirrored(bundle(proved_too));
    install.inbound = {Secret{hex(sa, "encr_key")}, Secret{hex(sa, "integ_key")}};
    install.inbound_spi = InboundSpi{load_u32(hex(sa, "spi").data())};
    install.local = address(sa.at("dst").get<std::string>());
    install.remote = address(sa.at("src").get<std::string>());
    End end{install};
    OwnedPacket packet{in_ah(hex(packet_there, "ip_packet"), install.ah->inbound.reveal(),
                             {.sequence = 77 + static_cast<unsigned>(way)})};
    ASSERT_EQ(end.receive(packet, SaProtocol::ah).drop, Drop::none);
    EXPECT_EQ(to_hex(packet.buffer.octets()), packet_there.at("payload").get<std::string>());
    EXPECT_EQ(end.pair()->around->inbound.window.highest(), 77u + way) << "AH's numbers are its own";
    EXPECT_EQ(end.in().window.highest(), packet_there.at("seq").get<std::uint64_t>());
  }
}

struct Way {
  const char* name;
  EncapsulationMode mode;
  IpFamily outer, inner;
};
constexpr Way ways[] = {
    {"TunnelV4InV4", EncapsulationMode::tunnel, IpFamily::v4, IpFamily::v4},
    {"TunnelV6InV4", EncapsulationMode::tunnel, IpFamily::v4, IpFamily::v6},
    {"TunnelV4InV6", EncapsulationMode::tunnel, IpFamily::v6, IpFamily::v4},
    {"TransportV4", EncapsulationMode::transport, IpFamily::v4, IpFamily::v4},
    {"TransportV6", EncapsulationMode::transport, IpFamily::v6, IpFamily::v6},
};
constexpr Algorithms inside[] = {
    {"AES_CBC", EncryptionId::aes_cbc, 128, IntegrityId::none},
    {"TRIPLE_DES", EncryptionId::triple_des, 192, IntegrityId::none},
    {"AES_CBC_SHA512", EncryptionId::aes_cbc, 256, IntegrityId::hmac_sha2_512_256},
    {"AES_GCM_16", EncryptionId::aes_gcm_16, 256, IntegrityId::none},
};

class AroundEspBothEnds : public testing::TestWithParam<std::tuple<Algorithms, Way, bool>> {
 protected:
  static contract::InstallChildSa message() {
    const auto& [algorithm, way, extended] = GetParam();
    contract::InstallChildSa install = bundle(algorithm);
    install.mode = way.mode;
    if (way.outer == IpFamily::v6) {
      install.local = address("2001:db8::1");
      install.remote = address("2001:db8::2");
    }
    install.transforms.extended_sequence_numbers = extended;
    return install;
  }
  static ByteString packet(const contract::InstallChildSa& install, std::size_t payload) {
    const auto& way = std::get<Way>(GetParam());
    if (way.mode == EncapsulationMode::transport) {
      return udp_packet(install.local.to_string(), install.remote.to_string(), payload, 0, true);
    }
    return way.inner == IpFamily::v4 ? udp_packet("10.0.0.1", "10.0.0.2", payload)
                                     : udp_packet("fd00::1", "fd00::2", payload);
  }
};

TEST_P(AroundEspBothEnds, BringsEveryPacketAcrossUnchanged) {
  const auto& [algorithm, way, extended] = GetParam();
  const contract::InstallChildSa install = message();
  End a{install}, b{mirrored(install)};
  // Beyond 32 bits, where there are more: both SAs count for themselves.
  const std::uint64_t sent_before = extended ? 0x1'ffff'fff0 : 0;
  a.out().sequence = sent_before;
  a.pair()->around->outbound.sequence = sent_before + 5;
  b.in().window.accept(sent_before);
  b.pair()->around->inbound.window.accept(sent_before + 5);
  std::uint64_t octets = 0, count = 0;
  for (std::size_t payload = 0; payload < 300; payload = payload < 40 ? payload + 1 : payload + 37) {
    SCOPED_TRACE(payload);
    const ByteString clear = packet(install, payload);
    octets += clear.size();
    ++count;
    OwnedPacket travelling{clear};
    OutboundPacket sent = a.send(travelling);
    ASSERT_EQ(sent.drop, Drop::none);

    // One IP header, AH, ESP: what a socket sends is the whole.
    const std::size_t size = travelling.buffer.size();
    prepend_outer_header(sent);
    ASSERT_EQ(travelling.buffer.size(), size);
    const ByteString wire = travelling.octets();
    const auto outer = IpHeader::read(wire);
    ASSERT_TRUE(outer);
    EXPECT_EQ(outer->family, way.outer);
    EXPECT_EQ(outer->total_size, wire.size());
    EXPECT_LE(outer->total_size, clear.size() + largest_overhead(a.out()));
    EXPECT_EQ(outer->next_header, NextHeader::ah);
    const std::size_t ah_at = outer->header_size;
    const auto ah = AuthenticationHeader::read(Bytes{wire}.subspan(ah_at));
    ASSERT_TRUE(ah);
    EXPECT_EQ(ah->next_header, NextHeader::esp);
    EXPECT_EQ(ah->spi, install.ah->outbound_spi.value());
    EXPECT_EQ(ah->sequence, static_cast<std::uint32_t>(sent_before + 5 + count));
    EXPECT_EQ(load_u32(&wire[ah_at + ah->size]), install.outbound_spi.value());
    EXPECT_EQ(load_u32(&wire[ah_at + ah->size + 4]), static_cast<std::uint32_t>(sent_before + count));
    const auto high = static_cast<std::uint32_t>((sent_before + 5 + count) >> 32);
    EXPECT_EQ(to_hex(Bytes{wire}.subspan(ah_at + 12, icv_octets)),
              to_hex(icv_of(wire, install.ah->outbound.reveal(), extended ? std::optional{high} : std::nullopt)));

    ASSERT_EQ(b.receive(travelling, SaProtocol::ah).drop, Drop::none);
    if (way.mode == EncapsulationMode::tunnel) {
      EXPECT_EQ(to_hex(travelling.octets()), to_hex(clear));
    } else {
      EXPECT_EQ(to_hex(Bytes{travelling.octets()}.subspan(ah_at)), to_hex(Bytes{clear}.subspan(ah_at)));
      EXPECT_EQ(IpHeader::read(travelling.octets())->next_header, NextHeader::udp);
    }
  }
  const auto counters = b.sad.counters(install.name, at(Seconds{5}));
  EXPECT_EQ(counters->inbound_octets, octets);
  EXPECT_EQ(counters->inbound_packets, count);
  EXPECT_EQ(counters->since_last_inbound, Seconds{4});
  EXPECT_EQ(a.sad.counters(install.name, at(Seconds{5}))->outbound_octets, octets);
}

/// Octets of the IP header that may change on the way are not AH's (RFC 4302 §3.3.3.1); all others are.
TEST_P(AroundEspBothEnds, DropsAPacketWithAnyOctetChanged) {
  const contract::InstallChildSa install = message();
  End a{install}, b{mirrored(install)};
  OwnedPacket travelling{packet(install, 30)};
  ASSERT_EQ(a.send(travelling).drop, Drop::none);
  const ByteString sealed = travelling.octets();
  const std::size_t header = IpHeader::read(sealed)->header_size;
  for (std::size_t i = header; i < sealed.size(); ++i) {
    ByteString changed = sealed;
    changed[i] ^= 0x02;
    OwnedPacket arriving{changed};
    const Drop drop = b.receive(arriving, SaProtocol::ah).drop;
    const bool is_of_length = i == header + 1, is_of_spi = i >= header + 4 && i < header + 8;
    EXPECT_EQ(drop, is_of_length ? Drop::malformed : is_of_spi ? Drop::no_sa : Drop::not_authentic) << "octet " << i;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    OwnedPacket arriving{Bytes{sealed}.first(size)};
    EXPECT_NE(b.receive(arriving, SaProtocol::ah).drop, Drop::none) << "cut to " << size;
  }
  EXPECT_EQ(b.in().not_authentic, 0u) << "ESP is not looked at before AH is proved";
  OwnedPacket whole{sealed}, again{sealed};
  EXPECT_EQ(b.receive(whole, SaProtocol::ah).drop, Drop::none);
  EXPECT_EQ(b.receive(again, SaProtocol::ah).drop, Drop::replayed);
  EXPECT_EQ(b.sad.counters(install.name, at(Seconds{5}))->replayed, 1u);
}

TEST_P(AroundEspBothEnds, FillsThePathMtuExactly) {
  const contract::InstallChildSa install = message();
  End a{install};
  const std::size_t headers = IpHeader::read(packet(install, 0))->header_size + udp_header_size;
  EXPECT_EQ(largest_inner_packet(a.out(), 60), 0u);
  for (const std::size_t path_mtu : {576u, 1280u, 1499u, 1500u}) {
    const std::size_t size = largest_inner_packet(a.out(), path_mtu);
    for (const std::size_t more : {0u, 1u}) {
      OwnedPacket travelling{packet(install, size - headers + more)};
      ASSERT_EQ(a.send(travelling).drop, Drop::none);
      EXPECT_EQ(travelling.buffer.size() <= path_mtu, more == 0) << path_mtu;
    }
  }
}

std::string name_of(const testing::TestParamInfo<AroundEspBothEnds::ParamType>& instance) {
  const auto& [algorithm, way, extended] = instance.param;
  return std::string{algorithm.name} + "_" + way.name + (extended ? "_Extended" : "");
}
INSTANTIATE_TEST_SUITE_P(All, AroundEspBothEnds,
                         testing::Combine(testing::ValuesIn(inside), testing::ValuesIn(ways), testing::Bool()),
                         name_of);

/// The ESP that a sender makes of a packet with that number, without the AH around it.
ByteString esp_of(const contract::InstallChildSa& sender, std::uint32_t sequence) {
  End end{sender};
  end.out().sequence = sequence - 1;
  OwnedPacket packet{udp_packet("10.0.0.1", "10.0.0.2", 30)};
  EXPECT_EQ(end.send(packet).drop, Drop::none);
  packet.buffer.remove_front(ipv4_header_size + end.out().ah_size);
  return packet.octets();
}

TEST(AroundEsp, BothSasAreRequired) {
  const contract::InstallChildSa sender = bundle(proved_too), receiver = mirrored(sender);
  contract::InstallChildSa other = mirrored(install_message(proved_too));  // ESP alone, of another tunnel
  other.name.tunnel = DynamicTunnelId{2};
  other.inbound_spi = InboundSpi{0x5005};
  contract::InstallChildSa ah_alone =
      mirrored(install_message({"", EncryptionId::none, 0, IntegrityId::hmac_sha2_256_128}));
  ah_alone.name.tunnel = DynamicTunnelId{3};
  ah_alone.inbound_spi = InboundSpi{0xb002};
  const ByteString key = ByteString{receiver.ah->inbound.reveal().begin(), receiver.ah->inbound.reveal().end()};
  const ByteString ah_alone_key(32, 0x22);

  const auto in_bundle = [&](std::uint32_t number) { return behind_header(sender, esp_of(sender, number)); };
  ByteString changed_esp = in_bundle(1);
  changed_esp.back() ^= 1;
  ByteString foreign_esp = in_bundle(1);
  store_u32(&foreign_esp[20], 0x5005);
  ByteString unknown_esp = in_bundle(1);
  store_u32(&unknown_esp[20], 0x7007);
  const ByteString in_clear = udp_packet("10.0.0.1", "10.0.0.2", 30);
  const ByteString udp = udp_packet(sender.local.to_string(), sender.remote.to_string(), 30);
  const ByteString tunnelled = behind_header(sender, in_clear);
  const ByteString bare_esp = esp_of(sender, 1);
  const struct {
    const char* name;
    SaProtocol protocol;
    ByteString packet;
    Drop want;
  } cases[] = {
      {"as it should be", SaProtocol::ah, in_ah(in_bundle(1), key, {}), Drop::none},
      {"ESP without AH", SaProtocol::esp, bare_esp, Drop::not_around_esp},
      {"an IP packet in AH, without ESP", SaProtocol::ah, in_ah(tunnelled, key, {.next_header = NextHeader::ipv4}),
       Drop::not_around_esp},
      {"UDP in AH, without ESP", SaProtocol::ah, in_ah(udp, key, {.next_header = NextHeader::udp}),
       Drop::not_around_esp},
      {"ESP of another pair", SaProtocol::ah, in_ah(foreign_esp, key, {}), Drop::not_around_esp},
      {"ESP of none", SaProtocol::ah, in_ah(unknown_esp, key, {}), Drop::not_around_esp},
      {"AH with nothing behind it", SaProtocol::ah, in_ah(behind_header(sender, {}), key, {}), Drop::not_around_esp},
      {"AH around a second AH", SaProtocol::ah,
       in_ah(in_ah(in_bundle(1), key, {}), key, {.next_header = NextHeader::ah}), Drop::not_around_esp},
      {"ESP cut short", SaProtocol::ah, in_ah(behind_header(sender, Bytes{bare_esp}.first(12)), key, {}),
       Drop::malformed},
      {"ESP that is not the peer's", SaProtocol::ah, in_ah(changed_esp, key, {}), Drop::not_authentic},
      {"AH by another key", SaProtocol::ah, in_ah(in_bundle(1), ByteString(32, 0x99), {}), Drop::not_authentic},
      {"ESP of the pair in another AH", SaProtocol::ah, in_ah(in_bundle(1), ah_alone_key, {.spi = 0xb002}),
       Drop::bad_next_header},
  };
  for (const auto& [name, protocol, octets, want] : cases) {
    SCOPED_TRACE(name);
    End end{receiver};
    ASSERT_EQ(end.sad.add(other, at(Seconds{0})).refused, std::nullopt);
    ASSERT_EQ(end.sad.add(ah_alone, at(Seconds{0})).refused, std::nullopt);
    OwnedPacket packet{octets};
    EXPECT_EQ(to_string(end.receive(packet, protocol).drop), to_string(want));
    EXPECT_EQ(end.drops.total(), want == Drop::none ? 0u : 1u);
    EXPECT_EQ(end.drops[want], want == Drop::none ? 0u : 1u);
    EXPECT_EQ(end.in().packets, want == Drop::none ? 1u : 0u);
    if (want == Drop::none) {
      EXPECT_EQ(packet.octets(), in_clear);
    }
  }
}

TEST(AroundEsp, EachOfTheTwoHasItsWindow) {
  const contract::InstallChildSa sender = bundle(), receiver = mirrored(sender);
  const Bytes key = receiver.ah->inbound.reveal();
  const struct {
    const char* name;
    std::uint32_t ah, esp;
    Drop want;
    std::uint64_t replayed_ah, replayed_esp;
  } cases[] = {
      {"the first", 10, 20, Drop::none, 0, 0},
      {"the same again", 10, 20, Drop::replayed, 1, 0},
      {"the same ESP in new AH", 11, 20, Drop::replayed, 1, 1},
      {"that AH again, around new ESP", 11, 21, Drop::replayed, 2, 1},
      {"both new", 12, 21, Drop::none, 2, 1},
      {"AH's number 0", 0, 22, Drop::replayed, 3, 1},
  };
  End end{receiver};
  for (const auto& [name, ah, esp, want, replayed_ah, replayed_esp] : cases) {
    SCOPED_TRACE(name);
    OwnedPacket packet{in_ah(behind_header(sender, esp_of(sender, esp)), key, {.sequence = ah})};
    EXPECT_EQ(end.receive(packet, SaProtocol::ah).drop, want);
    EXPECT_EQ(end.pair()->around->inbound.replayed, replayed_ah);
    EXPECT_EQ(end.in().replayed, replayed_esp);
  }
  EXPECT_EQ(end.sad.counters(receiver.name, at(Seconds{1}))->replayed, 4u);
}

TEST(AroundEsp, GoesInOneBatchWithEspAndAhAlone) {
  const contract::InstallChildSa sender = bundle();
  contract::InstallChildSa esp = install_message();
  esp.name.tunnel = DynamicTunnelId{2};
  esp.inbound_spi = InboundSpi{0x5005};
  esp.outbound_spi = OutboundSpi{0x6006};
  contract::InstallChildSa ah = install_message({"", EncryptionId::none, 0, IntegrityId::hmac_sha1_96});
  ah.name.tunnel = DynamicTunnelId{3};
  End a{sender}, b{mirrored(sender)};
  for (const contract::InstallChildSa& more : {esp, ah}) {
    ASSERT_EQ(a.sad.add(more, at(Seconds{0})).refused, std::nullopt);
    ASSERT_EQ(b.sad.add(mirrored(more), at(Seconds{0})).refused, std::nullopt);
  }
  const auto outbound = [&](std::uint64_t tunnel) {
    return &const_cast<ChildSa*>(a.sad.find({.tunnel = DynamicTunnelId{tunnel}}))->outbound;
  };
  std::vector<std::unique_ptr<OwnedPacket>> owned;
  std::vector<ByteString> clear;
  std::vector<OutboundPacket> out(largest_batch);
  std::vector<InboundPacket> in(largest_batch);
  for (std::size_t i = 0; i < largest_batch; ++i) {
    clear.push_back(udp_packet("10.0.0.1", "10.0.0.2", i));
    owned.push_back(std::make_unique<OwnedPacket>(clear.back()));
    out[i] = {.packet = &owned[i]->buffer, .sa = i % 7 == 0 ? nullptr : outbound(1 + i % 3)};
  }
  a.encapsulator.run(out);
  for (std::size_t i = 0; i < largest_batch; ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(out[i].drop, i % 7 == 0 ? Drop::no_sa : Drop::none);
    const bool is_esp = i % 3 == 1;
    // What had no SA arrives as it was: no ESP and no AH.
    in[i] = {.packet = &owned[i]->buffer, .protocol = is_esp ? SaProtocol::esp : SaProtocol::ah};
  }
  b.decapsulator.run(in, at(Seconds{1}));
  for (std::size_t i = 0; i < largest_batch; ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(in[i].drop == Drop::none, i % 7 != 0);
    if (i % 7 == 0) continue;
    EXPECT_EQ(owned[i]->octets(), clear[i]);
    EXPECT_EQ(in[i].sa->pair->name.tunnel, DynamicTunnelId{1 + i % 3});
  }
}

TEST(AroundEsp, APairThatAwaitsItsPeerBeginsWithEspProvedAndNotWithAhAlone) {  // RFC 7296 §2.8
  contract::InstallChildSa sender = bundle(proved_too);
  const Bytes key = sender.ah->outbound.reveal();
  ByteString forged = behind_header(sender, esp_of(sender, 1));
  forged.back() ^= 1;
  const struct {
    const char* name;
    ByteString packet;
    bool begins;
  } cases[] = {{"both proved", in_ah(behind_header(sender, esp_of(sender, 1)), key, {}), true},
               {"ESP forged", in_ah(forged, key, {}), false}};
  for (const auto& [name, octets, begins] : cases) {
    SCOPED_TRACE(name);
    contract::InstallChildSa replaced = mirrored(install_message());
    End end{replaced};
    contract::InstallChildSa rekeyed = mirrored(sender);
    rekeyed.name.generation = 2;
    rekeyed.inbound_spi = InboundSpi{sender.outbound_spi.value()};
    rekeyed.sending = contract::SendingBegins::when_peer_is_ready;
    ASSERT_TRUE(end.sad.add(rekeyed, at(Seconds{0})).refused) << "an SPI of ESP is one pair's";
    ASSERT_TRUE(end.sad.remove(replaced.name));
    replaced.inbound_spi = InboundSpi{0x9009};
    ASSERT_EQ(end.sad.add(replaced, at(Seconds{0})).refused, std::nullopt);
    ASSERT_EQ(end.sad.add(rekeyed, at(Seconds{0})).refused, std::nullopt);
    OwnedPacket packet{octets};
    end.receive(packet, SaProtocol::ah);
    const PacketSelectors leaving{
        .source = address("10.0.0.2"), .destination = address("10.0.0.1"), .protocol = IpProtocol::udp};
    EXPECT_EQ(end.sad.find_outbound(leaving)->pair->name.generation, begins ? 2u : 1u);
  }
}

TEST(AroundEsp, SpendsNoNumberOnWhatDoesNotFit) {
  End end{bundle()};
  const ByteString largest = udp_packet("10.0.0.1", "10.0.0.2", 65'400);
  OwnedPacket too_long{largest};
  EXPECT_EQ(end.send(too_long).drop, Drop::too_long);
  ByteString storage(60 + 100 + packet_tailroom);  // IP 20, AH 28 and ESP 24 need 72 before it
  for (const std::size_t headroom : {60u, 71u}) {
    PacketBuffer cramped{storage, headroom};
    const ByteString clear = udp_packet("10.0.0.1", "10.0.0.2", 20);
    cramped.resize(clear.size());
    std::ranges::copy(clear, cramped.data());
    OutboundPacket out{.packet = &cramped, .sa = &end.out()};
    end.encapsulator.run({&out, 1});
    EXPECT_EQ(out.drop, Drop::too_long);
  }
  EXPECT_EQ(end.out().sequence, 0u);
  EXPECT_EQ(end.pair()->around->outbound.sequence, 0u);
}

TEST(AroundEsp, IsRefusedWhereItCannotBe) {
  const struct {
    const char* name;
    void (*change)(contract::InstallChildSa&);
    std::optional<std::string_view> want;
  } cases[] = {
      {"as it should be", [](contract::InstallChildSa&) {}, std::nullopt},
      {"keys and no algorithm", [](auto& i) { i.transforms.around_esp = IntegrityId::none; }, "algorithm and SPIs"},
      {"an algorithm and no keys", [](auto& i) { i.ah.reset(); }, "algorithm and SPIs"},
      {"behind a NAT", [](auto& i) { i.udp.emplace(); }, "NAT"},
      {"around AH",
       [](auto& i) {
         i.transforms.protocol = SaProtocol::ah;
         i.transforms.encryption = EncryptionId::none;
       },
       "around ESP alone"},
      {"a reserved SPI", [](auto& i) { i.ah->inbound_spi = InboundSpi{255}; }, "reserved"},
      {"a reserved SPI of the peer", [](auto& i) { i.ah->outbound_spi = OutboundSpi{255}; }, "reserved"},
      {"a short key", [](auto& i) { i.ah->outbound = Secret{31}; }, "keys of these sizes"},
      {"nothing encrypted within",
       [](auto& i) {
         i.transforms.encryption = EncryptionId::null;
         i.inbound.encryption = i.outbound.encryption = Secret{};
       },
       "keys of these sizes"},
      {"an SPI of AH that is taken", [](auto& i) { i.ah->inbound_spi = InboundSpi{0xc001}; }, "in use"},
      {"an SPI that ESP has and AH has not", [](auto& i) { i.ah->inbound_spi = i.inbound_spi; }, std::nullopt},
  };
  for (const auto& [name, change, want] : cases) {
    SCOPED_TRACE(name);
    Sad sad;
    contract::InstallChildSa first = bundle();
    first.name.tunnel = DynamicTunnelId{9};
    first.inbound_spi = InboundSpi{0xd001};
    first.ah->inbound_spi = InboundSpi{0xc001};
    ASSERT_EQ(sad.add(first, at(Seconds{0})).refused, std::nullopt);
    contract::InstallChildSa install = bundle();
    change(install);
    const auto refused = sad.add(install, at(Seconds{0})).refused;
    EXPECT_EQ(refused.has_value(), want.has_value()) << refused.value_or("");
    if (want && refused) {
      EXPECT_NE(refused->find(*want), std::string::npos) << *refused;
    }
    EXPECT_EQ(sad.size(), want ? 1u : 2u);
  }
}

TEST(AroundEsp, IsRemovedInWhole) {
  End end{bundle()};
  EXPECT_NE(end.sad.find_inbound(SaProtocol::ah, InboundSpi{0xa001}), nullptr);
  EXPECT_NE(end.sad.find_inbound(SaProtocol::esp, InboundSpi{0x1001}), nullptr);
  ASSERT_TRUE(end.sad.remove(bundle().name));
  EXPECT_EQ(end.sad.find_inbound(SaProtocol::ah, InboundSpi{0xa001}), nullptr);
  EXPECT_EQ(end.sad.find_inbound(SaProtocol::esp, InboundSpi{0x1001}), nullptr);
  EXPECT_EQ(end.sad.add(bundle(), at(Seconds{0})).refused, std::nullopt) << "its SPIs are free again";
}

}  // namespace
}  // namespace adit::stack
