// What arrives from the network as ESP, AH or AH around ESP: raw octets, and the text of authentic packets, which a
// peer with keys chooses. The first octet picks the SA and the way, the second is the outer traffic class. Of a bundle,
// the AH bit says that the octets are what AH holds, and its ICV alone is made to fit.

#include <algorithm>
#include <array>
#include <cstdlib>

#include "stack/authentication_header.h"
#include "stack/decapsulator.h"
#include "stack/ip_header.h"
#include "stack/network_order.h"

namespace adit::stack {
namespace {

constexpr std::uint8_t seal_bit = 1, transport_bit = 2, udp_bit = 4, v6_bit = 8, cbc_bit = 16, extended_bit = 32,
                       ah_bit = 64, around_bit = 128;
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
  if ((choice & around_bit) != 0) {
    install.transforms.around_esp = IntegrityId::hmac_sha1_96;
    install.ah = {.inbound_spi = InboundSpi{spi},
                  .outbound_spi = OutboundSpi{spi},
                  .inbound = Secret{20},
                  .outbound = Secret{20}};
    if (is_cbc) {
      install.transforms.integrity = IntegrityId::none;
      install.inbound.integrity = install.outbound.integrity = Secret{};
    }
  } else if ((choice & ah_bit) != 0) {
    install.transforms.protocol = contract::SaProtocol::ah;
    install.transforms.encryption = EncryptionId::none;
    install.transforms.key_bits = 0;
    install.inbound = install.outbound = {Secret{}, Secret{20}};
  }
  install.mode =
      (choice & transport_bit) != 0 ? contract::EncapsulationMode::transport : contract::EncapsulationMode::tunnel;
  if ((choice & udp_bit) != 0 && (choice & (ah_bit | around_bit)) == 0) install.udp.emplace();
  install.local = *IpAddress::parse((choice & v6_bit) != 0 ? "fd00::1" : "192.0.2.1");
  install.remote = *IpAddress::parse((choice & v6_bit) != 0 ? "fd00::2" : "192.0.2.2");
  install.local_ts = install.remote_ts = {TrafficSelector{.addresses = IpRange::all(IpFamily::v4)},
                                          TrafficSelector{.addresses = IpRange::all(IpFamily::v6)}};
  return install;
}

/// An authentic packet of the SA around `text`.
ByteString sealed(const contract::InstallChildSa& install, Bytes text) {
  const auto cipher = crypto::PacketCipher::make({.encryption = install.transforms.encryption,
                                                  .key_bits = install.transforms.key_bits,
                                                  .integrity = install.transforms.integrity,
                                                  .is_within_ah = install.ah.has_value()},
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

/// The packet, made authentic where it has AH at all.
ByteString with_icv(const contract::InstallChildSa& install, Bytes octets) {
  ByteString packet{octets.begin(), octets.end()};
  const auto before = find_ah(packet);
  if (!before) return packet;
  const Bytes whole = Bytes{packet}.first(IpHeader::read(packet)->total_size);
  const auto ah = AuthenticationHeader::read(whole.subspan(before->size));
  if (!ah || ah->size < AuthenticationHeader::fixed_size + 12) return packet;
  const auto cipher = crypto::PacketCipher::make({EncryptionId::none, 0, IntegrityId::hmac_sha1_96}, {}, Secret{20});
  const std::size_t size = whole.size();
  packet.resize(packet.size() + crypto::largest_sequence_high);
  store_u32(&packet[before->size + 4], spi);
  store_u32(&packet[before->size + 8], 1);
  MutableFields fields;
  fields.zero(MutableBytes{packet}.first(before->size));
  crypto::PacketJob jobs[] = {{.header = packet.data(),
                               .icv = &packet[before->size + AuthenticationHeader::fixed_size],
                               .text_size = static_cast<std::uint32_t>(size),
                               .extended = install.transforms.extended_sequence_numbers}};
  cipher->seal(jobs);
  fields.put_back(packet.data());
  packet.resize(packet.size() - crypto::largest_sequence_high);
  return packet;
}

/// An ESP packet with AH before it, whose ICV is still to be made.
ByteString behind_ah(const contract::InstallChildSa& install, const ByteString& esp) {
  const std::size_t size = ah_size(install.local.family(), 12);
  const OuterHeader header{.source = install.remote, .destination = install.local, .next_header = NextHeader::ah};
  ByteString packet(header.size() + size);
  header.write(packet.data(), size + esp.size());
  AuthenticationHeader{.next_header = NextHeader::esp, .size = size, .spi = spi, .sequence = 1}.write(packet.data() +
                                                                                                      header.size());
  packet.insert(packet.end(), esp.begin(), esp.end());
  return packet;
}

ByteString authentic(const contract::InstallChildSa& install, std::uint8_t choice, Bytes octets) {
  const bool holds_octets = (choice & ah_bit) != 0;
  if (holds_octets) return with_icv(install, octets);
  const ByteString esp = sealed(install, octets);
  return install.ah ? with_icv(install, behind_ah(install, esp)) : esp;
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

  const bool is_ah = install.ah || install.transforms.protocol == contract::SaProtocol::ah;
  ByteString packet{rest.begin(), rest.end()};
  if ((choice & seal_bit) != 0) packet = authentic(install, choice, rest);
  const std::size_t tailroom = is_ah ? crypto::largest_sequence_high : 0;
  ByteString storage(packet_headroom + packet.size() +
                     tailroom);  // no octet more: what is read behind the packet is found
  PacketBuffer buffer{storage};
  buffer.resize(packet.size());
  std::ranges::copy(packet, buffer.data());
  const std::uint16_t port = install.udp ? 4500 : 0;
  InboundPacket in{
      .packet = &buffer,
      .protocol = is_ah ? contract::SaProtocol::ah : contract::SaProtocol::esp,
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
