// What arrives from the network as ESP: raw octets, and the text of authentic packets, which a peer with keys chooses.
// The first octet picks the SA and the way, the second is the outer traffic class.

#include <algorithm>
#include <array>
#include <cstdlib>

#include "stack/decapsulator.h"
#include "stack/ip_header.h"
#include "stack/network_order.h"

namespace adit::stack {
namespace {

constexpr std::uint8_t seal_bit = 1, transport_bit = 2, udp_bit = 4, v6_bit = 8, cbc_bit = 16, extended_bit = 32;
constexpr std::uint32_t spi = 0x1001;

contract::InstallChildSa install_for(std::uint8_t choice) {
  contract::InstallChildSa install;
  const bool is_cbc = (choice & cbc_bit) != 0;
  install.transforms.encryption = is_cbc ? EncryptionId::aes_cbc : EncryptionId::null;
  install.transforms.key_bits = is_cbc ? 128 : 0;
  install.transforms.integrity = IntegrityId::hmac_sha1_96;
  install.transforms.extended_sequence_numbers = (choice & extended_bit) != 0;
  install.inbound_spi = InboundSpi{spi};
  install.outbound_spi = OutboundSpi{spi};
  install.inbound = install.outbound = {Secret{is_cbc ? 16u : 0u}, Secret{20}};
  install.mode =
      (choice & transport_bit) != 0 ? contract::EncapsulationMode::transport : contract::EncapsulationMode::tunnel;
  if ((choice & udp_bit) != 0) install.udp.emplace();
  install.local = *IpAddress::parse((choice & v6_bit) != 0 ? "fd00::1" : "192.0.2.1");
  install.remote = *IpAddress::parse((choice & v6_bit) != 0 ? "fd00::2" : "192.0.2.2");
  install.local_ts = install.remote_ts = {TrafficSelector{.addresses = IpRange::all(IpFamily::v4)},
                                          TrafficSelector{.addresses = IpRange::all(IpFamily::v6)}};
  return install;
}

/// An authentic packet of the SA around `text`.
ByteString sealed(const contract::InstallChildSa& install, Bytes text) {
  const auto cipher = crypto::PacketCipher::make(
      {install.transforms.encryption, install.transforms.key_bits, install.transforms.integrity},
      install.inbound.encryption, install.inbound.integrity);
  text = text.first(text.size() / std::max<std::size_t>(4, cipher->block_size()) *
                    std::max<std::size_t>(4, cipher->block_size()));
  ByteString packet(crypto::esp_header_size + cipher->iv_size() + text.size() + cipher->icv_size());
  store_u32(packet.data(), spi);
  store_u32(packet.data() + 4, 1);
  std::ranges::copy(text, packet.begin() + static_cast<std::ptrdiff_t>(crypto::esp_header_size + cipher->iv_size()));
  crypto::PacketJob jobs[] = {{.header = packet.data(),
                               .text_size = static_cast<std::uint32_t>(text.size()),
                               .extended = install.transforms.extended_sequence_numbers}};
  cipher->seal(jobs);
  return packet;
}

}  // namespace
}  // namespace adit::stack

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace adit;
  using namespace adit::stack;
  if (size < 2 || size > 2048) return 0;
  const std::uint8_t choice = data[0];
  const Bytes rest{data + 2, size - 2};
  const contract::InstallChildSa install = install_for(choice);
  Sad sad;
  DropCounters drops;
  if (sad.add(install, Instant{}).refused) std::abort();
  Decapsulator decapsulator{sad, drops};

  const ByteString packet = (choice & seal_bit) != 0 ? sealed(install, rest) : ByteString{rest.begin(), rest.end()};
  ByteString storage(packet_headroom + packet.size());  // no octet more: what is read behind the packet is found
  PacketBuffer buffer{storage};
  buffer.resize(packet.size());
  std::ranges::copy(packet, buffer.data());
  const std::uint16_t port = (choice & udp_bit) != 0 ? 4500 : 0;
  InboundPacket in{
      .packet = &buffer,
      .outer = {.source = {install.remote, port}, .destination = {install.local, port}, .traffic_class = data[1]}};
  decapsulator.run({&in, 1}, Instant{});

  if (in.drop == Drop::none) {
    // What comes out is an IP packet as long as it says, and came in with an ICV that fits.
    const auto header = IpHeader::read(buffer.octets());
    if (!header || header->total_size != buffer.size()) std::abort();
    if ((choice & seal_bit) == 0 && in.sa->packets != 1) std::abort();
  } else if (drops[in.drop] != 1) {
    std::abort();
  }
  return 0;
}
