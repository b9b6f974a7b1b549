#include "stack/nftables_ruleset.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "stack/nftables_search.h"

namespace adit::stack {
namespace {

using policy::Direction;
using policy::Filter;
using policy::FilterAction;
using policy::FilterLogging;

/// One list of rules: a packet that comes in or goes out, of this stack or forwarded (reference: Direction, Routing).
struct Path {
  Direction direction{};
  bool routed = false;
  std::string_view chain;
};
constexpr Path local_in{Direction::inbound, false, "local_in"}, local_out{Direction::outbound, false, "local_out"};
constexpr Path routed_in{Direction::inbound, true, "routed_in"}, routed_out{Direction::outbound, true, "routed_out"};

constexpr std::string_view protected_packet = "meta l4proto { esp, ah }";

bool has_routing_of(const Filter& filter, const Path& path) {
  return filter.routing == policy::Routing::either || (filter.routing == policy::Routing::routed) == path.routed;
}
bool belongs(const Filter& filter, const Path& path) {
  return filter.direction == path.direction && has_routing_of(filter, path);
}
/// A forwarded packet is searched for twice. One whose protection begins or ends here is in clear on the side of the
/// net behind: there the rule that protects it stands for its permission, in the same place of the order.
bool is_other_side_of(const Filter& filter, const Path& path) {
  return path.routed && filter.action == FilterAction::ipsec && filter.direction != path.direction &&
         has_routing_of(filter, path);
}

bool logs_permit(const Filter& filter) {
  return filter.logging == FilterLogging::all || filter.logging == FilterLogging::permit;
}
bool logs_deny(const Filter& filter) {
  return filter.logging == FilterLogging::all || filter.logging == FilterLogging::deny;
}

/// ICMP type 3 code 13, ICMPv6 type 1 code 1: communication administratively prohibited.
constexpr std::string_view rejection = "reject with icmpx admin-prohibited";

class Ruleset {
 public:
  Ruleset(const policy::FilterPolicy& policy, const RulesetOptions& options)
      : policy_{policy}, options_{options}, searches_{options} {}

  std::string text() {
    for (const Path& path : {local_in, local_out, routed_in, routed_out}) add_search(path);
    add_steering();
    text_ = ruleset_removed() + "table inet adit {\n" + searches_.text();
    if (options_.leaves == Leaves::closed) line("chain {} {{ }}", closed_mark);
    for (const auto& [name, rules] : actions_) {
      line("chain {} {{", name);
      for (const std::string& rule : rules) line("  {}", rule);
      line("}}");
    }
    add_hooks();
    text_ += "}\n";
    return std::move(text_);
  }

 private:
  template <class... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    text_ += "  " + fmt::format(format, std::forward<Arguments>(arguments)...) + "\n";
  }

  /// The filters of one path, in order: the first that matches ends the search.
  void add_search(const Path& path) {
    std::vector<SearchEntry> entries;
    for (std::size_t i = 0; i < policy_.filters.size(); ++i) {
      const Filter& filter = policy_.filters[i];
      if (!match_expression(filter, options_)) continue;
      if (belongs(filter, path))
        entries.push_back({.filter = &filter, .verdict = action_of(filter, path), .number = i});
      if (is_other_side_of(filter, path)) {
        const bool is_inbound = path.direction == Direction::inbound;
        entries.push_back({.filter = &filter,
                           .verdict = "accept",
                           .condition = fmt::format("iifname {}\"{}\" ", is_inbound ? "!= " : "", options_.tun_name),
                           .is_counted = false});
      }
    }
    std::vector<std::string> otherwise;
    if (policy_.logging) otherwise.push_back(log_statement(path, LogPrefix::implicit_deny));
    add_discard(otherwise, policy_.implicit_discard, path);
    add_searches(std::string{path.chain}, entries, otherwise);
  }

  /// What comes out of a tunnel is dropped without a word: the answer would quote in clear what was protected.
  void add_discard(std::vector<std::string>& rules, policy::DiscardAction action, const Path& path) const {
    const bool is_icmp = action == policy::DiscardAction::icmp;
    const bool may_be_protected = path.routed || path.direction == Direction::inbound;
    if (is_icmp && may_be_protected) rules.push_back(fmt::format("iifname \"{}\" drop", options_.tun_name));
    rules.emplace_back(is_icmp ? rejection : "drop");
  }

  /// Whether senders are told at all.
  bool tells_senders() const {
    return policy_.implicit_discard == policy::DiscardAction::icmp ||
           std::ranges::any_of(policy_.filters, [](const Filter& filter) {
             return filter.action != FilterAction::permit && filter.discard == policy::DiscardAction::icmp;
           });
  }

  /// Packets in which the kernel would take something for ports that is none have searches of their own, of the filters
  /// that ask for nothing that such packets do not show. Fragments other than the first: expressions of few octets find
  /// data where the ports would be. AH over IPv6: to the kernel's tables it is an extension header to be passed over;
  /// here it is the protocol (RFC 4302 §3.1), as long as it comes first.
  void add_searches(const std::string& chain, const std::vector<SearchEntry>& entries,
                    const std::vector<std::string>& otherwise) {
    std::vector<SearchEntry> whole, pieces, authenticated;
    for (const SearchEntry& entry : entries) {
      const Filter& filter = *entry.filter;
      const policy::ServiceSelector& service = filter.service;
      const bool asks_ports = !service.source_ports.is_all() || !service.destination_ports.is_all();
      if (!service.opaque) whole.push_back(entry);
      if (service.opaque || !asks_ports) pieces.push_back(shown_by_piece(entry));
      const bool takes_ah = service.protocol == IpProtocol::any || service.protocol == IpProtocol::ah;
      if (filter.source.family() == IpFamily::v6 && takes_ah && !asks_ports && !service.opaque) {
        authenticated.push_back(shown_by_ah(entry));
      }
    }
    const std::string of_pieces = chain + "_pieces", of_ah = chain + "_ah";
    searches_.add(of_pieces, {}, pieces, otherwise);
    searches_.add(of_ah, {}, authenticated, otherwise);
    searches_.add(chain,
                  {"ip frag-off & 0x1fff != 0 goto " + of_pieces, "frag frag-off != 0 goto " + of_pieces,
                   "ip6 nexthdr ah goto " + of_ah},
                  whole, otherwise);
  }

  SearchEntry shown_by_piece(SearchEntry entry) {
    Filter& shown = shown_.emplace_back(*entry.filter);
    if (shown.service.opaque) shown.service = {};
    shown.connect = policy::ConnectQualifier::none;  // such a piece opens no connection
    shown.fragments_only = false;                    // it is one
    entry.filter = &shown;
    return entry;
  }

  SearchEntry shown_by_ah(SearchEntry entry) {
    Filter& shown = shown_.emplace_back(*entry.filter);
    shown.service = {};
    entry.filter = &shown;
    return entry;
  }

  static std::string log_statement(const Path& path, std::string_view decision) {
    return fmt::format("limit rate {}/second log prefix \"{} {}\" group {} snaplen {}", most_logged_a_second,
                       path.chain, decision, log_group, logged_octets);
  }

  /// The chain that carries out what a filter says of a packet on this path; filters that say the same share it.
  std::string action_of(const Filter& filter, const Path& path) {
    const bool log_permit = policy_.logging && logs_permit(filter), log_deny = policy_.logging && logs_deny(filter);
    const bool is_icmp = filter.discard == policy::DiscardAction::icmp;
    const char* what = filter.action == FilterAction::permit ? "permit"
                       : filter.action == FilterAction::deny ? "deny"
                                                             : "ipsec";
    const std::string name = fmt::format("{}_{}{}{}{}", path.chain, what, log_permit ? "_log" : "",
                                         log_deny ? "_logdeny" : "", is_icmp ? "_icmp" : "");
    if (const auto [made, is_new] = actions_.try_emplace(name); is_new) {
      made->second = action_rules(filter, path, log_permit, log_deny);
    }
    return "goto " + name;
  }

  std::vector<std::string> action_rules(const Filter& filter, const Path& path, bool log_permit, bool log_deny) const {
    const bool is_inbound = path.direction == Direction::inbound;
    const std::string tun = fmt::format("\"{}\"", options_.tun_name);
    std::vector<std::string> rules;
    const auto log = [&](bool wanted, std::string_view prefix, const std::string& condition = {}) {
      if (wanted) rules.push_back(condition + log_statement(path, prefix));
    };
    switch (filter.action) {
      case FilterAction::permit:
        // What an SA brought must meet the IpSec rule of that SA, not a permission for clear text.
        if (is_inbound) {
          log(policy_.logging, LogPrefix::mismatch, fmt::format("iifname {} ", tun));
          rules.push_back(fmt::format("iifname {} drop", tun));
        }
        log(log_permit, LogPrefix::permit);
        rules.emplace_back("accept");
        break;
      case FilterAction::deny:
        log(log_deny, LogPrefix::deny);
        add_discard(rules, filter.discard, path);
        break;
      case FilterAction::ipsec:
        if (is_inbound || path.routed) {
          const std::string by_tunnel =
              is_inbound ? fmt::format("iifname {} ", tun) : fmt::format("oifname \"{}\" ", options_.routed_tun_name);
          // Whether a tunnel takes what goes to the device, the data plane says (OutboundPath).
          log(log_permit && is_inbound, LogPrefix::permit, by_tunnel);
          rules.push_back(by_tunnel + "accept");
          log(log_deny, LogPrefix::no_tunnel);
          add_discard(rules, filter.discard, path);
        } else {
          rules.push_back(fmt::format("meta mark set {:#010x} accept", options_.tunnel_mark));
        }
        break;
    }
    return rules;
  }

  /// Which forwarded packets are to be routed to their TUN device: asked before routing, so the interface that a class
  /// is asked of is the one they would leave by.
  void add_steering() {
    std::size_t end = 0;
    for (std::size_t i = 0; i < policy_.filters.size(); ++i) {
      if (policy_.filters[i].action == FilterAction::ipsec && belongs(policy_.filters[i], routed_out)) end = i + 1;
    }
    actions_["steered"] = {fmt::format("meta mark set {:#010x} accept", options_.routed_mark)};
    std::vector<SearchEntry> entries;
    for (std::size_t i = 0; i < end; ++i) {
      const Filter& filter = policy_.filters[i];
      if (!belongs(filter, routed_out) || !match_expression(filter, options_)) continue;
      const bool is_ipsec = filter.action == FilterAction::ipsec;
      SearchEntry entry{.filter = &filter, .verdict = is_ipsec ? "goto steered" : "accept", .is_counted = false};
      if (filter.security_class != 0) {
        Filter& shown = shown_.emplace_back(filter);
        shown.security_class = 0;
        entry.filter = &shown;
        entry.condition = "fib daddr oifname " + interfaces_of(filter.security_class, options_) + " ";
      }
      entries.push_back(std::move(entry));
    }
    add_searches("steer", entries, {});
  }

  /// The kernel's own answers to what is dropped pass, whatever the filters say of ICMP: they ask for them. No process
  /// can make one, as its sockets have an owner. What the data plane drops, it gives back to be answered like this:
  /// what is forwarded by the device, as if it came anew, and what is sent here in the output hook.
  void add_answers() {
    line("chain own_errors {{");
    line("  meta skuid 0-4294967295 return");
    line("  icmp type destination-unreachable icmp code 13 accept");
    line("  icmpv6 type destination-unreachable icmpv6 code 1 accept");
    line("}}");
    line("chain refused {{");
    line("  type filter hook prerouting priority -450; policy accept;");
    line("  iifname \"{}\" {}", options_.routed_tun_name, rejection);
    line("}}");
  }

  void add_hooks() {
    if (tells_senders()) add_answers();
    line("chain prerouting {{");
    line("  type filter hook prerouting priority mangle; policy accept;");
    add_mss_clamp("iifname", options_.tun_name);
    // With ESP and AH for this host, of which the data plane gets what is in them; those of hosts behind it are
    // packets like others.
    line("  fib daddr type {{ local, broadcast, multicast, anycast }} return");
    line("  jump steer");
    line("}}");

    line("chain input {{");
    line("  type filter hook input priority filter; policy drop;");
    if (!policy_.pre_decap) {
      // ESP goes to the data plane, which knows its SAs; the rules see what comes out (reference: PreDecap Off).
      line("  {} accept", protected_packet);
      line("  ip6 nexthdr ah accept");
      line("  udp dport 4500 @th,64,32 != 0 accept");
    }
    line("  iifname \"lo\" accept");
    line("  jump local_in");
    line("}}");

    line("chain forward {{");
    line("  type filter hook forward priority filter; policy drop;");
    line("  jump routed_in");
    line("}}");

    // What the first search accepts is looked at by the second.
    line("chain forward_out {{");
    line("  type filter hook forward priority filter + 1; policy drop;");
    line("  jump routed_out");
    line("}}");

    // Of type route: a packet that has got the mark is routed again.
    line("chain output {{");
    line("  type route hook output priority mangle; policy drop;");
    line("  meta mark {:#010x} {}", options_.refused_mark, rejection);
    // Our own ESP; IKE from the same sockets is subject to the rules like all else.
    line("  meta mark {:#010x} {} accept", options_.own_mark, protected_packet);
    line("  meta mark {:#010x} ip6 nexthdr ah accept", options_.own_mark);
    line("  meta mark {:#010x} udp sport 4500 @th,64,32 != 0 accept", options_.own_mark);
    line("  oifname \"lo\" accept");
    if (tells_senders()) line("  meta l4proto {{ icmp, icmpv6 }} jump own_errors");
    line("  jump local_out");
    line("}}");

    // Closed even when the routing rule or the device has gone: what must be protected leaves by its TUN or not at all.
    line("chain postrouting {{");
    line("  type filter hook postrouting priority mangle; policy accept;");
    line("  {} meta mark {:#010x} return", protected_packet, options_.own_mark);
    for (const auto& [mark, device] : {std::pair{options_.tunnel_mark, options_.tun_name},
                                       std::pair{options_.routed_mark, options_.routed_tun_name}}) {
      add_mss_clamp("oifname", device);
      line("  meta mark {:#010x} oifname != \"{}\" drop", mark, device);
    }
    line("}}");
  }

  void add_mss_clamp(std::string_view interface, std::string_view device) {
    for (const auto& [family, headers] : {std::pair{"ipv4", 40u}, std::pair{"ipv6", 60u}}) {
      line("  {} \"{}\" meta nfproto {} tcp flags syn / syn,rst tcp option maxseg size set {}", interface, device,
           family, options_.mtu - headers);
    }
  }

  const policy::FilterPolicy& policy_;
  const RulesetOptions& options_;
  std::deque<Filter> shown_;  // what such packets show of filters; their addresses stay
  SearchWriter searches_;
  std::map<std::string, std::vector<std::string>> actions_;  // chains by name
  std::string text_;
};

}  // namespace

std::string ruleset_for(const policy::PolicySnapshot& policy, const RulesetOptions& options) {
  return Ruleset{policy.filter, options}.text();
}

// Each chain ends in a rule that drops: when a transaction is carried out, the kernel gives a new chain its rules
// before it gives it its policy, and until then the policy is accept.
std::string ruleset_of_denial(const RulesetOptions& options) {
  constexpr std::string_view neighbour_discovery =
      "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept";
  return ruleset_removed() + fmt::format(
                                 "table inet adit {{\n"
                                 "  chain {3} {{ }}\n"
                                 "  chain input {{\n"
                                 "    type filter hook input priority filter; policy drop;\n"
                                 "    iifname \"lo\" accept\n"
                                 "    {0}\n"
                                 "    drop\n"
                                 "  }}\n"
                                 "  chain forward {{\n"
                                 "    type filter hook forward priority filter; policy drop;\n"
                                 "    drop\n"
                                 "  }}\n"
                                 "  chain output {{\n"
                                 "    type route hook output priority mangle; policy drop;\n"
                                 "    oifname \"lo\" accept\n"
                                 "    {0}\n"
                                 "    drop\n"
                                 "  }}\n"
                                 "  chain postrouting {{\n"
                                 "    type filter hook postrouting priority mangle; policy accept;\n"
                                 "    meta mark {1:#010x} oifname != \"{2}\" drop\n"
                                 "  }}\n"
                                 "}}\n",
                                 neighbour_discovery, options.tunnel_mark, options.tun_name, closed_mark);
}

// Added first, so that its deletion cannot fail; all of one buffer is one transaction.
std::string ruleset_removed() { return "add table inet adit\ndelete table inet adit\n"; }

}  // namespace adit::stack
