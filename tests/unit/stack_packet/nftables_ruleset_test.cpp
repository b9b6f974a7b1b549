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

/// A search: without the rules that send packets to those for fragments and AH.
std::vector<std::string> search(const std::string& ruleset, const std::string& name) {
  std::vector<std::string> lines = chain(ruleset, name);
  std::erase_if(lines, [](const std::string& line) { return line.ends_with("_pieces") || line.ends_with("_ah"); });
  return lines;
}

/// The rule that logs a packet.
std::string log_of(std::string_view prefix) {
  return fmt::format("limit rate 100/second log prefix \"{}\" group 44311 snaplen 128", prefix);
}

TEST(NftablesRuleset, KeepsTheOrderOfTheRulesAndEndsWithTheImplicitDeny) {
  const std::string text = ruleset_for(example(), {});
  EXPECT_EQ(search(text, "local_out"),
            (std::vector<std::string>{
                "ip daddr 10.2.0.0/16 meta l4proto 6 @th,16,16 80-90 counter name f0 goto local_out_permit",
                "ip saddr 10.1.0.0/16 ip daddr 10.2.0.0/16 counter name f1 goto local_out_ipsec_logdeny",
                log_of("local_out implicit"), "drop"}));
  EXPECT_EQ(chain(text, "local_out_ipsec_logdeny"), std::vector<std::string>{"meta mark set 0xad170001 accept"});
  EXPECT_EQ(search(text, "local_in"),
            (std::vector<std::string>{
                "ip saddr 10.2.0.0/16 ip daddr 10.1.0.0/16 counter name f2 goto local_in_ipsec_logdeny",
                "meta nfproto ipv4 meta l4proto 1 counter name f3 goto local_in_deny_log_logdeny_icmp",
                "meta nfproto ipv4 counter name f4 goto local_in_permit", log_of("local_in implicit"), "drop"}));
  EXPECT_EQ(chain(text, "local_in_ipsec_logdeny"),
            (std::vector<std::string>{"iifname \"adit0\" accept", log_of("local_in no tunnel"), "drop"}));
  EXPECT_EQ(chain(text, "local_in_permit").at(1), "iifname \"adit0\" drop")
      << "what an SA brought is not for a rule that permits clear text";
  EXPECT_EQ(chain(text, "local_in_deny_log_logdeny_icmp").back(), "reject with icmpx admin-prohibited");
  // Routing Local: neither the web nor the rest is forwarded.
  EXPECT_EQ(search(text, "routed_out"),
            (std::vector<std::string>{
                "ip saddr 10.1.0.0/16 ip daddr 10.2.0.0/16 counter name f1 goto routed_out_ipsec_logdeny",
                "ip saddr 10.2.0.0/16 ip daddr 10.1.0.0/16 iifname \"adit0\" accept", log_of("routed_out implicit"),
                "drop"}));
  // What comes from the net behind, in clear, to be protected: the outbound search sees to that.
  EXPECT_EQ(search(text, "routed_in").front(), "ip saddr 10.1.0.0/16 ip daddr 10.2.0.0/16 iifname != \"adit0\" accept");
  EXPECT_EQ(search(text, "steer"), std::vector<std::string>{"ip saddr 10.1.0.0/16 ip daddr 10.2.0.0/16 goto steered"});
}

TEST(NftablesRuleset, FragmentsThatShowNoPortsMeetOnlyFiltersThatAskForNone) {
  const std::string text = ruleset_for(example(), {});
  EXPECT_EQ(chain(text, "local_out").front(), "ip frag-off & 0x1fff != 0 goto local_out_pieces");
  EXPECT_EQ(chain(text, "local_out_pieces").front(),
            "ip saddr 10.1.0.0/16 ip daddr 10.2.0.0/16 counter name f1 goto local_out_ipsec_logdeny");
}

/// The names of the maps, and how many rules are outside of them, of `filters` filters that `change` makes different.
struct Shape {
  std::size_t maps = 0, rules = 0;
  auto operator<=>(const Shape&) const = default;
};
std::uint16_t port(std::uint32_t number) { return static_cast<std::uint16_t>(number); }

Shape shape_of(std::uint32_t filters, void (*change)(Filter&, std::uint32_t)) {
  policy::PolicySnapshot snapshot;
  for (std::uint32_t i = 0; i < filters; ++i) change(snapshot.filter.filters.emplace_back(tcp_out()), i);
  const std::string text = ruleset_for(snapshot, {});
  Shape shape;
  for (std::size_t at = 0; (at = text.find("  map m", at)) != std::string::npos; ++at) ++shape.maps;
  for (std::size_t at = 0; (at = text.find(" counter name f", at)) != std::string::npos; ++at) ++shape.rules;
  return shape;
}

TEST(NftablesRuleset, FiltersThatExcludeEachOtherAreElementsOfOneMap) {
  constexpr std::uint32_t many = 1'000;
  EXPECT_EQ(shape_of(many, [](Filter& f, std::uint32_t i) { f.destination = IpRange::of(IpAddress::v4(i)); }),
            (Shape{.maps = 1, .rules = 0}))
      << "a peer each, the same ports";
  EXPECT_EQ(
      shape_of(many, [](Filter& f, std::uint32_t i) { f.source = IpRange::of_prefix(IpAddress::v4(i << 8), 24); }),
      (Shape{.maps = 1, .rules = 0}))
      << "a net each";
  EXPECT_EQ(shape_of(many,
                     [](Filter& f, std::uint32_t i) {
                       f.destination = IpRange::of(IpAddress::v4(i / 2));
                       f.service.destination_ports = i % 2 == 0 ? PortRange{80, 90} : PortRange::of(500);
                     }),
            (Shape{.maps = 1, .rules = many}))
      << "several services a peer: a short chain for each";
  EXPECT_EQ(
      shape_of(many, [](Filter& f, std::uint32_t i) { f.service.destination_ports = {port(8 * i), port(8 * i + 5)}; }),
      (Shape{.maps = 1, .rules = 0}))
      << "a range of ports each";
  EXPECT_EQ(shape_of(many, [](Filter& f, std::uint32_t i) { f.service.destination_ports = {1, port(i + 1)}; }),
            (Shape{.maps = 1, .rules = 0}))
      << "ranges of ports that all overlap: in each part the first decides";
  EXPECT_EQ(shape_of(many,
                     [](Filter& f, std::uint32_t i) {
                       f.service.protocol = i % 2 == 0 ? IpProtocol::tcp : IpProtocol::udp;
                       f.service.source_ports = {port(10'000 + i), port(60'000 - i)};
                     }),
            (Shape{.maps = 3, .rules = 0}))
      << "two protocols: a map that tells them apart, and one for each";
  EXPECT_EQ(shape_of(many,
                     [](Filter& f, std::uint32_t i) {
                       f.destination = {IpAddress::v4(0), IpAddress::v4(100'000 + i)};
                       f.service.destination_ports = {port(8 * i), port(8 * i + 5)};
                     })
                .maps,
            1u)
      << "nets that all overlap, and ranges of ports that do not";
  EXPECT_EQ(shape_of(many,
                     [](Filter& f, std::uint32_t i) {
                       f.service.source_ports = {port(i), port(30'000 + 7 * i)};
                       f.service.destination_ports = {port(i), port(30'000 + 11 * i)};
                     })
                .rules,
            many)
      << "ranges that overlap in both dimensions stay rules in their order";
}

TEST(NftablesRuleset, WhatIsForwardedGoesToADeviceOfItsOwn) {
  const std::string text = ruleset_for(example(), {});
  EXPECT_EQ(chain(text, "steered"), std::vector<std::string>{"meta mark set 0xad170003 accept"});
  EXPECT_EQ(chain(text, "routed_out_ipsec_logdeny").front(), "oifname \"adit0r\" accept");
  for (const char* closed :
       {"meta mark 0xad170001 oifname != \"adit0\" drop", "meta mark 0xad170003 oifname != \"adit0r\" drop"}) {
    EXPECT_EQ(std::ranges::count(chain(text, "postrouting"), closed), 1) << closed;
  }
}

TEST(NftablesRuleset, EspAndAhOfHostsBehindAreSteeredLikeAllElse) {
  const std::vector<std::string> hook = chain(ruleset_for(example(), {}), "prerouting");
  const auto at = [&](std::string_view rule) { return std::ranges::find(hook, rule) - hook.begin(); };
  ASSERT_LT(at("jump steer"), std::ssize(hook));
  for (const std::string& rule : std::vector(hook.begin(), hook.begin() + at("jump steer"))) {
    EXPECT_TRUE(!rule.ends_with(" return") || rule.starts_with("fib daddr type")) << rule;
  }
}

TEST(NftablesRuleset, TheClassOfAForwardedPacketIsThatOfTheInterfaceItWouldLeaveByInClear) {
  policy::PolicySnapshot snapshot = example();
  Filter clear = snapshot.filter.filters[1];
  clear.action = FilterAction::permit;
  clear.logging = policy::FilterLogging::none;
  clear.security_class = 7;
  snapshot.filter.filters.insert(snapshot.filter.filters.begin(), clear);
  const std::string text = ruleset_for(snapshot, {.security_classes = {{"eth7", std::uint8_t{7}}}});
  EXPECT_EQ(search(text, "steer"),
            (std::vector<std::string>{"ip saddr 10.1.0.0/16 ip daddr 10.2.0.0/16 fib daddr oifname { \"eth7\" } accept",
                                      "ip saddr 10.1.0.0/16 ip daddr 10.2.0.0/16 goto steered"}));
  EXPECT_TRUE(search(text, "routed_out").front().starts_with("oifname { \"eth7\" } "));
}

TEST(NftablesRuleset, DecidesWhenOtherTablesHaveHadTheirSay) {
  const std::string text = ruleset_for(example(), {.own_user = 990});
  EXPECT_EQ(chain(text, "prerouting").front(), "type filter hook prerouting priority -90; policy accept;");
  EXPECT_EQ(chain(text, "output").front(), "type route hook output priority 150; policy drop;");
  // The data plane's own packets are known by its user where their mark has gone.
  for (const char* own : {"meta mark 0xad170002 ", "meta skuid 990 "}) {
    for (const char* packet :
         {"meta l4proto { esp, ah } accept", "ip6 nexthdr ah accept", "udp sport 4500 @th,64,32 != 0 accept"}) {
      EXPECT_EQ(std::ranges::count(chain(text, "output"), std::string{own} + packet), 1) << own << packet;
    }
  }
}

TEST(NftablesRuleset, TellsSendersInClearOfWhatCameInClearAlone) {
  policy::PolicySnapshot snapshot = example();
  const std::string text = ruleset_for(snapshot, {});
  EXPECT_EQ(chain(text, "local_in_deny_log_logdeny_icmp"),
            (std::vector<std::string>{log_of("local_in deny"), "iifname \"adit0\" drop",
                                      "reject with icmpx admin-prohibited"}));
  const auto answers = [](const std::string& ruleset) {
    return std::ranges::count(chain(ruleset, "output"), "meta l4proto { icmp, icmpv6 } jump own_errors");
  };
  EXPECT_EQ(answers(text), 1);
  EXPECT_EQ(chain(text, "own_errors").front(), "meta skuid 0-4294967295 return") << "a process makes its own";
  std::erase_if(snapshot.filter.filters, [](const Filter& filter) { return filter.action == FilterAction::deny; });
  EXPECT_EQ(answers(ruleset_for(snapshot, {})), 0) << "nobody is told";
  snapshot.filter.implicit_discard = policy::DiscardAction::icmp;
  EXPECT_EQ(answers(ruleset_for(snapshot, {})), 1);
}

TEST(NftablesRuleset, WhatIsSentToATunnelIsNotLoggedAsPermittedBefore) {
  policy::PolicySnapshot snapshot = example();
  for (Filter& filter : snapshot.filter.filters) filter.logging = policy::FilterLogging::all;
  const std::string text = ruleset_for(snapshot, {});
  EXPECT_EQ(chain(text, "local_out_ipsec_log_logdeny"), std::vector<std::string>{"meta mark set 0xad170001 accept"});
  EXPECT_EQ(chain(text, "routed_out_ipsec_log_logdeny"),
            (std::vector<std::string>{"oifname \"adit0r\" accept", log_of("routed_out no tunnel"), "drop"}));
}

TEST(NftablesRuleset, DropsDeniedFragmentsBeforeTheKernelPutsThemTogether) {
  policy::PolicySnapshot snapshot = example();
  EXPECT_EQ(ruleset_for(snapshot, {}).find("early"), std::string::npos) << "nobody asks for it";
  Filter& deny = snapshot.filter.filters[3];
  deny.routing = policy::Routing::routed;
  deny.fragments_only = true;
  const std::string text = ruleset_for(snapshot, {});
  EXPECT_EQ(chain(text, "early_forward").front(), "type filter hook prerouting priority -450; policy accept;");
  EXPECT_EQ(
      search(text, "early_routed_in"),
      (std::vector<std::string>{"ip saddr 10.1.0.0/16 ip daddr 10.2.0.0/16 iifname != \"adit0\" goto early_routed_out",
                                "ip saddr 10.2.0.0/16 ip daddr 10.1.0.0/16 goto early_protected",
                                "meta nfproto ipv4 ip frag-off & 0x3fff != 0 meta l4proto 1 counter name f3 "
                                "goto routed_in_deny_log_logdeny_icmp"}))
      << "an earlier rule decides first";
  EXPECT_EQ(search(text, "early_routed_out"),
            (std::vector<std::string>{"ip saddr 10.1.0.0/16 ip daddr 10.2.0.0/16 accept",
                                      "ip saddr 10.2.0.0/16 ip daddr 10.1.0.0/16 iifname \"adit0\" accept"}));
}

TEST(NftablesRuleset, LetsEspPastTheRulesUnlessTheyAreToSeeIt) {
  policy::PolicySnapshot snapshot = example();
  EXPECT_TRUE(std::ranges::count(chain(ruleset_for(snapshot, {}), "input"), "meta l4proto { esp, ah } accept") == 1);
  snapshot.filter.pre_decap = true;
  for (const std::string& rule : chain(ruleset_for(snapshot, {}), "input")) {
    EXPECT_EQ(rule.find("esp"), std::string::npos);
    EXPECT_EQ(rule.find("ah"), std::string::npos);
    EXPECT_EQ(rule.find("4500"), std::string::npos);
  }
}

TEST(NftablesRuleset, LogsNothingWithFilterLoggingOff) {
  policy::PolicySnapshot snapshot = example();
  snapshot.filter.logging = false;
  EXPECT_EQ(ruleset_for(snapshot, {}).find("log"), std::string::npos);
}

/// The kernel gives a new chain its rules before its policy: that alone would let packets pass for a moment.
TEST(NftablesRuleset, EveryHookThatDropsEndsInARuleThatDecides) {
  const std::string denial = ruleset_of_denial({}), policy = ruleset_for(example(), {});
  for (const char* hook : {"input", "output", "forward"}) {
    ASSERT_FALSE(chain(denial, hook).empty()) << hook;
    EXPECT_EQ(chain(denial, hook).back(), "drop") << hook;
  }
  for (const auto& [hook, search] : {std::pair{"input", "local_in"},
                                     {"output", "local_out"},
                                     {"forward", "routed_in"},
                                     {"forward_out", "routed_out"}}) {
    EXPECT_EQ(chain(policy, hook).back(), fmt::format("jump {}", search));
    EXPECT_EQ(chain(policy, search).back(), "drop") << search;
  }
}

TEST(NftablesRuleset, SaysOfItselfThatItIsClosedUnlessItIsOpen) {
  const std::string mark = "  chain closed { }\n";
  EXPECT_NE(ruleset_of_denial({}).find(mark), std::string::npos);
  EXPECT_NE(ruleset_for(example(), {}).find(mark), std::string::npos);
  EXPECT_EQ(ruleset_for(example(), {.leaves = Leaves::open}).find(mark), std::string::npos);
}

}  // namespace
}  // namespace adit::stack
