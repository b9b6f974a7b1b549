#include "ike/wire/traffic_selectors.h"

#include "codec.h"

namespace adit::ike::wire {
namespace {

IpAddress address(std::string_view text) { return *IpAddress::parse(text); }

TEST(TrafficSelectorPayload, BuildsTheOctetsItParses) {
  const TrafficSelector tcp{
      .protocol = 6, .ports = {80, 81}, .addresses = {address("10.0.0.0"), address("10.0.0.255")}};
  const TrafficSelector all6{.addresses = IpRange::all(IpFamily::v6)};
  const TrafficSelector hidden{.ports = PortRange::opaque(), .addresses = IpRange::of(address("10.0.0.1"))};
  const CodecCase<TrafficSelectorPayload> cases[] = {
      {"IPv4 with ports", "01 000000  07 06 0010 0050 0051 0a000000 0a0000ff", TrafficSelectorPayload{{tcp}}},
      {"all of IPv6",
       "01 000000  08 00 0028 0000 ffff 00000000000000000000000000000000 ffffffffffffffffffffffffffffffff",
       TrafficSelectorPayload{{all6}}},
      {"opaque ports", "01 000000  07 00 0010 ffff 0000 0a000001 0a000001", TrafficSelectorPayload{{hidden}}},
      {"none", "00 000000", refused("number of TSs", 0)},
      {"more claimed than sent", "02 000000  07 06 0010 0050 0051 0a000000 0a0000ff", refused("TS type", 20)},
      {"fewer claimed than sent", "01 000000  07 06 0010 0050 0051 0a000000 0a0000ff 00",
       refused("octets left over", 20)},
      {"ports the wrong way round", "01 000000  07 06 0010 0051 0050 0a000000 0a0000ff", refused("end port", 10)},
      {"addresses the wrong way round", "01 000000  07 06 0010 0050 0051 0a0000ff 0a000000",
       refused("ending address", 16)},
      {"a length that is not IPv4's", "01 000000  07 06 0028 0050 0051 0a000000 0a0000ff",
       refused("selector length", 6)},
  };
  check_codec(cases);
}

TEST(TrafficSelectorPayload, PassesOverTypesThatAreNotKnown) {
  const auto parsed =
      TrafficSelectorPayload::parse(from_hex("02 000000  09 00 0005 ff  07 00 0010 0000 ffff 0a000001 0a000001"));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->selectors.size(), 1u);
}

}  // namespace
}  // namespace adit::ike::wire
