#include <gtest/gtest.h>

#include "stack/packet_selectors.h"
#include "two_ends.h"

namespace adit::stack {
namespace {

constexpr Algorithms algorithms[] = {
    {"AES_GCM_16", EncryptionId::aes_gcm_16, 256, IntegrityId::none},
    {"AES_GCM_12", EncryptionId::aes_gcm_12, 192, IntegrityId::none},
    {"AES_GCM_8", EncryptionId::aes_gcm_8, 128, IntegrityId::none},
    {"AES_CCM_16", EncryptionId::aes_ccm_16, 128, IntegrityId::none},
    {"CHACHA20_POLY1305", EncryptionId::chacha20_poly1305, 256, IntegrityId::none},
    {"NULL_AUTH_AES_GMAC", EncryptionId::null_auth_aes_gmac, 128, IntegrityId::none},
    {"AES_CBC_SHA1", EncryptionId::aes_cbc, 128, IntegrityId::hmac_sha1_96},
    {"AES_CBC_SHA256", EncryptionId::aes_cbc, 256, IntegrityId::hmac_sha2_256_128},
    {"AES_CBC_SHA512", EncryptionId::aes_cbc, 256, IntegrityId::hmac_sha2_512_256},
    {"AES_CTR_XCBC", EncryptionId::aes_ctr, 128, IntegrityId::aes_xcbc_96},
    {"TRIPLE_DES_MD5", EncryptionId::triple_des, 192, IntegrityId::hmac_md5_96},
    {"NULL_SHA384", EncryptionId::null, 0, IntegrityId::hmac_sha2_384_192},
};

struct Way {
  const char* name;
  contract::EncapsulationMode mode;
  IpFamily outer, inner;
  bool udp;
};
constexpr Way ways[] = {
    {"TunnelV4InV4", contract::EncapsulationMode::tunnel, IpFamily::v4, IpFamily::v4, false},
    {"TunnelV6InV4", contract::EncapsulationMode::tunnel, IpFamily::v4, IpFamily::v6, false},
    {"TunnelV4InV6", contract::EncapsulationMode::tunnel, IpFamily::v6, IpFamily::v4, false},
    {"TunnelV6InV6", contract::EncapsulationMode::tunnel, IpFamily::v6, IpFamily::v6, false},
    {"TunnelV4InUdp", contract::EncapsulationMode::tunnel, IpFamily::v4, IpFamily::v4, true},
    {"TunnelV4InUdpOverV6", contract::EncapsulationMode::tunnel, IpFamily::v6, IpFamily::v4, true},
    {"TransportV4", contract::EncapsulationMode::transport, IpFamily::v4, IpFamily::v4, false},
    {"TransportV6", contract::EncapsulationMode::transport, IpFamily::v6, IpFamily::v6, false},
    {"TransportUdp", contract::EncapsulationMode::transport, IpFamily::v4, IpFamily::v4, true},
};

class Loopback : public testing::TestWithParam<std::tuple<Algorithms, Way, bool>> {
 protected:
  static contract::InstallChildSa message() {
    const auto& [algorithm, way, extended] = GetParam();
    contract::InstallChildSa install = install_message(algorithm);
    install.mode = way.mode;
    install.transforms.extended_sequence_numbers = extended;
    if (way.udp) install.udp.emplace();
    if (way.outer == IpFamily::v6) {
      install.local = address("2001:db8::1");
      install.remote = address("2001:db8::2");
    }
    return install;
  }
  static ByteString packet(const contract::InstallChildSa& install, std::size_t payload) {
    const auto& way = std::get<Way>(GetParam());
    if (way.mode == contract::EncapsulationMode::transport) {
      return udp_packet(install.local.to_string(), install.remote.to_string(), payload, 0, true);
    }
    return way.inner == IpFamily::v4 ? udp_packet("10.0.0.1", "10.0.0.2", payload)
                                     : udp_packet("fd00::1", "fd00::2", payload);
  }
};

TEST_P(Loopback, BringsEveryPacketAcrossUnchanged) {
  const contract::InstallChildSa install = message();
  const auto& way = std::get<Way>(GetParam());
  TwoEnds ends{install};
  std::uint64_t octets = 0;
  for (std::size_t payload = 0; payload < 300; payload = payload < 40 ? payload + 1 : payload + 37) {
    SCOPED_TRACE(payload);
    const ByteString clear = packet(install, payload);
    octets += clear.size();
    OwnedPacket travelling{clear};
    OutboundPacket sent = ends.a.send(travelling);
    ASSERT_EQ(sent.drop, Drop::none);

    // What a socket would send, as a whole.
    const std::size_t esp_size = travelling.buffer.size();
    prepend_outer_header(sent);
    const auto outer = IpHeader::read(travelling.buffer.octets());
    ASSERT_TRUE(outer);
    EXPECT_EQ(outer->family, way.outer);
    EXPECT_EQ(outer->total_size, travelling.buffer.size());
    EXPECT_LE(outer->total_size, clear.size() + largest_overhead(ends.a.out()));
    EXPECT_EQ(outer->next_header, way.udp ? NextHeader::udp : NextHeader::esp);
    EXPECT_EQ(esp_size % 4, 0u);
    travelling.buffer.remove_front(travelling.buffer.size() - esp_size);
    EXPECT_EQ(load_u32(travelling.buffer.data()), install.outbound_spi.value());

    const InboundPacket received = ends.b.receive(travelling);
    ASSERT_EQ(received.drop, Drop::none) << to_string(received.drop);
    EXPECT_FALSE(received.peer_moved);
    EXPECT_EQ(to_hex(travelling.octets()), to_hex(clear));
  }
  const auto counters = ends.b.sad.counters(install.name, at(Seconds{5}));
  ASSERT_TRUE(counters);
  EXPECT_EQ(counters->inbound_octets, octets);
  EXPECT_EQ(counters->since_last_inbound, Seconds{4});
  EXPECT_EQ(ends.a.sad.counters(install.name, at(Seconds{5}))->outbound_octets, octets);
}

TEST_P(Loopback, DropsAPacketWithAnyOctetChanged) {
  const contract::InstallChildSa install = message();
  TwoEnds ends{install};
  OwnedPacket travelling{packet(install, 30)};
  ASSERT_EQ(ends.a.send(travelling).drop, Drop::none);
  const ByteString sealed = travelling.octets();
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    ByteString changed = sealed;
    changed[i] ^= 0x02;
    OwnedPacket arriving{changed};
    const InboundPacket received = ends.b.receive(arriving);
    EXPECT_EQ(received.drop, i < 4 ? Drop::no_sa : Drop::not_authentic) << "octet " << i;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    OwnedPacket arriving{Bytes{sealed}.first(size)};
    EXPECT_NE(ends.b.receive(arriving).drop, Drop::none) << "cut to " << size;
  }
  OwnedPacket whole{sealed}, again{sealed};
  EXPECT_EQ(ends.b.receive(whole).drop, Drop::none);
  EXPECT_EQ(ends.b.receive(again).drop, Drop::replayed);
}

/// A packet on its way from one end to the other, by the SA that carries its flow when it leaves.
struct Travelling {
  OwnedPacket packet;
  Travelling(End& from, const char* source, const char* destination) : packet{udp_packet(source, destination, 100)} {
    const auto selectors = read_selectors(packet.buffer.octets());
    OutboundPacket sent{.packet = &packet.buffer, .sa = from.sad.find_outbound(*selectors)};
    from.encapsulator.run({&sent, 1});
    EXPECT_EQ(sent.drop, Drop::none) << to_string(sent.drop);
  }
  /// The generation of the SA that it came by, or 0 when it was lost.
  std::uint32_t arrive(End& to) {
    InboundPacket received{.packet = &packet.buffer};
    to.decapsulator.run({&received, 1}, at(Seconds{1}));
    EXPECT_EQ(received.drop, Drop::none) << to_string(received.drop);
    return received.drop == Drop::none ? received.sa->pair->name.generation : 0;
  }
};

TEST(Rekey, LosesNoPacketInEitherDirection) {  // RFC 7296 §2.8
  contract::InstallChildSa first = install_message(), next = install_message();
  next.name.generation = 2;
  next.inbound_spi = InboundSpi{0x1011};
  next.outbound_spi = OutboundSpi{0x2012};
  std::swap(next.inbound, next.outbound);
  TwoEnds ends{first};
  End &initiator = ends.a, &responder = ends.b;
  const auto there = [&] { return Travelling{initiator, "10.0.0.1", "10.0.0.2"}; };
  const auto back = [&] { return Travelling{responder, "10.0.0.2", "10.0.0.1"}; };

  contract::InstallChildSa answered = mirrored(next);
  answered.sending = contract::SendingBegins::when_peer_is_ready;
  ASSERT_EQ(responder.sad.add(answered, at(Seconds{1})).refused, std::nullopt);
  Travelling before_there = there(), before_back = back();
  EXPECT_EQ(back().arrive(initiator), 1u) << "the initiator has not got the response yet";

  ASSERT_EQ(initiator.sad.add(next, at(Seconds{1})).refused, std::nullopt);
  Travelling after_there = there(), still_back = back();
  EXPECT_EQ(still_back.arrive(initiator), 1u);
  EXPECT_EQ(before_there.arrive(responder), 1u);
  EXPECT_EQ(back().arrive(initiator), 1u);
  EXPECT_EQ(after_there.arrive(responder), 2u);
  EXPECT_EQ(back().arrive(initiator), 2u);
  EXPECT_EQ(before_back.arrive(initiator), 1u) << "overtaken, and heard all the same";

  ASSERT_TRUE(responder.sad.remove(first.name));
  EXPECT_EQ(there().arrive(responder), 2u);
  EXPECT_EQ(back().arrive(initiator), 2u);
  ASSERT_TRUE(initiator.sad.remove(first.name));
  EXPECT_EQ(there().arrive(responder), 2u);
  EXPECT_EQ(back().arrive(initiator), 2u);
}

TEST(Rekey, OfAnInitiatorWithNothingToSendEndsWithTheOldPair) {
  contract::InstallChildSa first = install_message(), next = install_message();
  next.name.generation = 2;
  next.inbound_spi = InboundSpi{0x1011};
  next.outbound_spi = OutboundSpi{0x2012};
  TwoEnds ends{first};
  contract::InstallChildSa answered = mirrored(next);
  answered.sending = contract::SendingBegins::when_peer_is_ready;
  ASSERT_EQ(ends.b.sad.add(answered, at(Seconds{1})).refused, std::nullopt);
  ASSERT_EQ(ends.a.sad.add(next, at(Seconds{1})).refused, std::nullopt);
  EXPECT_EQ((Travelling{ends.b, "10.0.0.2", "10.0.0.1"}).arrive(ends.a), 1u);
  ASSERT_TRUE(ends.b.sad.remove(first.name));
  EXPECT_EQ((Travelling{ends.b, "10.0.0.2", "10.0.0.1"}).arrive(ends.a), 2u);
}

std::string name_of(const testing::TestParamInfo<Loopback::ParamType>& instance) {
  const auto& [algorithm, way, extended] = instance.param;
  return std::string{algorithm.name} + "_" + way.name + (extended ? "_Extended" : "");
}
INSTANTIATE_TEST_SUITE_P(All, Loopback,
                         testing::Combine(testing::ValuesIn(algorithms), testing::ValuesIn(ways), testing::Bool()),
                         name_of);

}  // namespace
}  // namespace adit::stack
