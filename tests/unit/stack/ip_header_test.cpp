#include "stack/ip_header.h"

#include <gtest/gtest.h>

#include "hex.h"
#include "stack/congestion.h"
#include "stack/transport_checksum.h"
#include "stack/upper_checksum.h"
#include "two_ends.h"

namespace adit::stack {
namespace {

bool has_right_checksum(Bytes packet) { return ones_complement_sum(packet.first((packet[0] & 15) * 4u)) == 0xffff; }

TEST(IpHeader, ReadsWhatStandsThere) {
  const struct {
    const char* name;
    const char* octets;
    bool want;
  } cases[] = {
      {"nothing", "", false},
      {"the least IPv4", "45000014 00000000 40110000 0a000001 0a000002", true},
      {"IPv4 with options", "46000018 00000000 40110000 0a000001 0a000002 01010101", true},
      {"one octet short", "45000014 00000000 40110000 0a000001 0a0000", false},
      {"a header length below 20", "44000014 00000000 40110000 0a000001 0a000002", false},
      {"a header longer than the packet", "4f000014 00000000 40110000 0a000001 0a000002", false},
      {"a length below the header's", "45000013 00000000 40110000 0a000001 0a000002", false},
      {"a length beyond the octets", "45000015 00000000 40110000 0a000001 0a000002", false},
      {"octets behind the packet", "45000014 00000000 40110000 0a000001 0a000002 ffff", true},
      {"the least IPv6", "60000000 00003b40 fd000000000000000000000000000001 fd000000000000000000000000000002", true},
      {"IPv6, one octet short", "60000000 00003b40 fd000000000000000000000000000001 fd0000000000000000000000000000",
       false},
      {"IPv6, a length beyond the octets",
       "60000000 00013b40 fd000000000000000000000000000001 fd000000000000000000000000000002", false},
      {"version 5", "55000014 00000000 40110000 0a000001 0a000002", false},
  };
  for (const auto& [name, octets, want] : cases) EXPECT_EQ(IpHeader::read(from_hex(octets)).has_value(), want) << name;
}

TEST(IpHeader, ReadsWhatItWrote) {
  for (const char* pair : {"10.0.0.1 10.0.0.2", "fd00::1 fd00::2"}) {
    const std::string_view both{pair};
    const OuterHeader written{.source = address(both.substr(0, both.find(' '))),
                              .destination = address(both.substr(both.find(' ') + 1)),
                              .traffic_class = 0xb9,
                              .hop_limit = 17,
                              .next_header = NextHeader::esp,
                              .dont_fragment = true,
                              .identification = 0x1234};
    ByteString packet(written.size() + 5);
    written.write(packet.data(), 5);
    const auto header = IpHeader::read(packet);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->family, written.source.family());
    EXPECT_EQ(header->traffic_class, 0xb9);
    EXPECT_EQ(header->hop_limit, 17);
    EXPECT_EQ(header->next_header, NextHeader::esp);
    EXPECT_TRUE(header->dont_fragment);
    EXPECT_FALSE(header->is_fragment);
    EXPECT_EQ(header->total_size, packet.size());
    if (header->family == IpFamily::v4) {
      EXPECT_TRUE(has_right_checksum(packet));
    }

    for (unsigned traffic_class = 0; traffic_class < 256; ++traffic_class) {
      set_traffic_class(packet.data(), static_cast<std::uint8_t>(traffic_class));
      EXPECT_EQ(IpHeader::read(packet)->traffic_class, traffic_class);
      if (header->family == IpFamily::v4) {
        EXPECT_TRUE(has_right_checksum(packet)) << traffic_class;
      }
    }
  }
}

TEST(IpHeader, KnowsFragments) {
  EXPECT_TRUE(IpHeader::read(from_hex("45000014 00002000 40110000 0a000001 0a000002"))->is_fragment);
  EXPECT_TRUE(IpHeader::read(from_hex("45000014 00000001 40110000 0a000001 0a000002"))->is_fragment);
  EXPECT_FALSE(IpHeader::read(from_hex("45000014 00004000 40110000 0a000001 0a000002"))->is_fragment);
}

// Shows RFC 7296 2.24-2.
TEST(Congestion, LeavesATunnelAsFigure4OfRfc6040Says) {
  using enum Ecn;
  constexpr std::optional<Ecn> drop;
  const struct {
    Ecn inner;
    std::optional<Ecn> want[4];  // outer: not_capable, ect1, ect0, congested by their numbers 0, 1, 2, 3
  } cases[] = {
      {not_capable, {not_capable, not_capable, not_capable, drop}},
      {ect0, {ect0, ect1, ect0, congested}},
      {ect1, {ect1, ect1, ect1, congested}},
      {congested, {congested, congested, congested, congested}},
  };
  for (const auto& [inner, want] : cases) {
    for (unsigned outer = 0; outer < 4; ++outer)
      EXPECT_EQ(decapsulated(inner, Ecn{static_cast<std::uint8_t>(outer)}), want[outer]);
  }
}

TEST(UpperChecksum, IsRenewedWhereItIsUsed) {
  for (const auto& [source, destination] : {std::pair{"10.0.0.1", "10.0.0.2"}, std::pair{"fd00::1", "fd00::2"}}) {
    for (const std::uint8_t protocol : {IpProtocol::udp, IpProtocol::tcp, IpProtocol::icmpv6}) {
      ByteString packet = udp_packet(source, destination, 41);
      auto header = *IpHeader::read(packet);
      header.next_header = protocol;
      packet[header.header_size + 6u] = 1;  // a UDP checksum that is in use, and wrong
      renew_upper_checksum(packet, header);
      EXPECT_EQ(transport_sum(packet.data(), protocol, Bytes{packet}.subspan(header.header_size)), 0xffff);
    }
  }
  ByteString unused = udp_packet("10.0.0.1", "10.0.0.2", 8);
  const ByteString before = unused;
  renew_upper_checksum(unused, *IpHeader::read(unused));
  EXPECT_EQ(unused, before);
  ByteString too_short = udp_packet("10.0.0.1", "10.0.0.2", 0);
  auto header = *IpHeader::read(too_short);
  header.next_header = IpProtocol::tcp;
  const ByteString unchanged = too_short;
  renew_upper_checksum(too_short, header);
  EXPECT_EQ(too_short, unchanged);
}

}  // namespace
}  // namespace adit::stack
