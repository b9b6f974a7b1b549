#include "stack/decapsulator.h"

#include <gtest/gtest.h>

#include "hex.h"
#include "stack/transport_checksum.h"
#include "two_ends.h"

namespace adit::stack {
namespace {

constexpr Algorithms plain{"", EncryptionId::null, 0, IntegrityId::hmac_sha1_96};

/// An authentic ESP packet around any text at all, as a peer with the keys could make it.
ByteString esp_around(const contract::InstallChildSa& receiver, std::uint32_t sequence, Bytes text) {
  const auto cipher = crypto::PacketCipher::make(
      {receiver.transforms.encryption, receiver.transforms.key_bits, receiver.transforms.integrity},
      receiver.inbound.encryption, receiver.inbound.integrity);
  ByteString packet(8 + cipher->iv_size() + text.size() + cipher->icv_size());
  store_u32(packet.data(), receiver.inbound_spi.value());
  store_u32(packet.data() + 4, sequence);
  std::ranges::copy(text, packet.begin() + static_cast<std::ptrdiff_t>(8 + cipher->iv_size()));
  crypto::PacketJob jobs[] = {{.header = packet.data(), .text_size = static_cast<std::uint32_t>(text.size())}};
  cipher->seal(jobs);
  return packet;
}

TEST(Decapsulator, DropsAuthenticPacketsWhoseTextIsWrong) {
  const ByteString v4 = udp_packet("10.0.0.1", "10.0.0.2", 6);  // 34 octets, so padding of 0 and 2 more make 36
  const ByteString v6 = udp_packet("fd00::1", "fd00::2", 6);
  const ByteString longer_than_sent = from_hex("45000030 00000000 40110000 0a000001 0a000002 0000");
  const auto text = [](const ByteString& payload, const char* trailer) {
    return concatenated({payload, from_hex(trailer)});
  };
  const struct {
    const char* name;
    ByteString text;
    Drop want;
  } cases[] = {
      {"as it should be", text(v4, "0004"), Drop::none},
      {"more padding than needed", text(v4, "01020304 0404"), Drop::none},
      {"a whole block of padding", text(v4, "0102030405060708 0804"), Drop::none},
      {"IPv6", text(v6, "0029"), Drop::none},
      {"padding that does not count", text(v4, "01020404 0404"), Drop::bad_padding},
      {"padding of zeros", text(v4, "00000000 0404"), Drop::bad_padding},
      {"padding longer than the text", text(v4, "ff04"), Drop::bad_padding},
      {"padding as long as the text", from_hex("01020204"), Drop::malformed},
      {"next header of the other family", text(v4, "0029"), Drop::bad_next_header},
      {"next header UDP in a tunnel", text(v4, "0011"), Drop::bad_next_header},
      {"a dummy packet", text(v4, "003b"), Drop::dummy},
      {"an inner length beyond the text", text(longer_than_sent, "0004"), Drop::malformed},
      {"TFC padding behind the inner packet", text(concatenated({v4, from_hex("0000000000000000")}), "0004"),
       Drop::none},
  };
  std::uint32_t sequence = 0;
  const contract::InstallChildSa install = mirrored(install_message(plain));
  End end{install};
  for (const auto& [name, octets, want] : cases) {
    SCOPED_TRACE(name);
    OwnedPacket packet{esp_around(install, ++sequence, octets)};
    const std::uint64_t before = end.drops[want];
    EXPECT_EQ(end.receive(packet).drop, want);
    EXPECT_EQ(end.drops[want], before + (want == Drop::none ? 0 : 1));
    if (want == Drop::none) {
      EXPECT_TRUE(packet.octets() == v4 || packet.octets() == v6);
    }
  }
}

TEST(Decapsulator, DropsLengthsThatCannotBe) {
  const contract::InstallChildSa install =
      mirrored(install_message({"", EncryptionId::aes_cbc, 128, IntegrityId::hmac_sha1_96}));
  End end{install};
  const ByteString whole = esp_around(install, 1, ByteString(48));
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    OwnedPacket packet{Bytes{whole}.first(size)};
    const Drop drop = end.receive(packet).drop;
    const bool could_be = size >= 8 + 16 + 16 + 12 && (size - 8 - 16 - 12) % 16 == 0;
    EXPECT_EQ(drop == Drop::malformed, !could_be) << size << " " << to_string(drop);
    EXPECT_NE(drop, Drop::none);
  }
  OwnedPacket too_long{ByteString(largest_packet + 1)};
  store_u32(too_long.buffer.data(), install.inbound_spi.value());
  EXPECT_EQ(end.receive(too_long).drop, Drop::malformed);
}

TEST(Decapsulator, ChecksWhatCameOutAgainstTheSelectorsOfItsSa) {  // RFC 4301 §5.2 step 4
  contract::InstallChildSa install = install_message();
  install.local_ts = {{.protocol = IpProtocol::udp,
                       .ports = PortRange::of(1000),
                       .addresses = IpRange::of_prefix(address("10.1.0.0"), 16)}};
  install.remote_ts = {{.protocol = IpProtocol::udp, .addresses = IpRange::of_prefix(address("10.2.0.0"), 16)}};
  TwoEnds ends{install};
  const struct {
    const char* name;
    const char* source;
    const char* destination;
    Drop want;
  } cases[] = {
      {"inside", "10.1.0.5", "10.2.0.9", Drop::none},
      {"a source that is not the peer's", "10.3.0.5", "10.2.0.9", Drop::selectors_violated},
      {"a destination that is not ours", "10.1.0.5", "10.3.0.9", Drop::selectors_violated},
      {"the other family", "fd00::1", "fd00::2", Drop::selectors_violated},
      {"the other direction", "10.2.0.5", "10.1.0.9", Drop::selectors_violated},
  };
  for (const auto& [name, source, destination, want] : cases) {
    SCOPED_TRACE(name);
    OwnedPacket packet{udp_packet(source, destination, 20)};
    ASSERT_EQ(ends.a.send(packet).drop, Drop::none);
    EXPECT_EQ(ends.b.receive(packet).drop, want);
  }
  EXPECT_EQ(ends.b.in().packets, 1u);
}

// Shows RFC 7296 2.24-1, 2.24-2.
TEST(Decapsulator, BringsCongestionMarksInside) {  // RFC 6040 §4.2
  for (const auto& [source, destination] : {std::pair{"10.0.0.1", "10.0.0.2"}, std::pair{"fd00::1", "fd00::2"}}) {
    TwoEnds ends;
    for (const auto& [inner, outer, want, drop] : {std::tuple{0xb8, 0x00, 0xb8, Drop::none},
                                                   {0xba, 0x03, 0xbb, Drop::none},
                                                   {0xba, 0xfd, 0xb9, Drop::none},
                                                   {0xb8, 0x03, 0xb8, Drop::congestion_lost}}) {
      OwnedPacket packet{udp_packet(source, destination, 10, static_cast<std::uint8_t>(inner))};
      ASSERT_EQ(ends.a.send(packet).drop, Drop::none);
      EXPECT_EQ(ends.b.receive(packet, static_cast<std::uint8_t>(outer)).drop, drop);
      if (drop == Drop::none) {
        EXPECT_EQ(packet.octets(), udp_packet(source, destination, 10, static_cast<std::uint8_t>(want)));
      }
    }
  }
}

TEST(Decapsulator, KnowsThatThePeerHasMoved) {
  contract::InstallChildSa install = install_message();
  install.udp.emplace();
  TwoEnds ends{install};
  OwnedPacket packet{udp_packet("10.0.0.1", "10.0.0.2", 10)};
  ASSERT_EQ(ends.a.send(packet).drop, Drop::none);
  OwnedPacket forged{packet.octets()};
  forged.buffer.data()[30] ^= 1;
  const Endpoint elsewhere{address("198.51.100.7"), 62000};
  InboundPacket in[] = {{.packet = &forged.buffer, .outer = {elsewhere, ends.b.out().local}},
                        {.packet = &packet.buffer, .outer = {elsewhere, ends.b.out().local}}};
  ends.b.decapsulator.run(in, at(Seconds{1}));
  EXPECT_FALSE(in[0].peer_moved) << "a forged packet moves nobody";
  EXPECT_TRUE(in[1].peer_moved);

  OwnedPacket over_v6{udp_packet("10.0.0.1", "10.0.0.2", 10)};
  ASSERT_EQ(ends.a.send(over_v6).drop, Drop::none);
  InboundPacket from_v6{.packet = &over_v6.buffer, .outer = {{address("fd00::7"), 62000}, {address("fd00::1"), 4500}}};
  ends.b.decapsulator.run({&from_v6, 1}, at(Seconds{1}));
  EXPECT_EQ(from_v6.drop, Drop::none);
  EXPECT_FALSE(from_v6.peer_moved) << "the SA could not follow to the other family";

  EXPECT_TRUE(ends.b.sad.move_peer(install.name, elsewhere));
  EXPECT_EQ(ends.b.out().remote, elsewhere);
  EXPECT_EQ(ends.b.in().remote, elsewhere);
}

TEST(Decapsulator, RenewsTheChecksumThatANatMadeWrong) {  // RFC 3948 §3.1.2
  contract::InstallChildSa install = install_message();
  install.mode = contract::EncapsulationMode::transport;
  install.udp.emplace();
  TwoEnds ends{install};
  ByteString clear = udp_packet("192.0.2.1", "192.0.2.2", 30);
  const auto sum = static_cast<std::uint16_t>(~transport_sum(clear.data(), IpProtocol::udp, Bytes{clear}.subspan(20)));
  store_u16(clear.data() + 26, sum);
  OwnedPacket packet{clear};
  ASSERT_EQ(ends.a.send(packet).drop, Drop::none);
  InboundPacket in{.packet = &packet.buffer, .outer = {{address("198.51.100.7"), 62000}, ends.b.out().local}};
  ends.b.decapsulator.run({&in, 1}, at(Seconds{1}));
  ASSERT_EQ(in.drop, Drop::none);
  const ByteString arrived = packet.octets();
  EXPECT_EQ(IpHeader::read(arrived)->total_size, clear.size());
  EXPECT_EQ(transport_sum(arrived.data(), IpProtocol::udp, Bytes{arrived}.subspan(20)), 0xffff);
  EXPECT_NE(load_u16(arrived.data() + 26), sum);
}

TEST(Decapsulator, EndsAnSaAtItsByteLimit) {
  contract::InstallChildSa install = install_message();
  install.lifetimes.soft_octets = 100;
  install.lifetimes.hard_octets = 200;
  TwoEnds ends{install};
  std::vector<Drop> sent;
  for (int i = 0; i < 6; ++i) {
    OwnedPacket packet{udp_packet("10.0.0.1", "10.0.0.2", 12)};  // 40 octets
    sent.push_back(ends.a.send(packet).drop);
    if (sent.back() == Drop::none) {
      EXPECT_EQ(ends.b.receive(packet).drop, Drop::none);
    }
    const auto reached = ends.a.sad.collect_limits(at(Seconds{1}));
    if (i == 2) {
      ASSERT_EQ(reached.size(), 1u);
      EXPECT_FALSE(reached[0].limit.hard);
      EXPECT_EQ(reached[0].counters.outbound_octets, 120u);
    } else if (i == 4) {
      ASSERT_EQ(reached.size(), 1u);
      EXPECT_TRUE(reached[0].limit.hard);
      break;
    } else {
      EXPECT_TRUE(reached.empty()) << i;
    }
  }
  EXPECT_EQ(ends.a.sad.size(), 0u);
  EXPECT_EQ(ends.b.sad.collect_limits(at(Seconds{1})).size(), 1u);
}

TEST(Decapsulator, DropsPacketsBeyondTheHardLimitBeforeItIsCollected) {
  contract::InstallChildSa install = install_message();
  install.lifetimes.hard_octets = 100;
  End end{install};
  for (const Drop want : {Drop::none, Drop::none, Drop::octets_exhausted, Drop::octets_exhausted}) {
    OwnedPacket packet{udp_packet("10.0.0.1", "10.0.0.2", 12)};
    EXPECT_EQ(end.send(packet).drop, want);
  }
  const auto reached = end.sad.collect_limits(at(Seconds{1}));
  ASSERT_EQ(reached.size(), 1u);
  EXPECT_TRUE(reached[0].limit.hard) << "100 octets were not reached, but the next packet would have passed them";
}

TEST(Decapsulator, APacketThatIsAuthenticLetsThePairSend) {  // RFC 7296 §2.8
  contract::InstallChildSa rekeyed = mirrored(install_message(plain));
  rekeyed.name.generation = 2;
  const ByteString text = concatenated({udp_packet("10.0.0.1", "10.0.0.2", 6), from_hex("0004")});
  const ByteString good = esp_around(rekeyed, 1, text);
  ByteString forged = good;
  forged.back() ^= 1;
  const struct {
    const char* name;
    ByteString packet;
    bool begins;
  } cases[] = {
      {"as it should be", good, true},
      {"a dummy packet: the peer has the SA", esp_around(rekeyed, 1, from_hex("0102003b")), true},
      {"a forged one", forged, false},
      {"a short one", ByteString{good.begin(), good.begin() + 9}, false},
  };
  using enum contract::SendingBegins;
  for (const contract::SendingBegins sending : {when_peer_is_ready, when_told})
    for (const auto& [name, octets, begins] : cases) {
      SCOPED_TRACE(name);
      contract::InstallChildSa replaced = mirrored(install_message(plain));
      replaced.inbound_spi = InboundSpi{0x9009};
      End end{replaced};
      rekeyed.sending = sending;
      ASSERT_EQ(end.sad.add(rekeyed, at(Seconds{0})).refused, std::nullopt);
      const PacketSelectors leaving{
          .source = address("10.0.0.2"), .destination = address("10.0.0.1"), .protocol = IpProtocol::udp};
      const auto generation_sending = [&] { return end.sad.find_outbound(leaving)->pair->name.generation; };
      EXPECT_EQ(generation_sending(), 1u);
      OwnedPacket packet{octets};
      end.receive(packet);
      EXPECT_EQ(generation_sending(), begins ? 2u : 1u);
    }
}

TEST(Decapsulator, APeerInTransportModeSpeaksForItselfAlone) {
  contract::InstallChildSa transport = install_message(), to_any;
  transport.mode = contract::EncapsulationMode::transport;
  to_any = transport;
  to_any.remote = IpAddress::any(IpFamily::v4);
  const struct {
    const char* name;
    contract::InstallChildSa install;
    const char* source;
    const char* destination;
    Drop want;
  } cases[] = {
      {"its own address", transport, "192.0.2.2", "192.0.2.1", Drop::none},
      {"that of another", transport, "192.0.2.3", "192.0.2.1", Drop::other_ends},
      {"to another of ours", transport, "192.0.2.2", "192.0.2.9", Drop::other_ends},
      {"any peer", to_any, "192.0.2.3", "192.0.2.1", Drop::none},
  };
  for (const auto& [name, install, source, destination, want] : cases) {
    SCOPED_TRACE(name);
    End here{install};
    contract::InstallChildSa there = mirrored(transport);
    End peer{there};
    OwnedPacket packet{udp_packet("192.0.2.2", "192.0.2.1", 8)};
    ASSERT_EQ(peer.send(packet).drop, Drop::none);
    InboundPacket came{
        .packet = &packet.buffer,
        .outer = {.source = {.address = address(source)}, .destination = {.address = address(destination)}}};
    here.decapsulator.run({&came, 1}, at(Seconds{1}));
    EXPECT_EQ(came.drop, want);
    EXPECT_EQ(here.drops[want], want == Drop::none ? 0u : 1u);
  }
}

}  // namespace
}  // namespace adit::stack
