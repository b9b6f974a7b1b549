// Rules that never match, on each dimension of a packet: exactly those, and no others.

#include <map>
#include <random>
#include <set>

#include "linted.h"
#include "policy/match.h"

namespace adit::policy::lint {
namespace {

/// `permit 10.0.0.0/8 > All tcp 22 | Direction Inbound`: a rule; ports are the destination's; after `|` lines of the
/// IpService as they are, joined by `;`.
std::string policy_of(const std::vector<std::string>& rules) {
  std::string text = "IpFilterPolicy\n{\n";
  for (std::size_t i = 0; i < rules.size(); ++i) {
    std::istringstream in{rules[i]};
    std::string action, from, arrow, to, protocol, rest;
    in >> action >> from >> arrow >> to >> protocol;
    std::getline(in, rest);
    std::string service = "Protocol " + protocol + "\n";
    // `@ 07:00-19:00` at the end: the IpTimeCondition.
    std::string time;
    if (const std::size_t at = rest.find('@'); at != std::string::npos) {
      time = "IpTimeCondition\n{\nTimeOfDayRange " + rest.substr(at + 2) + "\n}\n";
      rest.resize(at);
    }
    const std::size_t bar = rest.find('|');
    const std::string ports = rest.substr(0, bar);
    if (ports.find_first_not_of(' ') != std::string::npos) service += "DestinationPortRange" + ports + "\n";
    if (bar != std::string::npos) {
      std::string more = rest.substr(bar + 1);
      std::ranges::replace(more, ';', '\n');
      service += more + "\n";
    }
    text += fmt::format(
        "IpFilterRule r{}\n{{\nIpSourceAddr {}\nIpDestAddr {}\nIpService\n{{\n{}}}\n{}IpGenericFilterActionRef "
        "{}\n}}\n",
        i, from, to, service, time, action);
  }
  return text +
         "}\nIpGenericFilterAction permit\n{\nIpFilterAction Permit\n}\nIpGenericFilterAction deny\n{\nIpFilterAction "
         "Deny\n}\n"
         "IpGenericFilterAction icmp\n{\nIpFilterAction Deny\nDiscardAction ICMP\n}\n";
}

/// `shadowed-rule r1 r0`: id, rule, the rule of the other place.
std::vector<std::string> order_of(const std::vector<std::string>& rules) {
  const SourceFile source{.name = "test.policy", .text = policy_of(rules)};
  const Document document{StackName{"east"}, nullptr, &source};
  EXPECT_NE(document.policy(), nullptr) << render(document.diagnostics(), std::vector{source});
  if (document.policy() == nullptr) return {};
  const auto rule_at = [&](const SourceRange& at) {
    for (const Filter& filter : document.policy()->filter.filters) {
      if (filter.at == at) return filter.rule;
    }
    return std::string{"?"};
  };
  std::vector<std::string> found;
  for (const Remark& remark : lint(document)) {
    if (remark.kind == Kind::unused_statement) continue;
    found.push_back(fmt::format("{} {}{}", row_of(remark.kind).id, rule_at(remark.at),
                                remark.other ? " " + rule_at(*remark.other) : ""));
  }
  return found;
}

struct Case {
  const char* name;
  std::vector<std::string> rules;
  std::vector<std::string> want;
};

const Case cases[] = {
    {"apart", {"permit 10.0.0.1 > 10.0.0.2 tcp 22", "deny 10.0.0.1 > 10.0.0.2 tcp 23"}, {}},
    {"wide after narrow", {"permit 10.0.0.1 > 10.0.0.2 tcp 22", "deny 10.0.0.0/8 > All4 all"}, {}},
    {"narrow after wide", {"deny 10.0.0.0/8 > All4 all", "permit 10.0.0.1 > 10.0.0.2 tcp 22"}, {"shadowed-rule r1 r0"}},
    {"the same effect",
     {"permit 10.0.0.0/8 > All4 all", "permit 10.0.0.1 > 10.0.0.2 tcp 22"},
     {"redundant-rule r1 r0"}},
    {"denied another way", {"deny 10.0.0.0/8 > All4 all", "icmp 10.0.0.1 > 10.0.0.2 tcp 22"}, {"shadowed-rule r1 r0"}},
    {"one address more", {"deny 10.0.0.1-10.0.0.9 > All4 all", "permit 10.0.0.1-10.0.0.10 > All4 all"}, {}},
    {"one port more", {"deny All4 > All4 tcp 1 9", "permit All4 > All4 tcp 1 10"}, {}},
    {"the last port", {"deny All4 > All4 tcp 1 9", "permit All4 > All4 tcp 9"}, {"shadowed-rule r1 r0"}},
    {"another protocol", {"deny All4 > All4 tcp", "permit All4 > All4 udp"}, {}},
    {"in force at some times",
     {"deny 10.0.0.0/8 > All4 all | };IpTimeCondition;{;TimeOfDayRange 07:00-19:00",
      "permit 10.0.0.1 > 10.0.0.2 tcp 22"},
     {"shadowed-at-times r1 r0"}},
    {"in force at the same times",
     {"deny 10.0.0.0/8 > All4 all | };IpTimeCondition;{;TimeOfDayRange 07:00-19:00",
      "permit 10.0.0.1 > 10.0.0.2 tcp 22 | };IpTimeCondition;{;TimeOfDayRange 07:00-19:00"},
     {"shadowed-rule r1 r0"}},
    {"at some times after always",
     {"deny 10.0.0.0/8 > All4 all",
      "permit 10.0.0.1 > 10.0.0.2 tcp 22 | };IpTimeCondition;{;TimeOfDayRange 07:00-19:00"},
     {"shadowed-rule r1 r0"}},
    {"families", {"deny All4 > All4 all", "permit All6 > All6 all"}, {}},
    {"one family of two", {"deny All4 > All4 all", "permit All > All all"}, {"partly-shadowed-rule r1 r0"}},
    {"IPv6", {"deny 2001:db8::/32 > All6 all", "permit 2001:db8:1::/48 > All6 tcp 22"}, {"shadowed-rule r1 r0"}},
    {"routing", {"deny All4 > All4 all | Routing Routed", "permit All4 > All4 all | Routing Local"}, {}},
    {"routing either",
     {"deny All4 > All4 all | Routing Either", "permit All4 > All4 all | Routing Routed"},
     {"shadowed-rule r1 r0"}},
    {"direction", {"deny All4 > All4 all | Direction Inbound", "permit All4 > All4 all | Direction Outbound"}, {}},
    {"one direction of two",
     {"deny All4 > All4 all | Direction Inbound", "permit 10.0.0.1 > All4 all"},
     {"partly-shadowed-rule r1 r0"}},
    {"type", {"deny All4 > All4 icmp | Type 8", "permit All4 > All4 icmp | Type 8; Code 0"}, {"shadowed-rule r1 r0"}},
    {"another type", {"deny All4 > All4 icmp | Type 8", "permit All4 > All4 icmp | Type 0"}, {}},
    {"a type does not match fragments",
     {"deny All4 > All4 icmp | Type 0 255", "permit All4 > All4 icmp"},
     {"shadowed-rule r1 r0"}},
    {"ports do not match fragments", {"deny All4 > All4 tcp 1 65535", "permit All4 > All4 tcp"}, {}},
    {"opaque after all", {"deny All4 > All4 all", "permit All4 > All4 Opaque"}, {"shadowed-rule r1 r0"}},
    {"all after opaque", {"deny All4 > All4 Opaque", "permit All4 > All4 all"}, {}},
    {"fragments after all",
     {"deny All4 > All4 all | Routing Routed", "permit All4 > All4 all | Routing Routed; FragmentsOnly Yes"},
     {"shadowed-rule r1 r0"}},
    {"all after fragments",
     {"deny All4 > All4 all | Routing Routed; FragmentsOnly Yes", "permit All4 > All4 all | Routing Routed"},
     {}},
    {"connections",
     {"permit All4 > All4 tcp | Direction Bidirectional InboundConnect", "deny All4 > All4 tcp"},
     {"partly-shadowed-rule r1 r0"}},
    {"both connections",
     {"permit All4 > All4 tcp | Direction Bidirectional InboundConnect",
      "permit All4 > All4 tcp | Direction Bidirectional OutboundConnect", "deny All4 > All4 tcp"},
     {"partly-shadowed-rule r1 r0", "unreachable-rule r2 r0"}},
    {"security class", {"deny All4 > All4 all | SecurityClass 1", "permit All4 > All4 all"}, {}},
    {"security class after any",
     {"deny All4 > All4 all", "permit All4 > All4 all | SecurityClass 1"},
     {"shadowed-rule r1 r0"}},
    {"two halves",
     {"deny 0.0.0.0/1 > All4 all", "permit 128.0.0.0/1 > All4 all", "deny 10.0.0.0/8 > All4 all",
      "deny 100.0.0.0-200.0.0.0 > All4 all"},
     {"redundant-rule r2 r0", "unreachable-rule r3 r0"}},
    {"two halves with a gap of one",
     {"deny 10.0.0.0-10.0.0.7 > All4 all", "permit 10.0.0.9-10.0.0.20 > All4 all",
      "deny 10.0.0.0-10.0.0.20 > All4 all"},
     {}},
    {"ports in pieces",
     {"deny All4 > All4 udp 1 1000", "permit All4 > All4 udp 1001 2000", "deny All4 > All4 udp 500 1500"},
     {"unreachable-rule r2 r0"}},
    {"a checkerboard",
     {"deny 10.0.0.0/9 > 20.0.0.0/9 all", "permit 10.128.0.0/9 > 20.128.0.0/9 all",
      "deny 10.0.0.0/9 > 20.128.0.0/9 all", "deny 10.0.0.0/8 > 20.0.0.0/8 all"},
     {}},
    {"a board without holes",
     {"deny 10.0.0.0/9 > 20.0.0.0/9 all", "permit 10.128.0.0/9 > 20.128.0.0/9 all",
      "deny 10.0.0.0/9 > 20.128.0.0/9 all", "permit 10.128.0.0/9 > 20.0.0.0/9 all", "deny 10.0.0.0/8 > 20.0.0.0/8 all"},
     {"unreachable-rule r4 r0"}},
    {"all ports of both ends, in halves",
     {"deny All4 > All4 udp | SourcePortRange 0 32767", "deny All4 > All4 udp | SourcePortRange 32768 65535",
      "permit All4 > All4 udp 500"},
     {"unreachable-rule r2 r0"}},
    {"shadowed by day alone",
     {"deny All > All all @ 07:00-19:00", "permit All > All all"},
     {"shadowed-at-times r1 r0"}},
    {"shadowed whenever it is in force itself",
     {"deny All > All all @ 07:00-19:00", "permit All > All all @ 09:00-10:00"},
     {"shadowed-rule r1 r0"}},
    {"day and night do not meet", {"deny All > All all @ 07:00-19:00", "permit All > All all @ 19:00-07:00"}, {}},
    {"an evening in part",
     {"deny All > All all @ 07:00-19:00", "permit All > All all @ 18:00-20:00"},
     {"shadowed-at-times r1 r0"}},
    {"one half always, the other by day",
     {"deny 10.0.0.0/9 > 20.0.0.0/8 all", "deny 10.128.0.0/9 > 20.0.0.0/8 all @ 07:00-19:00",
      "permit 10.0.0.0/8 > 20.0.0.0/8 all"},
     {"shadowed-at-times r2 r1"}},
    {"one half by day, the other by night: never all of it",
     {"deny 10.0.0.0/9 > 20.0.0.0/8 all @ 07:00-19:00", "deny 10.128.0.0/9 > 20.0.0.0/8 all @ 19:00-07:00",
      "permit 10.0.0.0/8 > 20.0.0.0/8 all"},
     {}},
    {"one direction of it",
     {"deny All > All all | Direction Outbound @ 07:00-19:00", "permit All > All all"},
     {"shadowed-at-times r1 r0"}},
};

TEST(FilterOrder, TellsWhichRulesNeverMatch) {
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    EXPECT_EQ(order_of(one.rules), one.want);
  }
}

/// A world so small that each packet of it can be tried.
std::string random_rule(std::mt19937& random) {
  const auto below = [&](unsigned bound) { return static_cast<unsigned>(random() % bound); };
  const auto addresses = [&] {
    if (below(4) == 0) return std::string{"All4"};
    const unsigned first = below(3);
    return fmt::format("10.0.0.{}-10.0.0.{}", first, first + below(3 - first));
  };
  const bool is_tcp = below(3) == 0;
  std::string rule = fmt::format("{} {} > {} {}", below(2) == 0 ? "permit" : "deny", addresses(), addresses(),
                                 is_tcp          ? "Tcp"
                                 : below(5) == 0 ? "Opaque"
                                                 : "All");
  if (is_tcp && below(2) == 0) {
    const unsigned first = 1 + below(2);
    rule += fmt::format(" {} {}", first, below(4) == 0 ? 65535 : first + below(2));
  }
  rule += " | ";
  if (below(2) == 0)
    rule += is_tcp && below(2) == 0 ? "Direction Bidirectional InboundConnect;" : "Direction Outbound;";
  if (below(4) == 0) {
    rule += below(2) == 0 ? "Routing Either;" : "Routing Either;FragmentsOnly Yes;";
  }
  if (below(6) == 0) rule += "SecurityClass 1;";
  return rule;
}

/// The filters that any packet of the world finds first.
std::vector<bool> reached_by_packets(const FilterPolicy& policy) {
  std::vector<bool> reached(policy.filters.size());
  const auto address = [](unsigned last) { return IpAddress::v4(0x0a000000 + last); };
  for (unsigned bits = 0; bits < 64; ++bits) {
    const PacketPath path{.direction = (bits & 1) != 0 ? Direction::inbound : Direction::outbound,
                          .routed = (bits & 2) != 0,
                          .security_class = static_cast<std::uint8_t>((bits & 4) != 0)};
    for (unsigned place = 0; place < 4 * 4 * 2 * 5 * 5; ++place) {
      const PacketSelectors packet{.source = address(place % 4),
                                   .destination = address(place / 4 % 4),
                                   .protocol = place / 16 % 2 == 0 ? IpProtocol::tcp : IpProtocol::udp,
                                   .source_port = static_cast<std::uint16_t>(place / 32 % 5),
                                   .destination_port = static_cast<std::uint16_t>(place / 160 % 5),
                                   .ports_hidden = (bits & 8) != 0,
                                   .is_fragment = (bits & 16) != 0,
                                   .opens_connection = (bits & 32) != 0};
      const Filter* found = first_match(policy, packet, path);
      if (found != nullptr) reached[static_cast<std::size_t>(found - policy.filters.data())] = true;
    }
  }
  return reached;
}

TEST(FilterOrder, AgreesWithEachPacketOfASmallWorld) {
  std::mt19937 random{20261126};  // NOLINT(cert-msc51-cpp): the same policies in each run
  std::size_t dead_rules = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> rules;
    for (int i = 0; i < 7; ++i) rules.push_back(random_rule(random));
    const std::string text = policy_of(rules);
    SCOPED_TRACE(text);
    const SourceFile source{.name = "test.policy", .text = text};
    const Document document{StackName{"east"}, nullptr, &source};
    ASSERT_NE(document.policy(), nullptr) << render(document.diagnostics(), std::vector{source});
    const FilterPolicy& policy = document.policy()->filter;
    const std::vector<bool> reached = reached_by_packets(policy);
    std::map<std::string, std::pair<std::size_t, std::size_t>> of_rules;  // filters, and those that are reached
    for (std::size_t i = 0; i < policy.filters.size(); ++i) {
      auto& [filters, live] = of_rules[policy.filters[i].rule];
      ++filters;
      if (reached[i]) ++live;
    }
    std::set<std::string> want;
    for (const auto& [rule, counts] : of_rules) {
      if (counts.second == counts.first) continue;
      want.insert((counts.second == 0 ? "never " : "partly ") + rule);
      if (counts.second == 0) ++dead_rules;
    }
    std::set<std::string> found;
    for (const std::string& finding : order_of(rules)) {
      found.insert((finding.starts_with("partly") ? "partly " : "never ") + finding.substr(finding.find(' ') + 1, 2));
    }
    EXPECT_EQ(found, want);
  }
  EXPECT_GT(dead_rules, 20u);  // else the policies were too plain to show anything
}

}  // namespace
}  // namespace adit::policy::lint
