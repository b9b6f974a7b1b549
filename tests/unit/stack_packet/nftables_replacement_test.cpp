#include "stack/nftables_replacement.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "stack/nftables_ruleset.h"

namespace adit::stack {
namespace {

using Names = std::vector<std::string>;

/// With a map, a chain for its elements and a counter.
policy::PolicySnapshot example() {
  policy::PolicySnapshot snapshot;
  for (std::uint32_t i = 0; i < 20; ++i) {
    snapshot.filter.filters.push_back({.rule = "rule",
                                       .direction = policy::Direction::outbound,
                                       .source = IpRange::all(IpFamily::v4),
                                       .destination = IpRange::of(IpAddress::v4(i / 2)),
                                       .service = {.protocol = IpProtocol::udp,
                                                   .source_ports = i % 2 == 0 ? PortRange{1, 2} : PortRange{5, 9},
                                                   .destination_ports = PortRange::all()},
                                       .action = policy::FilterAction::permit});
  }
  return snapshot;
}

TEST(NftablesReplacement, NamesAllOfATableButItsHooks) {
  const std::string ruleset = ruleset_for(example(), {});
  const TableNames names = names_in(ruleset);
  EXPECT_FALSE(names.maps.empty());
  EXPECT_FALSE(names.counters.empty());
  for (const char* chain : {"closed", "local_in", "local_out_ah", "s0", "local_out_permit", "steer"}) {
    EXPECT_NE(std::ranges::find(names.chains, chain), names.chains.end()) << chain;
  }
  for (const char* hook : {"prerouting", "input", "forward", "forward_out", "output", "postrouting"}) {
    ASSERT_NE(ruleset.find(fmt::format("  chain {} ", hook)), std::string::npos);
    EXPECT_EQ(std::ranges::find(names.chains, hook), names.chains.end()) << hook;
  }
}

TEST(NftablesReplacement, ReadsWhatNftablesListsToo) {
  const TableNames names = names_in(
      "table inet adit {\n\tmap m0 {\n\t\ttypeof ip saddr : verdict\n\t}\n\tchain s0 {\n\t}\n"
      "\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n"
      "\tcounter f12 {\n\t\tpackets 0 bytes 0\n\t}\n}\n");
  EXPECT_EQ(names.maps, Names{"m0"});
  EXPECT_EQ(names.chains, Names{"s0"});
  EXPECT_EQ(names.counters, Names{"f12"});
}

TEST(NftablesReplacement, KeepsTheHooksAndDeletesWhatTheNextRulesetMayNameAnew) {
  const std::string ruleset = ruleset_for(example(), {});
  EXPECT_EQ(in_place(ruleset, {.maps = {"m0"}, .chains = {"s0", "closed"}, .counters = {"f7"}}),
            "flush table inet adit\ndelete map inet adit m0\ndelete chain inet adit s0\n"
            "delete chain inet adit closed\ndelete counter inet adit f7\n" +
                ruleset.substr(ruleset_removed().size()));
}

}  // namespace
}  // namespace adit::stack
