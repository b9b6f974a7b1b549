// The index finds what the linear search finds, whatever the filters are.

#include "policy/filter_index.h"

#include <gtest/gtest.h>

#include <random>

namespace adit::policy {
namespace {

using Random = std::mt19937_64;

std::uint32_t below(Random& random, std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); }

/// Few values, so that filters overlap and packets hit: the last octets of a net, of either family.
IpAddress address(Random& random, IpFamily family) {
  const std::uint32_t host = below(random, 4) << 8 | below(random, 16);
  if (family == IpFamily::v4) return IpAddress::v4(0x0a000000 | host);
  std::array<std::uint8_t, 16> octets{0x20, 0x01};
  octets[below(random, 8) == 0 ? 7 : 14] = static_cast<std::uint8_t>(host >> 8);
  octets[15] = static_cast<std::uint8_t>(host);
  return *IpAddress::from_octets(octets);
}

IpRange addresses(Random& random, IpFamily family) {
  const IpAddress one = address(random, family), other = address(random, family);
  switch (below(random, 5)) {
    case 0:
      return IpRange::all(family);
    case 1:
      return {std::min(one, other), std::max(one, other)};
    case 2:
      return IpRange::of_prefix(one, one.bits() - below(random, 13));
    default:
      return IpRange::of(one);
  }
}

constexpr std::uint16_t some_ports[] = {0, 1, 22, 80, 0x0800, 1024, 65534, 65535};
std::uint16_t port(Random& random) { return some_ports[below(random, std::size(some_ports))]; }
PortRange ports(Random& random) {
  if (below(random, 3) == 0) return PortRange::all();
  const std::uint16_t one = port(random), other = port(random);
  return {std::min(one, other), std::max(one, other)};
}

constexpr std::uint8_t some_protocols[] = {0, 1, 6, 17, 50, 58, 89, 135, 255};
std::uint8_t protocol(Random& random) { return some_protocols[below(random, std::size(some_protocols))]; }

template <class Value>
Value one_of(Random& random, std::initializer_list<Value> values) {
  return values.begin()[below(random, static_cast<std::uint32_t>(values.size()))];
}

Filter filter(Random& random) {
  const IpFamily family = one_of(random, {IpFamily::v4, IpFamily::v6});
  Filter filter;
  filter.direction = one_of(random, {Direction::inbound, Direction::outbound});
  filter.source = addresses(random, family);
  filter.destination = addresses(random, family);
  filter.routing = one_of(random, {Routing::local, Routing::routed, Routing::either});
  filter.security_class = below(random, 8) == 0 ? 7 : 0;
  filter.fragments_only = below(random, 16) == 0;
  if (below(random, 3) != 0) {
    filter.service.protocol = protocol(random);
    filter.service.source_ports = ports(random);
    filter.service.destination_ports = ports(random);
    filter.connect = one_of(random, {ConnectQualifier::none, ConnectQualifier::inbound, ConnectQualifier::outbound});
  }
  filter.service.opaque = below(random, 16) == 0;
  return filter;
}

PacketSelectors packet(Random& random) {
  const IpFamily family = one_of(random, {IpFamily::v4, IpFamily::v6});
  PacketSelectors packet{.source = address(random, family), .destination = address(random, family)};
  packet.protocol = protocol(random);
  packet.is_fragment = below(random, 4) == 0;
  packet.ports_hidden = packet.is_fragment && below(random, 2) == 0;
  if (!packet.ports_hidden) {
    packet.source_port = port(random);
    packet.destination_port = port(random);
  }
  packet.opens_connection = packet.protocol == IpProtocol::tcp && below(random, 2) == 0;
  return packet;
}

TEST(FilterIndex, FindsWhatTheLinearSearchFinds) {
  std::size_t found = 0, asked = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    Random random{seed};
    auto policy = std::make_shared<FilterPolicy>();
    const std::uint32_t filters = one_of(random, {0u, 1u, 7u, 60u, 400u});
    for (std::uint32_t i = 0; i < filters; ++i) policy->filters.push_back(filter(random));
    const FilterIndex index{policy};
    for (unsigned i = 0; i < 1'000; ++i) {
      const PacketSelectors selectors = packet(random);
      const PacketPath path{.direction = one_of(random, {Direction::inbound, Direction::outbound}),
                            .routed = below(random, 2) == 0,
                            .security_class = static_cast<std::uint8_t>(below(random, 2) * 7)};
      const Filter* linear = first_match(*policy, selectors, path);
      ASSERT_EQ(index.first_match(selectors, path), linear) << "seed " << seed << ", " << selectors.to_string();
      ++asked;
      found += linear != nullptr ? 1 : 0;
    }
  }
  EXPECT_GT(found, asked / 10) << "the filters hit too few of the packets to show anything";
  EXPECT_LT(found, asked);
}

Filter outbound(IpRange source, IpRange destination) {
  Filter filter;
  filter.direction = Direction::outbound;
  filter.source = source;
  filter.destination = destination;
  return filter;
}

TEST(FilterIndex, TakesMemoryInProportionWhateverOverlaps) {
  constexpr std::uint32_t filters = 20'000;
  constexpr std::size_t most_octets = 120;  // of index, for a filter of one direction and routing
  const struct {
    const char* name;
    IpRange (*source)(std::uint32_t);
    IpRange (*destination)(std::uint32_t);
  } cases[] = {
      {"one peer each", [](std::uint32_t) { return IpRange::all(IpFamily::v4); },
       [](std::uint32_t i) { return IpRange::of(IpAddress::v4(i)); }},
      {"all the same", [](std::uint32_t) { return IpRange::all(IpFamily::v4); },
       [](std::uint32_t) { return IpRange::all(IpFamily::v4); }},
      {"each within the one before",
       [](std::uint32_t i) { return IpRange{IpAddress::v4(i), IpAddress::v4(1'000'000 - i)}; },
       [](std::uint32_t i) { return IpRange{IpAddress::v4(i), IpAddress::v4(1'000'000 - i)}; }},
      {"a cross of wide and narrow",
       [](std::uint32_t i) { return i % 2 == 0 ? IpRange::all(IpFamily::v4) : IpRange::of(IpAddress::v4(i)); },
       [](std::uint32_t i) { return i % 2 == 1 ? IpRange::all(IpFamily::v4) : IpRange::of(IpAddress::v4(i)); }},
  };
  for (const auto& [name, source, destination] : cases) {
    SCOPED_TRACE(name);
    auto policy = std::make_shared<FilterPolicy>();
    for (std::uint32_t i = 0; i < filters; ++i) policy->filters.push_back(outbound(source(i), destination(i)));
    const FilterIndex index{policy};
    EXPECT_LT(index.octets(), filters * most_octets);
    const PacketSelectors hit{.source = IpAddress::v4(17), .destination = IpAddress::v4(16)};
    const PacketPath path{.direction = Direction::outbound};
    EXPECT_EQ(index.first_match(hit, path), first_match(*policy, hit, path));
  }
}

}  // namespace
}  // namespace adit::policy
