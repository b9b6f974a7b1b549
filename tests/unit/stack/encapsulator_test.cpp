#include "stack/encapsulator.h"

#include <gtest/gtest.h>

#include "hex.h"
#include "two_ends.h"

namespace adit::stack {
namespace {

using contract::DfPolicy;

// Shows RFC 7296 2.24-1, 2.24-2.
TEST(Encapsulator, WritesDscpEcnAndDfOutsideAsThePolicySays) {  // RFC 4301 §5.1.2.1, §8.1
  const struct {
    const char* name;
    bool copy_dscp;
    DfPolicy df;
    std::uint8_t inner_class;
    bool inner_df;
    std::uint8_t want_class;
    bool want_df;
  } cases[] = {
      {"DSCP and ECN copied", true, DfPolicy::copy, 0xb9, false, 0xb9, false},
      {"ECN alone", false, DfPolicy::copy, 0xb9, false, 0x01, false},
      {"congestion seen within", false, DfPolicy::copy, 0x03, false, 0x03, false},
      {"DF copied", true, DfPolicy::copy, 0, true, 0, true},
      {"DF cleared", true, DfPolicy::clear, 0, true, 0, false},
      {"DF set", true, DfPolicy::set, 0, false, 0, true},
  };
  for (const auto& [name, copy_dscp, df, inner_class, inner_df, want_class, want_df] : cases) {
    SCOPED_TRACE(name);
    contract::InstallChildSa install = install_message();
    install.copy_dscp = copy_dscp;
    install.df = df;
    End end{install};
    OwnedPacket packet{udp_packet("10.0.0.1", "10.0.0.2", 10, inner_class, inner_df)};
    const OutboundPacket sent = end.send(packet);
    ASSERT_EQ(sent.drop, Drop::none);
    EXPECT_EQ(sent.outer.traffic_class, want_class);
    EXPECT_EQ(sent.outer.dont_fragment, want_df);
    EXPECT_EQ(sent.outer.hop_limit, default_hop_limit);
  }
  End end{install_message()};
  OwnedPacket v6{udp_packet("fd00::1", "fd00::2", 10)};
  EXPECT_TRUE(end.send(v6).outer.dont_fragment) << "an IPv6 packet is never fragmented on the way";
}

TEST(Encapsulator, PadsWithOneTwoThree) {  // RFC 4303 §2.4, seen with a cipher that encrypts nothing
  End end{install_message({"", EncryptionId::null, 0, IntegrityId::hmac_sha1_96})};
  for (const auto& [payload, want] : {std::pair{2u, "0004"}, {3u, "0102030304"}, {0u, "01020204"}, {1u, "010104"}}) {
    OwnedPacket packet{udp_packet("10.0.0.1", "10.0.0.2", payload)};
    ASSERT_EQ(end.send(packet).drop, Drop::none);
    const ByteString trailer = from_hex(want);
    const Bytes text = Bytes{packet.buffer.octets()}.first(packet.buffer.size() - 12);
    EXPECT_EQ(to_hex(text.last(trailer.size())), to_hex(trailer)) << payload;
    EXPECT_EQ(text.size(), 8 + 28 + payload + trailer.size());
  }
}

TEST(Encapsulator, DropsWhatItCannotProtect) {
  contract::InstallChildSa transport = install_message();
  transport.mode = contract::EncapsulationMode::transport;
  contract::InstallChildSa ah = install_message({"", EncryptionId::none, 0, IntegrityId::hmac_sha1_96}),
                           to_any = transport, in_udp = transport, v6 = transport;
  ah.mode = contract::EncapsulationMode::transport;
  to_any.remote = IpAddress::any(IpFamily::v4);
  in_udp.udp = contract::UdpEncapsulation{};
  v6.local = address("fd00::1");
  v6.remote = address("fd00::2");
  const auto between = [](std::string_view source, std::string_view destination) {
    return to_hex(udp_packet(source, destination, 8));
  };
  const std::string with_options = "46000018 00000000 40110000 c0000201 c0000202 01010101";
  const std::string fragment = "45000014 00002000 40110000 c0000201 c0000202";
  const std::string hop_by_hop =
      "60000000 00080040 fd000000000000000000000000000001 fd000000000000000000000000000002"
      "3b00010400000000";
  const std::string v6_udp =
      "60000000 00081140 fd000000000000000000000000000001 fd000000000000000000000000000002 03e807d000080000";
  const struct {
    const char* name;
    contract::InstallChildSa install;
    std::string octets;
    Drop want;
  } cases[] = {
      {"no IP packet", install_message(), "00", Drop::malformed},
      {"nothing", install_message(), "", Drop::malformed},
      {"a fragment in a tunnel", install_message(), fragment, Drop::none},
      {"a fragment in transport mode", transport, fragment, Drop::fragment},
      {"options in a tunnel", install_message(), with_options, Drop::none},
      {"options in transport mode", transport, with_options, Drop::unsupported_header},
      {"a hop-by-hop header in transport mode", transport, hop_by_hop, Drop::unsupported_header},
      {"IPv6 in an IPv4 tunnel", install_message(), v6_udp, Drop::none},
      {"IPv6 in transport mode between IPv4 addresses", transport, v6_udp, Drop::unsupported_header},
      {"the SA's own ends in transport mode", transport, between("192.0.2.1", "192.0.2.2"), Drop::none},
      {"to another host in transport mode", transport, between("192.0.2.1", "192.0.2.3"), Drop::other_ends},
      {"of another host in transport mode", transport, between("192.0.2.9", "192.0.2.2"), Drop::other_ends},
      {"to another host in transport mode with AH", ah, between("192.0.2.1", "192.0.2.3"), Drop::other_ends},
      {"to any host", to_any, between("192.0.2.1", "192.0.2.3"), Drop::none},
      {"of another host, to any", to_any, between("192.0.2.9", "192.0.2.3"), Drop::other_ends},
      {"to a peer in UDP, which may have moved", in_udp, between("192.0.2.1", "192.0.2.3"), Drop::none},
      {"of another host, in UDP", in_udp, between("192.0.2.9", "192.0.2.2"), Drop::other_ends},
      {"IPv6 to another host", v6, between("fd00::1", "fd00::3"), Drop::other_ends},
      {"IPv6 to the other end", v6, between("fd00::1", "fd00::2"), Drop::none},
  };
  for (const auto& [name, install, octets, want] : cases) {
    SCOPED_TRACE(name);
    End end{install};
    OwnedPacket packet{from_hex(octets)};
    EXPECT_EQ(end.send(packet).drop, want);
    EXPECT_EQ(end.drops[want], want == Drop::none ? 0u : 1u);
    EXPECT_EQ(end.out().sequence, want == Drop::none ? 1u : 0u) << "a dropped packet has no number";
  }
  End end{install_message()};
  OutboundPacket without_sa{.packet = nullptr, .sa = nullptr};
  end.encapsulator.run({&without_sa, 1});
  EXPECT_EQ(without_sa.drop, Drop::no_sa);
}

TEST(Encapsulator, DropsWhatDoesNotFit) {
  End end{install_message()};
  const ByteString clear = udp_packet("10.0.0.1", "10.0.0.2", 100);
  for (const auto& [headroom, tailroom, want] :
       {std::tuple{16u, 20u, Drop::none}, {15u, 20u, Drop::too_long}, {16u, 16u, Drop::too_long}}) {
    ByteString storage(headroom + clear.size() + tailroom);
    PacketBuffer buffer{storage, headroom};
    buffer.resize(clear.size());
    std::ranges::copy(clear, buffer.data());
    OutboundPacket packet{.packet = &buffer, .sa = &end.out()};
    end.encapsulator.run({&packet, 1});
    EXPECT_EQ(packet.drop, want) << headroom << " " << tailroom;
  }
  OwnedPacket longest{udp_packet("10.0.0.1", "10.0.0.2", largest_packet - 28)};
  EXPECT_EQ(end.send(longest).drop, Drop::too_long);
}

TEST(Encapsulator, NeverRepeatsASequenceNumber) {  // RFC 4303 §3.3.3
  for (const bool extended : {false, true}) {
    contract::InstallChildSa install = install_message();
    install.transforms.extended_sequence_numbers = extended;
    TwoEnds ends{install};
    const std::uint64_t last = extended ? UINT64_MAX : UINT32_MAX;
    ends.a.out().sequence = last - 2;
    ends.b.in().window.accept(last - 2);
    for (const Drop want : {Drop::none, Drop::none, Drop::sequence_exhausted, Drop::sequence_exhausted}) {
      OwnedPacket packet{udp_packet("10.0.0.1", "10.0.0.2", 1)};
      EXPECT_EQ(ends.a.send(packet).drop, want);
      if (want == Drop::none) {
        EXPECT_EQ(ends.b.receive(packet).drop, Drop::none);
      }
    }
    EXPECT_EQ(ends.a.sad.collect_limits(at(Seconds{1})).size(), 1u);
    EXPECT_EQ(ends.a.sad.size(), 0u);
  }
}

TEST(Encapsulator, CarriesExtendedNumbersOverTheWrap) {
  contract::InstallChildSa install = install_message({"", EncryptionId::aes_cbc, 128, IntegrityId::hmac_sha2_256_128});
  install.transforms.extended_sequence_numbers = true;
  TwoEnds ends{install};
  ends.a.out().sequence = UINT32_MAX - 3;
  ends.b.in().window.accept(UINT32_MAX - 3);
  std::vector<std::unique_ptr<OwnedPacket>> packets;
  for (int i = 0; i < 8; ++i) {
    packets.push_back(std::make_unique<OwnedPacket>(udp_packet("10.0.0.1", "10.0.0.2", 1)));
    ASSERT_EQ(ends.a.send(*packets.back()).drop, Drop::none);
  }
  for (const std::size_t i : {7u, 0u, 4u, 1u, 2u, 3u, 6u, 5u}) {  // the one after the wrap comes first
    const InboundPacket received = ends.b.receive(*packets[i]);
    EXPECT_EQ(received.drop, Drop::none) << i;
    EXPECT_EQ(received.sequence, UINT32_MAX - 2 + std::uint64_t{i}) << i;
  }
}

TEST(Encapsulator, SealsABatchOfManySasInOrder) {
  contract::InstallChildSa first = install_message(), second = install_message();
  second.name.tunnel = DynamicTunnelId{2};
  second.inbound_spi = InboundSpi{0x3003};
  second.outbound_spi = OutboundSpi{0x4004};
  second.outbound.encryption = Secret{ByteString(20, 0x77)};
  End sender{first}, receiver{mirrored(first)};
  ASSERT_FALSE(sender.sad.add(second, at(Seconds{0})).refused);
  ASSERT_FALSE(receiver.sad.add(mirrored(second), at(Seconds{0})).refused);
  OutboundSa& other = const_cast<ChildSa*>(sender.sad.find(second.name))->outbound;

  std::vector<std::unique_ptr<OwnedPacket>> owned;
  std::vector<OutboundPacket> out;
  for (std::size_t i = 0; i < largest_batch; ++i) {
    owned.push_back(std::make_unique<OwnedPacket>(udp_packet("10.0.0.1", "10.0.0.2", i)));
    out.push_back({.packet = &owned.back()->buffer, .sa = i % 3 == 0 ? &other : &sender.out()});
  }
  out[5].sa = nullptr;
  sender.encapsulator.run(out);
  EXPECT_EQ(out[5].drop, Drop::no_sa);
  EXPECT_EQ(other.sequence, (largest_batch + 2) / 3);

  std::vector<InboundPacket> in;
  for (auto& packet : owned) in.push_back({.packet = &packet->buffer, .outer = {other.remote, other.local}});
  in[9].packet = in[10].packet;  // twice in one batch, opened once
  OwnedPacket copy{owned[10]->octets()};
  in[9].packet = &copy.buffer;
  receiver.decapsulator.run(in, at(Seconds{1}));
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (i == 5) continue;
    ASSERT_EQ(in[i].drop, i == 10 ? Drop::replayed : Drop::none) << i << " " << to_string(in[i].drop);
    if (i == 9 || i == 10) continue;
    EXPECT_EQ(owned[i]->octets(), udp_packet("10.0.0.1", "10.0.0.2", i)) << i;
    EXPECT_EQ(in[i].spi, i % 3 == 0 ? 0x4004u : 0x2002u);
  }
}

TEST(LargestInnerPacket, OfTheDefaultMtuFitsIntoEthernetWithEveryAlgorithm) {
  contract::InstallChildSa install =
      install_message({"", EncryptionId::aes_cbc, 256, IntegrityId::hmac_sha2_512_256});  // the longest IV, block, ICV
  install.local = address("2001:db8::1");
  install.remote = address("2001:db8::2");
  install.udp.emplace();
  EXPECT_EQ(largest_inner_packet(End{install}.out(), 1500), default_mtu);
}

TEST(LargestInnerPacket, FillsThePathMtuExactly) {
  for (const auto mode : {contract::EncapsulationMode::tunnel, contract::EncapsulationMode::transport}) {
    for (const auto& algorithm : {Algorithms{"", EncryptionId::aes_gcm_16, 128, IntegrityId::none},
                                  Algorithms{"", EncryptionId::aes_cbc, 128, IntegrityId::hmac_sha1_96}}) {
      contract::InstallChildSa install = install_message(algorithm);
      install.mode = mode;
      install.udp.emplace();
      End end{install};
      EXPECT_EQ(largest_inner_packet(end.out(), 40), 0u);
      for (const std::size_t path_mtu : {576u, 1280u, 1499u, 1500u}) {
        const std::size_t size = largest_inner_packet(end.out(), path_mtu);
        for (const std::size_t more : {0u, 1u}) {
          OwnedPacket packet{udp_packet("192.0.2.1", "192.0.2.2", size - 28 + more)};
          OutboundPacket sent = end.send(packet);
          prepend_outer_header(sent);
          EXPECT_EQ(packet.buffer.size() <= path_mtu, more == 0) << path_mtu;
        }
      }
    }
  }
}

}  // namespace
}  // namespace adit::stack
