#include "stack/segmentation.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "packets.h"
#include "stack/merging.h"

namespace adit::stack {
namespace {

using test::TcpPacket;

constexpr std::size_t slot = packet_headroom + 1500 + packet_tailroom;

struct Buffers {
  explicit Buffers(std::size_t count) : storage(count * slot), buffers(count) { reset(); }
  void reset() {
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      buffers[i] = PacketBuffer{MutableBytes{storage}.subspan(i * slot, slot)};
    }
  }
  ByteString storage;
  std::vector<PacketBuffer> buffers;
};

OffloadHeader cut_to(const TcpPacket& packet, std::uint16_t segment_size) {
  const auto ip = static_cast<std::uint16_t>(packet.is_v4 ? 20 : 40);
  return {.flags = OffloadHeader::needs_checksum,
          .gso_type = static_cast<std::uint8_t>(packet.is_v4 ? GsoType::tcp_v4 : GsoType::tcp_v6),
          .header_size = static_cast<std::uint16_t>(ip + 20 + packet.options.size()),
          .segment_size = segment_size,
          .checksum_start = ip,
          .checksum_offset = 16};
}

bool has_right_checksums(Bytes packet) {
  const bool is_v4 = packet[0] >> 4 == 4;
  if (is_v4 && ones_complement_sum(packet.first(20)) != 0xffff) return false;
  return transport_sum(packet.data(), is_v4 ? packet[9] : packet[6], packet.subspan(is_v4 ? 20 : 40)) == 0xffff;
}

ByteString random_octets(std::mt19937& random, std::size_t size) {
  ByteString octets(size);
  for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(random());
  return octets;
}

TEST(Segmentation, CutsATcpPacketAsANetworkCardWould) {
  TcpPacket whole{.flags = 0x99, .identification = 0xffff, .payload = ByteString(2500, 0xab)};  // CWR ACK PSH FIN
  Buffers out{4};
  const auto cut = segment(cut_to(whole, 1000), built(whole), 0, out.buffers);
  ASSERT_TRUE(cut);
  ASSERT_EQ(cut->filled, 3u);
  EXPECT_EQ(cut->left, 0u);
  const std::uint8_t flags[] = {0x90, 0x10, 0x19};  // CWR first; PSH and FIN last
  for (std::size_t i = 0; i < 3; ++i) {
    TcpPacket want = whole;
    want.flags = flags[i];
    want.identification = static_cast<std::uint16_t>(0xffff + i);
    want.sequence = static_cast<std::uint32_t>(1000 + i * 1000);
    want.payload.resize(i < 2 ? 1000 : 500);
    const ByteString octets = built(want);
    EXPECT_EQ(to_hex(out.buffers[i].octets()), to_hex(octets)) << i;
  }
}

TEST(Segmentation, GoesOnWhereTheBuffersEnded) {
  const TcpPacket whole{.is_v4 = false, .payload = ByteString(1000, 1)};
  Buffers out{3};
  std::size_t begin = 0, octets = 0;
  while (true) {
    out.reset();
    const auto cut = segment(cut_to(whole, 100), built(whole), begin, out.buffers);
    ASSERT_TRUE(cut);
    for (std::size_t i = 0; i < cut->filled; ++i) {
      EXPECT_EQ(load_u32(out.buffers[i].data() + 44), 1000 + octets);
      EXPECT_TRUE(has_right_checksums(out.buffers[i].octets()));
      octets += out.buffers[i].size() - 60;
    }
    begin += cut->filled;
    if (cut->left == 0) break;
  }
  EXPECT_EQ(begin, 10u);
  EXPECT_EQ(octets, 1000u);
}

TEST(Segmentation, CutsUdp) {
  ByteString whole = *parse_hex("45000000 00010000 40110000 0a010101 0a010102 1000200000000000");
  whole.resize(28 + 250, 0x5a);
  store_u16(&whole[2], static_cast<std::uint16_t>(whole.size()));
  Buffers out{3};
  const OffloadHeader header{.flags = OffloadHeader::needs_checksum,
                             .gso_type = static_cast<std::uint8_t>(GsoType::udp),
                             .header_size = 28,
                             .segment_size = 100,
                             .checksum_start = 20,
                             .checksum_offset = 6};
  const auto cut = segment(header, whole, 0, out.buffers);
  ASSERT_TRUE(cut);
  ASSERT_EQ(cut->filled, 3u);
  EXPECT_EQ(out.buffers[2].size(), 28u + 50);
  for (const PacketBuffer& packet : out.buffers) {
    EXPECT_EQ(load_u16(packet.data() + 24), packet.size() - 20);
    EXPECT_TRUE(has_right_checksums(packet.octets()));
  }
}

TEST(Segmentation, CompletesAnOpenChecksum) {
  TcpPacket packet{.payload = {1, 2, 3}};
  const ByteString want = built(packet);
  ByteString open = want;
  store_u16(&open[36], pseudo_header_sum(open.data(), IpProtocol::tcp, open.size() - 20));
  Buffers out{1};
  const auto done = segment({.flags = OffloadHeader::needs_checksum, .checksum_start = 20, .checksum_offset = 16}, open,
                            0, out.buffers);
  ASSERT_TRUE(done);
  EXPECT_EQ(to_hex(out.buffers[0].octets()), to_hex(want));
}

TEST(Segmentation, RefusesWhatCannotBe) {
  const TcpPacket packet{.payload = ByteString(2000, 7)};
  const ByteString octets = built(packet);
  const struct {
    const char* name;
    void (*spoil)(OffloadHeader&, ByteString&);
    Drop want;
  } cases[] = {
      {"segment size 0", [](OffloadHeader& h, ByteString&) { h.segment_size = 0; }, Drop::malformed},
      {"unknown kind", [](OffloadHeader& h, ByteString&) { h.gso_type = 3; }, Drop::malformed},
      {"family that is not the packet's", [](OffloadHeader& h, ByteString&) { h.gso_type = 4; }, Drop::malformed},
      {"transport header inside the IP header", [](OffloadHeader& h, ByteString&) { h.checksum_start = 12; },
       Drop::malformed},
      {"transport header behind the packet", [](OffloadHeader& h, ByteString&) { h.checksum_start = 60000; },
       Drop::malformed},
      {"TCP header longer than the packet", [](OffloadHeader&, ByteString& p) { p.resize(70), p[32] = 0xf0; },
       Drop::malformed},
      {"no payload", [](OffloadHeader&, ByteString& p) { p.resize(40); }, Drop::malformed},
      {"nothing at all", [](OffloadHeader&, ByteString& p) { p.clear(); }, Drop::malformed},
      {"longer than a buffer", [](OffloadHeader& h, ByteString&) { h.segment_size = 1900; }, Drop::too_long},
      {"checksum field behind the packet",
       [](OffloadHeader& h, ByteString& p) { h.gso_type = 0, h.checksum_offset = 60000, p.resize(60); },
       Drop::malformed},
  };
  for (const auto& [name, spoil, want] : cases) {
    SCOPED_TRACE(name);
    OffloadHeader header = cut_to(packet, 1000);
    ByteString spoilt = octets;
    spoil(header, spoilt);
    Buffers out{4};
    const auto cut = segment(header, spoilt, 0, out.buffers);
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error(), want);
  }
}

struct Written {
  OffloadHeader header;
  ByteString octets;
};

std::vector<Written> merged(std::span<PacketBuffer> packets) {
  auto merger = std::make_unique<Merger>();
  for (PacketBuffer& packet : packets) merger->add(packet);
  std::vector<Written> all;
  merger->flush([&](const OffloadHeader& header, std::span<const Bytes> pieces) {
    Written one{.header = header, .octets = {}};
    for (const Bytes piece : pieces) append(one.octets, piece);
    all.push_back(std::move(one));
  });
  return all;
}

TEST(Merging, OfWhatWasCutGivesThePacketBack) {
  std::mt19937 random{2026};
  for (int round = 0; round < 500; ++round) {
    const auto segment_size = static_cast<std::uint16_t>(200 + random() % 1200);
    const TcpPacket whole{.is_v4 = random() % 2 == 0,
                          .sequence = static_cast<std::uint32_t>(random()),
                          .flags = static_cast<std::uint8_t>(0x10 | (random() % 2 == 0 ? 0x08 : 0)),
                          .identification = static_cast<std::uint16_t>(random()),
                          .traffic_class = static_cast<std::uint8_t>(random() % 4),
                          .options = random_octets(random, 4 * (random() % 4)),
                          .payload = random_octets(random, segment_size + 1 + random() % 20'000)};
    const ByteString octets = built(whole);
    Buffers out{128};
    const auto cut = segment(cut_to(whole, segment_size), octets, 0, out.buffers);
    ASSERT_TRUE(cut);
    const auto written = merged(std::span{out.buffers}.first(cut->filled));
    const std::size_t pieces_a_packet = Merger::most_pieces;
    ASSERT_EQ(written.size(), (cut->filled + pieces_a_packet - 1) / pieces_a_packet) << round;
    if (written.size() > 1) continue;
    EXPECT_EQ(written[0].header, cut_to(whole, segment_size));
    // But for the checksum, which is left to be completed.
    Buffers again{128};
    const auto twice = segment(written[0].header, written[0].octets, 0, again.buffers);
    ASSERT_TRUE(twice);
    Buffers first{128};
    ASSERT_TRUE(segment(cut_to(whole, segment_size), octets, 0, first.buffers));
    for (std::size_t i = 0; i < cut->filled; ++i) {
      ASSERT_EQ(to_hex(again.buffers[i].octets()), to_hex(first.buffers[i].octets())) << round << " " << i;
    }
  }
}

/// Puts packets into buffers and says how many pieces each written one had, in payload octets.
std::vector<std::size_t> sizes_written(const std::vector<ByteString>& packets) {
  Buffers in{packets.size()};
  for (std::size_t i = 0; i < packets.size(); ++i) {
    in.buffers[i].resize(packets[i].size());
    std::copy(packets[i].begin(), packets[i].end(), in.buffers[i].data());
  }
  std::vector<std::size_t> sizes;
  for (const Written& one : merged(in.buffers)) sizes.push_back(one.octets.size() - 40);
  return sizes;
}

TcpPacket data(std::uint32_t sequence, std::size_t size, std::uint8_t flags = 0x10) {
  TcpPacket packet;
  packet.sequence = sequence;
  packet.flags = flags;
  packet.payload.assign(size, 3);
  return packet;
}

TEST(Merging, TakesOnlyWhatCouldHaveBeenCutFromOnePacket) {
  using Sizes = std::vector<std::size_t>;
  auto other_flow = data(0, 100), other_ack = data(100, 100), other_window = data(100, 100), other_ecn = data(100, 100),
       other_options = data(100, 100);
  other_flow.source_port = 9;
  other_ack.acknowledgment += 1;
  other_window.window += 1;
  other_ecn.traffic_class = 3;
  other_options.options = {1, 1, 1, 1};
  ByteString spoilt = built(data(100, 100));
  spoilt.back() ^= 1;
  ByteString longer_than_ip = built(data(100, 100));
  longer_than_ip.push_back(0);

  const struct {
    const char* name;
    std::vector<ByteString> packets;
    Sizes want;
  } cases[] = {
      {"in sequence", {built(data(0, 100)), built(data(100, 100)), built(data(200, 40))}, {240}},
      {"a gap", {built(data(0, 100)), built(data(101, 100))}, {100, 100}},
      {"the wrong way round", {built(data(100, 100)), built(data(0, 100))}, {100, 100}},
      {"nothing after a shorter one", {built(data(0, 100)), built(data(100, 50)), built(data(150, 50))}, {150, 50}},
      {"none longer than the first", {built(data(0, 100)), built(data(100, 101))}, {100, 101}},
      {"PSH ends it", {built(data(0, 100)), built(data(100, 100, 0x18)), built(data(200, 100))}, {200, 100}},
      {"PSH first", {built(data(0, 100, 0x18)), built(data(100, 100))}, {100, 100}},
      {"FIN ends it", {built(data(0, 100)), built(data(100, 100, 0x11))}, {200}},
      {"an acknowledgment alone passes at once, in its place",
       {built(data(0, 100)), built(data(100, 0)), built(data(100, 100))},
       {100, 0, 100}},
      {"SYN, RST, URG and CWR do not",
       {built(data(0, 100)), built(data(100, 100, 0x14)), built(data(200, 100, 0x90))},
       {100, 100, 100}},
      {"another acknowledgment number", {built(data(0, 100)), built(other_ack)}, {100, 100}},
      {"another window", {built(data(0, 100)), built(other_window)}, {100, 100}},
      {"another ECN mark", {built(data(0, 100)), built(other_ecn)}, {100, 100}},
      {"other options", {built(data(0, 100)), built(other_options)}, {100, 104}},
      {"a wrong checksum is left to the receiver to see", {built(data(0, 100)), spoilt}, {100, 100}},
      {"octets behind the packet", {built(data(0, 100)), longer_than_ip}, {100, 101}},
      {"flows that alternate", {built(data(0, 100)), built(other_flow), built(data(100, 100))}, {200, 100}},
  };
  for (const auto& [name, packets, want] : cases) {
    SCOPED_TRACE(name);
    EXPECT_EQ(sizes_written(packets), want);
  }
}

TEST(Merging, StaysWithinAnIpPacketAndAVectoredWrite) {
  std::vector<ByteString> packets;
  for (std::uint32_t i = 0; i < 100; ++i) packets.push_back(built(data(i * 1400, 1400)));
  for (const std::size_t size : sizes_written(packets)) EXPECT_LE(size + 40, largest_packet);
  packets.clear();
  for (std::uint32_t i = 0; i < 100; ++i) packets.push_back(built(data(i * 10, 10)));
  EXPECT_EQ(sizes_written(packets), (std::vector<std::size_t>{640, 360}));
}

}  // namespace
}  // namespace adit::stack
