#include "stack/nftables_ruleset.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "stack/nftables_match.h"

namespace adit::stack {
namespace {

using policy::Filter;
using policy::FilterAction;

Filter tcp_out() {
  return {.rule = "web",
          .extension = 1,
          .direction = policy::Direction::outbound,
          .source = IpRange::all(IpFamily::v4),
          .destination = IpRange::of_prefix(IpAddress::v4(0x0a020000), 16),
          .service = {.protocol = IpProtocol::tcp, .source_ports = PortRange::all(), .destination_ports = {80, 90}},
          .action = FilterAction::permit};
}

TEST(NftablesMatch, SaysWhatTheFilterSays) {
  const struct {
    const char* name;
    void (*change)(Filter&);
    std::optional<std::string> want;
  } cases[] = {
      {"prefix and ports", [](Filter&) {}, "ip daddr 10.2.0.0/16 meta l4proto 6 @th,16,16 80-90 "},
      {"a range that is no prefix",
       [](Filter& f) { f.destination = {IpAddress::v4(0x0a020001), IpAddress::v4(0x0a020009)}; },
       "ip daddr 10.2.0.1-10.2.0.9 meta l4proto 6 @th,16,16 80-90 "},
      {"all of a family",
       [](Filter& f) {
         f.source = f.destination = IpRange::all(IpFamily::v6);
         f.service = {};
       },
       "meta nfproto ipv6 "},
      {"type and code once, though both ports hold them",
       [](Filter& f) {
         f.service = {.protocol = 1, .source_ports = {0x0800, 0x08ff}, .destination_ports = {0x0800, 0x08ff}};
       },
       "ip daddr 10.2.0.0/16 meta l4proto 1 @th,0,16 2048-2303 "},
      {"OSPF type",
       [](Filter& f) {
         f.service = {.protocol = 89, .source_ports = {0x0100, 0x01ff}, .destination_ports = {0x0100, 0x01ff}};
       },
       "ip daddr 10.2.0.0/16 meta l4proto 89 @th,8,8 1 "},
      {"opaque", [](Filter& f) { f.service = {.opaque = true}; }, "ip daddr 10.2.0.0/16 ip frag-off & 0x1fff != 0 "},
      {"fragments only",
       [](Filter& f) {
         f.service = {};
         f.fragments_only = true;
       },
       "ip daddr 10.2.0.0/16 ip frag-off & 0x3fff != 0 "},
      {"connections from outside only: no SYN of ours",
       [](Filter& f) {
         f.service.destination_ports = PortRange::all();
         f.connect = policy::ConnectQualifier::inbound;
       },
       "ip daddr 10.2.0.0/16 meta l4proto 6 tcp flags & (syn | ack) != syn "},
      {"a class of interfaces", [](Filter& f) { f.security_class = 7, f.service = {}; },
       "oifname { \"eth7\" } ip daddr 10.2.0.0/16 "},
      {"a class that no interface has", [](Filter& f) { f.security_class = 8; }, std::nullopt},
      {"two families", [](Filter& f) { f.source = IpRange::all(IpFamily::v6); }, std::nullopt},
  };
  const RulesetOptions options{.security_classes = {{"eth7", std::uint8_t{7}}}};
  for (const auto& [name, change, want] : cases) {
    SCOPED_TRACE(name);
    Filter filter = tcp_out();
    change(filter);
    EXPECT_EQ(match_expression(filter, options), want);
  }
}

/// The lines of one chain, without their indentation.
std::vector<std::string> chain(const std::string& ruleset, const std::string& name) {
  std::vector<std::string> lines;
  std::size_t at = ruleset.find("  chain " + name + " {\n");
  if (at == std::string::npos) return lines;
  at = ruleset.find('\n', at) + 1;
  while (ruleset.compare(at, 4, "  }\n") != 0) {
    const std::size_t end = ruleset.find('\n', at);
    lines.push_back(ruleset.substr(at + 4, end - at - 4));
    at = end + 1;
  }
  return lines;
}

policy::PolicySnapshot example() {
  policy::PolicySnapshot snapshot;
  Filter web = tcp_out();
  Filter nets{.rule = "nets",
              .extension = 1,
              .direction = policy::Direction::outbound,
              .source = IpRange::of_prefix(IpAddress::v4(0x0a010000), 16),
              .destination = IpRange::of_prefix(IpAddress::v4(0x0a020000), 16),
              .routing = policy::Routing::either,
              .action = FilterAction::ipsec,
              .logging = policy::FilterLogging::deny};
  Filter nets_in = nets;
  nets_in.direction = policy::Direction::inbound;
  std::swap(nets_in.source, nets_in.destination);
  Filter no_icmp{.rule = "no \"icmp\"",
                 .extension = 2,
                 .direction = policy::Direction::inbound,
                 .source = IpRange::all(IpFamily::v4),
                 .destination = IpRange::all(IpFamily::v4),
                 .service = {.protocol = IpProtocol::icmp},
                 .action = FilterAction::deny,
                 .logging = policy::FilterLogging::all,
                 .discard = policy::DiscardAction::icmp};
  Filter rest{.rule = "rest",
              .extension = 1,
              .direction = policy::Direction::inbound,
              .source = IpRange::all(IpFamily::v4),
              .destination = IpRange::all(IpFamily::v4),
              .action = FilterAction::permit};
  snapshot.filter.filters = {web, nets, nets_in, no_icmp, rest};
  return snapshot;
}

TEST(NftablesRuleset, ReplacesTheTableInOneTransaction) {
  EXPECT_TRUE(
      ruleset_for(example(), {}).starts_with("add table inet adit\ndelete table inet adit\ntable inet adit {\n"));
}

TEST(NftablesRuleset, KeepsTheOrderOfTheRulesAndEndsWithTheImplicitDeny) {
  const std::string text = ruleset_for(example(), {});
  EXPECT_EQ(chain(text, "local_out"),
            (std::vector<std::string>{
                "ip daddr 10.2.0.0/16 meta l4proto 6 @th,16,16 80-90 counter name f0 return",
                "ip saddr 10.1.0.0/16 ip daddr 10.2.0.0/16 counter name f1 meta mark set 0xad170001 accept",
                "log prefix \"adit deny implicit: \"", "drop"}));
  EXPECT_EQ(chain(text, "local_in"),
            (std::vector<std::string>{
                "ip saddr 10.2.0.0/16 ip daddr 10.1.0.0/16 iifname \"adit0\" counter name f2 return",
                "ip saddr 10.2.0.0/16 ip daddr 10.1.0.0/16 counter name f2 log prefix \"adit deny nets.1: \" drop",
                "meta nfproto ipv4 meta l4proto 1 counter name f3 log prefix \"adit deny no__icmp_.2: \" reject with "
                "icmpx admin-prohibited",
                "meta nfproto ipv4 iifname \"adit0\" drop", "meta nfproto ipv4 counter name f4 return",
                "log prefix \"adit deny implicit: \"", "drop"}));
  // Routing Local: neither the web nor the rest is forwarded.
  EXPECT_EQ(chain(text, "routed_out"),
            (std::vector<std::string>{
                "ip saddr 10.1.0.0/16 ip daddr 10.2.0.0/16 oifname \"adit0\" counter name f1 return",
                "ip saddr 10.1.0.0/16 ip daddr 10.2.0.0/16 counter name f1 log prefix \"adit deny nets.1: \" drop",
                "ip saddr 10.2.0.0/16 ip daddr 10.1.0.0/16 iifname \"adit0\" return",
                "log prefix \"adit deny implicit: \"", "drop"}));
  // What comes from the net behind, in clear, to be protected: the outbound search sees to that.
  EXPECT_EQ(chain(text, "routed_in").front(), "ip saddr 10.1.0.0/16 ip daddr 10.2.0.0/16 iifname != \"adit0\" return");
  EXPECT_EQ(chain(text, "steer"),
            std::vector<std::string>{"ip saddr 10.1.0.0/16 ip daddr 10.2.0.0/16 meta mark set 0xad170001 return"});
}

TEST(NftablesRuleset, LetsEspPastTheRulesUnlessTheyAreToSeeIt) {
  policy::PolicySnapshot snapshot = example();
  EXPECT_TRUE(std::ranges::count(chain(ruleset_for(snapshot, {}), "input"), "meta l4proto { esp, ah } accept") == 1);
  snapshot.filter.pre_decap = true;
  for (const std::string& rule : chain(ruleset_for(snapshot, {}), "input")) {
    EXPECT_EQ(rule.find("esp"), std::string::npos);
    EXPECT_EQ(rule.find("4500"), std::string::npos);
  }
}

TEST(NftablesRuleset, LogsNothingWithFilterLoggingOff) {
  policy::PolicySnapshot snapshot = example();
  snapshot.filter.logging = false;
  EXPECT_EQ(ruleset_for(snapshot, {}).find("log"), std::string::npos);
}

TEST(NftablesRuleset, UntilThePolicyComesOnlyNeighboursAreHeardOrEverything) {
  const std::string closed = ruleset_until_policy(UntilPolicy::deny, {});
  for (const char* hook : {"input", "output", "forward"}) {
    EXPECT_NE(closed.find(fmt::format("chain {} {{", hook)), std::string::npos);
  }
  EXPECT_EQ(ruleset_until_policy(UntilPolicy::permit, {}), ruleset_removed());
}

TEST(NftablesRuleset, CountersAreReadFromTheListing) {
  const std::string listing =
      "table inet adit {\n\tcounter f0 {\n\t\tpackets 12 bytes 3400\n\t}\n\tcounter f17 {\n\t\tpackets 0 bytes 0\n\t}\n"
      "\tcounter fx {\n\t\tpackets 5 bytes 6\n\t}\n}\n";
  EXPECT_EQ(parse_filter_counts(listing),
            (std::vector<FilterCount>{{.filter = 0, .packets = 12, .octets = 3400}, {.filter = 17}}));
  EXPECT_TRUE(parse_filter_counts("").empty());
}

}  // namespace
}  // namespace adit::stack
