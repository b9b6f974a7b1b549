#include "stack/packet_selectors.h"

#include <gtest/gtest.h>

#include <random>

#include "hex.h"

namespace adit::stack {
namespace {

constexpr const char* v4_addresses = "0a010101 0a020202 ";
constexpr const char* v6_addresses = "20010db8000000000000000000000001 20010db8000000000000000000000002 ";

PacketSelectors v4(PacketSelectors rest) {
  rest.source = IpAddress::v4(0x0a010101);
  rest.destination = IpAddress::v4(0x0a020202);
  return rest;
}
PacketSelectors v6(PacketSelectors rest) {
  rest.source = *IpAddress::parse("2001:db8::1");
  rest.destination = *IpAddress::parse("2001:db8::2");
  return rest;
}

TEST(PacketSelectors, AreReadFromPacketsOfEveryShape) {
  const std::string a4 = v4_addresses, a6 = v6_addresses;
  const struct {
    const char* name;
    std::string octets;
    std::optional<PacketSelectors> want;
  } cases[] = {
      {"TCP SYN over IPv4", "45000028 0001 4000 40 06 0000 " + a4 + "0400 0050 00000001 00000000 5002 1000 0000 0000",
       v4({.protocol = 6, .source_port = 1024, .destination_port = 80, .opens_connection = true})},
      {"TCP SYN with ACK", "45000028 0001 4000 40 06 0000 " + a4 + "0400 0050 00000001 00000000 5012 1000 0000 0000",
       v4({.protocol = 6, .source_port = 1024, .destination_port = 80})},
      {"UDP behind IP options", "46000020 0001 0000 40 11 0000 " + a4 + "01010101 01f4 01f4 0008 0000",
       v4({.protocol = 17, .source_port = 500, .destination_port = 500})},
      {"first fragment", "4500001c 0001 2000 40 11 0000 " + a4 + "01f4 01f4 0008 0000",
       v4({.protocol = 17, .source_port = 500, .destination_port = 500, .is_fragment = true})},
      {"later fragment", "4500001c 0001 0003 40 11 0000 " + a4 + "01f4 01f4 0008 0000",
       v4({.protocol = 17, .ports_hidden = true, .is_fragment = true})},
      {"ICMP type and code", "4500001c 0001 0000 40 01 0000 " + a4 + "0304 0000 00000000",
       v4({.protocol = 1, .source_port = 0x0304, .destination_port = 0x0304})},
      {"TCP cut before its ports", "45000017 0001 0000 40 06 0000 " + a4 + "040000",
       v4({.protocol = 6, .ports_hidden = true})},
      {"a protocol without ports hides none", "45000014 0001 0000 40 2f 0000 " + a4, v4({.protocol = 47})},
      {"octets behind the packet are not its own", "45000014 0001 0000 40 06 0000 " + a4 + "0400 0050",
       v4({.protocol = 6, .ports_hidden = true})},
      {"IPv6 UDP", "60000000 0008 11 40 " + a6 + "1194 0035 0008 0000",
       v6({.protocol = 17, .source_port = 4500, .destination_port = 53})},
      {"IPv6 UDP behind hop-by-hop and destination options",
       "60000000 0018 00 40 " + a6 + "3c00010400000000 1100010400000000 1194 0035 0008 0000",
       v6({.protocol = 17, .source_port = 4500, .destination_port = 53})},
      {"IPv6 first fragment", "60000000 0010 2c 40 " + a6 + "11000001 00000001 1194 0035 0008 0000",
       v6({.protocol = 17, .source_port = 4500, .destination_port = 53, .is_fragment = true})},
      {"IPv6 later fragment", "60000000 0010 2c 40 " + a6 + "11000009 00000001 1194 0035 0008 0000",
       v6({.protocol = 17, .ports_hidden = true, .is_fragment = true})},
      {"IPv6 neighbour solicitation", "60000000 0004 3a ff " + a6 + "87000000",
       v6({.protocol = 58, .source_port = 0x8700, .destination_port = 0x8700})},
      {"IPv6 mobility header type", "60000000 0008 87 40 " + a6 + "3b00 05 00 00000000",
       v6({.protocol = 135, .source_port = 0x0500, .destination_port = 0x0500})},
      {"an extension header longer than the packet", "60000000 0008 00 40 " + a6 + "11ff010400000000",
       v6({.protocol = 0, .ports_hidden = true})},
      {"empty", "", std::nullopt},
      {"neither IPv4 nor IPv6", "50000014 0001 0000 40 06 0000 " + a4, std::nullopt},
      {"IPv4 header shorter than 20", "44000014 0001 0000 40 06 0000 " + a4, std::nullopt},
      {"IPv4 longer than its octets", "45000015 0001 0000 40 06 0000 " + a4, std::nullopt},
      {"IPv6 cut in its header", "60000000 0000 11 40 20010db8", std::nullopt},
      {"IPv6 longer than its octets", "60000000 0001 11 40 " + a6, std::nullopt},
  };
  for (const auto& [name, octets, want] : cases) {
    SCOPED_TRACE(name);
    EXPECT_EQ(read_selectors(from_hex(octets)), want);
  }
}

TEST(PacketSelectors, PassOverABoundedNumberOfExtensionHeaders) {
  for (const unsigned headers : {most_extension_headers, most_extension_headers + 1}) {
    ByteString packet = from_hex(std::string{"60000000 0000 3c 40 "} + v6_addresses);
    for (unsigned i = 0; i < headers; ++i) {
      append(packet, from_hex(i + 1 < headers ? "3c00010400000000" : "1100010400000000"));
    }
    append(packet, from_hex("1194003500080000"));
    packet[5] = static_cast<std::uint8_t>(packet.size() - 40);
    const auto selectors = read_selectors(packet);
    ASSERT_TRUE(selectors);
    EXPECT_EQ(selectors->ports_hidden, headers > most_extension_headers);
  }
}

TEST(PacketSelectors, RandomOctetsAreReadWithoutHarm) {
  std::mt19937 random{1};
  for (int round = 0; round < 100'000; ++round) {
    ByteString octets(random() % 100);
    for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(random());
    if (!octets.empty() && round % 4 != 0) octets[0] = round % 2 == 0 ? 0x45 : 0x60;
    if (octets.size() > 6 && round % 3 == 0) octets[2] = octets[4] = 0;
    const auto selectors = read_selectors(octets);
    EXPECT_TRUE(!selectors || octets.size() >= 20);
  }
}

}  // namespace
}  // namespace adit::stack
