#include "stack/user/received_ipv6.h"

#include <gtest/gtest.h>

#include "hex.h"
#include "stack/ip_header.h"
#include "stack/user/receive_slots.h"

namespace adit::stack::user {
namespace {

struct Header {
  std::uint8_t type;
  const char* octets;
};

/// What a socket of AH receives after these extension headers, made a packet again.
ByteString packet_after(const std::vector<Header>& headers, const ByteString& after) {
  ByteString storage(receive_headroom + after.size());
  std::ranges::copy(after, storage.begin() + receive_headroom);
  ReceivedDatagram datagram{.octets = MutableBytes{storage}.subspan(receive_headroom),
                            .source = {*IpAddress::parse("fd00::1"), 0},
                            .destination = *IpAddress::parse("fd00::2"),
                            .traffic_class = 0xb9,
                            .hop_limit = 3,
                            .extensions = {}};
  for (const auto& [type, octets] : headers) {
    datagram.extensions.keep(type, from_hex(octets), MutableBytes{storage}.first(receive_headroom - ipv6_header_size));
  }
  put_back_ipv6_headers(datagram);
  return {datagram.octets.begin(), datagram.octets.end()};
}

TEST(ReceivedIpv6, IsThePacketThatCame) {
  const ByteString ah = from_hex("3b040000 00001001 00000001 000000000000000000000000");
  const std::string addresses = "fd000000000000000000000000000001 fd000000000000000000000000000002";
  const struct {
    const char* name;
    std::vector<Header> headers;
    std::string want;  // before AH
  } cases[] = {
      {"no extension headers", {}, "6b900000 0018 33 03" + addresses},
      {"a hop-by-hop header", {{0, "3300010400000000"}}, "6b900000 0020 00 03" + addresses + "3300010400000000"},
      {"three in their order",
       {{0, "3c00010400000000"}, {60, "2b00010400000000"}, {43, "3300ff0000000000"}},
       "6b900000 0030 00 03" + addresses + "3c00010400000000 2b00010400000000 3300ff0000000000"},
      {"one that named a Fragment header",
       {{0, "2c00010400000000"}, {60, "2c00010400000000"}},
       "6b900000 0028 00 03" + addresses + "3c00010400000000 3300010400000000"},
  };
  for (const auto& [name, headers, want] : cases) {
    SCOPED_TRACE(name);
    EXPECT_EQ(to_hex(packet_after(headers, ah)), to_hex(concatenated({from_hex(want), ah})));
  }
}

TEST(ReceivedIpv6, IsNothingWhenItsHeadersAreLongerThanTheRoomForThem) {
  const std::string most = "330a" + std::string(172, '0'), one_more = "330b" + std::string(188, '0');
  EXPECT_EQ(packet_after({{0, most.c_str()}}, ByteString(24)).size(), 40u + 88 + 24);
  EXPECT_TRUE(packet_after({{0, one_more.c_str()}}, ByteString(24)).empty());
  EXPECT_TRUE(packet_after({{0, most.c_str()}, {60, "3300010400000000"}}, ByteString(24)).empty());
  EXPECT_TRUE(packet_after({}, ByteString(65536)).empty()) << "its length would not be told";
}

}  // namespace
}  // namespace adit::stack::user
