#include "base/ip_address.h"

#include <gtest/gtest.h>

namespace adit {
namespace {

IpAddress address(const char* text) { return *IpAddress::parse(text); }

TEST(IpAddress, IsReadInTheTwoUsualFormsAlone) {
  for (const char* text : {"0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "2001:db8::1", "::ffff:192.0.2.1"}) {
    const auto parsed = IpAddress::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->to_string(), text);
    EXPECT_EQ(IpAddress::from_octets(parsed->octets()), parsed) << text;
  }
  for (const char* text : {"", "192.0.2", "192.0.2.256", "192.0.2.1 ", " 192.0.2.1", "0300.0.0.1", "1",
                           "2001:db8::1::2", "2001:db8::g", "fe80::1%eth0", "192.0.2.1/32"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::from_octets(ByteString(5)));
  EXPECT_FALSE(IpAddress::from_octets({}));
}

TEST(IpAddress, HasANextOneButTheHighest) {
  EXPECT_EQ(IpAddress::parse("10.1.2.255")->next(), IpAddress::parse("10.1.3.0"));
  EXPECT_EQ(IpAddress::parse("2001:db8::ffff:ffff")->next(), IpAddress::parse("2001:db8::1:0:0"));
  EXPECT_EQ(IpAddress::highest(IpFamily::v4).next(), std::nullopt);
  EXPECT_EQ(IpAddress::highest(IpFamily::v6).next(), std::nullopt);
}

TEST(IpAddress, IsOrderedByFamilyThenNumber) {
  EXPECT_LT(address("9.0.0.0"), address("10.0.0.0"));
  EXPECT_LT(address("255.255.255.255"), address("::"));
  EXPECT_LT(address("2001:db8::1"), address("2001:db8::1:0"));
  EXPECT_EQ(address("192.0.2.1"), IpAddress::v4(0xc0000201));
}

TEST(IpRange, OfAPrefixHoldsFromItsFirstToItsLastAddress) {
  const struct {
    const char* base;
    unsigned length;
    const char *first, *last, *text;
  } cases[] = {
      {"10.1.2.3", 16, "10.1.0.0", "10.1.255.255", "10.1.0.0/16"},
      {"10.1.2.3", 0, "0.0.0.0", "255.255.255.255", "0.0.0.0/0"},
      {"10.1.2.3", 32, "10.1.2.3", "10.1.2.3", "10.1.2.3"},
      {"10.1.2.3", 31, "10.1.2.2", "10.1.2.3", "10.1.2.2/31"},
      {"2001:db8::1", 33, "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff", "2001:db8::/33"},
      {"2001:db8::1", 0, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0"},
  };
  for (const auto& [base, length, first, last, text] : cases) {
    SCOPED_TRACE(text);
    const IpRange range = IpRange::of_prefix(address(base), length);
    EXPECT_EQ(range, (IpRange{address(first), address(last)}));
    EXPECT_EQ(range.prefix_length(), length);
    EXPECT_EQ(range.to_string(), text);
  }
}

TEST(IpRange, ThatIsNoPrefixIsWrittenWithBothEnds) {
  const IpRange range{address("10.1.1.1"), address("10.1.1.9")};
  EXPECT_EQ(range.prefix_length(), std::nullopt);
  EXPECT_EQ(range.to_string(), "10.1.1.1-10.1.1.9");
}

TEST(IpRange, ContainsAndIntersectsWithinOneFamily) {
  const IpRange net = IpRange::of_prefix(address("10.1.0.0"), 16);
  EXPECT_TRUE(net.contains(address("10.1.0.0")));
  EXPECT_TRUE(net.contains(address("10.1.255.255")));
  EXPECT_FALSE(net.contains(address("10.2.0.0")));
  EXPECT_FALSE(net.contains(address("10.0.255.255")));
  EXPECT_FALSE(IpRange::all(IpFamily::v6).contains(address("10.1.0.1")));
  EXPECT_TRUE(IpRange::all(IpFamily::v4).contains(net));

  const IpRange crossing{address("10.0.0.0"), address("10.1.0.5")};
  EXPECT_EQ(net.intersection(crossing), (IpRange{address("10.1.0.0"), address("10.1.0.5")}));
  EXPECT_EQ(crossing.intersection(net), net.intersection(crossing));
  EXPECT_EQ(net.intersection(IpRange::of(address("10.2.0.0"))), std::nullopt);
  EXPECT_EQ(net.intersection(IpRange::all(IpFamily::v6)), std::nullopt);
}

TEST(Endpoint, IsWrittenWithItsPort) { EXPECT_EQ((Endpoint{address("192.0.2.1"), 500}).to_string(), "192.0.2.1[500]"); }

}  // namespace
}  // namespace adit
