// RFC 7296 §2.23 on ESP: with and without UDP, whatever was agreed on.

#include "two_ends.h"

namespace adit::stack {
namespace {

// Shows RFC 7296 2.23-6.
TEST(Esp, IsTakenWithAndWithoutUdpWhateverThisEndSends) {
  for (const bool is_udp : {false, true}) {
    contract::InstallChildSa install = install_message();
    if (is_udp) install.udp.emplace();
    TwoEnds ends{install};
    for (const std::uint16_t port : {std::uint16_t{0}, std::uint16_t{4500}}) {
      SCOPED_TRACE(std::string{is_udp ? "sends in UDP" : "sends without UDP"} +
                   (port == 0 ? ", gets none" : ", gets UDP"));
      const ByteString clear = udp_packet("10.0.0.1", "10.0.0.2", 10);
      OwnedPacket packet{clear};
      ASSERT_EQ(ends.a.send(packet).drop, Drop::none);
      InboundPacket in{
          .packet = &packet.buffer,
          .outer = {.source = {ends.b.out().remote.address, port}, .destination = {ends.b.out().local.address, port}}};
      ends.b.decapsulator.run({&in, 1}, at(Seconds{1}));
      EXPECT_EQ(in.drop, Drop::none);
      EXPECT_EQ(packet.octets(), clear);
    }
  }
}

}  // namespace
}  // namespace adit::stack
