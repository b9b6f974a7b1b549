#pragma once
// Two data planes that share a pair of SAs, and packets to send through it.

#include <gtest/gtest.h>

#include <deque>

#include "stack/decapsulator.h"
#include "stack/encapsulator.h"
#include "stack/network_order.h"

namespace adit::stack {

inline IpAddress address(std::string_view text) { return *IpAddress::parse(text); }
inline Instant at(Seconds seconds) { return Instant{seconds}; }

/// A packet buffer with memory of its own.
struct OwnedPacket {
  ByteString storage;
  PacketBuffer buffer;

  explicit OwnedPacket(Bytes octets, std::size_t most = 0)
      : storage(packet_headroom + std::max(octets.size(), most) + packet_tailroom), buffer{storage} {
    buffer.resize(octets.size());
    std::ranges::copy(octets, buffer.data());
  }
  OwnedPacket(const OwnedPacket&) = delete;
  OwnedPacket& operator=(const OwnedPacket&) = delete;
  ByteString octets() const { return {buffer.octets().begin(), buffer.octets().end()}; }
};

/// An IP packet with UDP from port 1000 to 2000 and a payload that counts up.
inline ByteString udp_packet(std::string_view source, std::string_view destination, std::size_t payload,
                             std::uint8_t traffic_class = 0, bool dont_fragment = false) {
  const OuterHeader header{.source = address(source),
                           .destination = address(destination),
                           .traffic_class = traffic_class,
                           .next_header = NextHeader::udp,
                           .dont_fragment = dont_fragment};
  ByteString packet(header.size() + udp_header_size + payload);
  header.write(packet.data(), udp_header_size + payload);
  write_udp_header(packet.data() + header.size(), 1000, 2000, payload);
  for (std::size_t i = 0; i < payload; ++i) packet[header.size() + udp_header_size + i] = static_cast<std::uint8_t>(i);
  return packet;
}

inline TrafficSelectors all_of(IpFamily family) { return {TrafficSelector{.addresses = IpRange::all(family)}}; }

struct Algorithms {
  const char* name;
  EncryptionId encryption;
  unsigned key_bits;
  IntegrityId integrity;
};

inline contract::InstallChildSa install_message(const Algorithms& algorithms = {"", EncryptionId::aes_gcm_16, 128,
                                                                                IntegrityId::none}) {
  contract::InstallChildSa install;
  install.name = {.tunnel = DynamicTunnelId{1}, .generation = 1};
  install.transforms.encryption = algorithms.encryption;
  install.transforms.key_bits = algorithms.key_bits;
  install.transforms.integrity = algorithms.integrity;
  install.inbound_spi = InboundSpi{0x1001};
  install.outbound_spi = OutboundSpi{0x2002};
  std::size_t key = 0;
  if (const EncryptionFacts* facts = find(algorithms.encryption)) {
    key = (facts->has_key_length ? algorithms.key_bits : facts->fixed_key_bits) / 8 + facts->salt;
  } else {
    install.transforms.protocol = contract::SaProtocol::ah;
  }
  const std::size_t integrity_key = algorithms.integrity == IntegrityId::none ? 0 : find(algorithms.integrity)->key;
  install.inbound = {Secret{ByteString(key, 0x11)}, Secret{ByteString(integrity_key, 0x12)}};
  install.outbound = {Secret{ByteString(key, 0x21)}, Secret{ByteString(integrity_key, 0x22)}};
  install.local = address("192.0.2.1");
  install.remote = address("192.0.2.2");
  install.local_ts = install.remote_ts = {TrafficSelector{.addresses = IpRange::all(IpFamily::v4)},
                                          TrafficSelector{.addresses = IpRange::all(IpFamily::v6)}};
  install.filter_rule = "rule";
  return install;
}

/// ESP with AH around it, by HMAC_SHA2_256_128.
inline contract::InstallChildSa bundle(const Algorithms& esp = {"", EncryptionId::aes_cbc, 128, IntegrityId::none}) {
  contract::InstallChildSa install = install_message(esp);
  install.transforms.around_esp = IntegrityId::hmac_sha2_256_128;
  install.ah = {.inbound_spi = InboundSpi{0xa001},
                .outbound_spi = OutboundSpi{0xa002},
                .inbound = Secret{ByteString(32, 0x31)},
                .outbound = Secret{ByteString(32, 0x32)}};
  return install;
}

/// The same pair, seen from the peer.
inline contract::InstallChildSa mirrored(contract::InstallChildSa install) {
  const auto inbound = install.inbound_spi.value();
  install.inbound_spi = InboundSpi{install.outbound_spi.value()};
  install.outbound_spi = OutboundSpi{inbound};
  std::swap(install.inbound, install.outbound);
  std::swap(install.local, install.remote);
  std::swap(install.local_ts, install.remote_ts);
  if (install.udp) std::swap(install.udp->local_port, install.udp->remote_port);
  if (install.ah) {
    const auto inbound_of_ah = install.ah->inbound_spi.value();
    install.ah->inbound_spi = InboundSpi{install.ah->outbound_spi.value()};
    install.ah->outbound_spi = OutboundSpi{inbound_of_ah};
    std::swap(install.ah->inbound, install.ah->outbound);
  }
  return install;
}

/// One end's data plane.
struct End {
  Sad sad;
  DropCounters drops;
  Encapsulator encapsulator{drops};
  Decapsulator decapsulator{sad, drops};

  explicit End(const contract::InstallChildSa& install) {
    const auto result = sad.add(install, at(Seconds{0}));
    EXPECT_EQ(result.refused, std::nullopt);
  }
  OutboundSa& out() { return const_cast<ChildSa*>(pair())->outbound; }
  InboundSa& in() { return const_cast<ChildSa*>(pair())->inbound; }
  const ChildSa* pair() const { return sad.find({.tunnel = DynamicTunnelId{1}, .generation = 1}); }

  OutboundPacket send(OwnedPacket& packet) {
    OutboundPacket out_packet{.packet = &packet.buffer, .sa = &out()};
    encapsulator.run({&out_packet, 1});
    return out_packet;
  }
  /// The outer fields are those that a packet of the peer has.
  InboundPacket receive(OwnedPacket& packet, contract::SaProtocol protocol, std::uint8_t traffic_class = 0) {
    InboundPacket in_packet{
        .packet = &packet.buffer,
        .protocol = protocol,
        .outer = {.source = out().remote, .destination = out().local, .traffic_class = traffic_class}};
    decapsulator.run({&in_packet, 1}, at(Seconds{1}));
    return in_packet;
  }
  InboundPacket receive(OwnedPacket& packet, std::uint8_t traffic_class = 0) {
    return receive(packet, pair()->around ? contract::SaProtocol::ah : pair()->protocol, traffic_class);
  }
};

struct TwoEnds {
  End a, b;
  explicit TwoEnds(const contract::InstallChildSa& install = install_message()) : a{install}, b{mirrored(install)} {}
};

}  // namespace adit::stack
