#include "stack/nftables_ruleset.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "stack/nftables_hooks.h"
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

class Ruleset {
 public:
  Ruleset(const policy::FilterPolicy& policy, const RulesetOptions& options)
      : policy_{policy}, options_{options}, searches_{options} {}

  std::string text() {
    for (const Path& path : {local_in, local_out, routed_in, routed_out}) add_search(path);
    add_steering();
    add_early_searches();
    text_ = ruleset_removed() + "table inet adit {\n" + searches_.text();
    if (options_.leaves == Leaves::closed) line("chain {} {{ }}", closed_mark);
    for (const auto& [name, rules] : actions_) {
      line("chain {} {{", name);
      for (const std::string& rule : rules) line("  {}", rule);
      line("}}");
    }
    return text_ +
           hook_chains(options_,
                       {.pre_decap = policy_.pre_decap, .answers = tells_senders(), .early_search = has_early_}) +
           "}\n";
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
        entries.push_back(
            {.filter = &filter, .verdict = "accept", .condition = other_side_condition(path), .is_counted = false});
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
      const char* verdict = is_ipsec ? "goto steered" : "accept";
      entries.push_back(before_routing({.filter = &filter, .verdict = verdict, .is_counted = false}));
    }
    add_searches("steer", entries, {});
  }

  SearchEntry before_routing(SearchEntry entry) {
    if (entry.filter->security_class == 0) return entry;
    Filter& shown = shown_.emplace_back(*entry.filter);
    entry.condition = "fib daddr oifname " + interfaces_of(shown.security_class, options_) + " ";
    shown.security_class = 0;
    entry.filter = &shown;
    return entry;
  }

  /// Rules for fragments alone are void where connection tracking, of whatever table, has packets put together before
  /// they are forwarded. What they deny is dropped before that; of all else, the hooks of forwarding decide.
  void add_early_searches() {
    const auto denies_fragments = [](const Filter& filter) {
      return filter.routing != policy::Routing::local && filter.fragments_only && filter.action == FilterAction::deny;
    };
    has_early_ = std::ranges::any_of(policy_.filters, denies_fragments);
    if (!has_early_) return;
    // As add_search() has it for what comes in; what that lets pass goes on to the search for what leaves.
    actions_["early_in_clear"] = {fmt::format("iifname \"{}\" accept", options_.tun_name), "goto early_routed_out"};
    actions_["early_protected"] = {fmt::format("iifname \"{}\" goto early_routed_out", options_.tun_name), "accept"};
    for (const Path& path : {routed_in, routed_out}) {
      const bool is_inbound = path.direction == Direction::inbound;
      const char* passed = is_inbound ? "goto early_routed_out" : "accept";
      std::vector<SearchEntry> entries;
      for (std::size_t i = 0; i < policy_.filters.size(); ++i) {
        const Filter& filter = policy_.filters[i];
        if (!match_expression(filter, options_)) continue;
        SearchEntry entry{.filter = &filter, .verdict = "accept", .is_counted = false, .number = i};
        if (is_other_side_of(filter, path)) {
          entry.condition = other_side_condition(path);
          entry.verdict = passed;
        } else if (!belongs(filter, path)) {
          continue;
        } else if (denies_fragments(filter)) {
          entry.verdict = action_of(filter, path);
          entry.is_counted = true;
        } else if (is_inbound && filter.action != FilterAction::deny) {
          entry.verdict = filter.action == FilterAction::permit ? "goto early_in_clear" : "goto early_protected";
        }
        entries.push_back(is_inbound ? std::move(entry) : before_routing(std::move(entry)));
      }
      add_searches(fmt::format("early_{}", path.chain), entries, {});
    }
  }

  std::string other_side_condition(const Path& path) const {
    return fmt::format("iifname {}\"{}\" ", path.direction == Direction::inbound ? "!= " : "", options_.tun_name);
  }

  const policy::FilterPolicy& policy_;
  const RulesetOptions& options_;
  std::deque<Filter> shown_;  // what such packets show of filters; their addresses stay
  SearchWriter searches_;
  bool has_early_ = false;                                   // fragments are searched for before defragmentation
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
                                 "  chain {5} {{ }}\n"
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
                                 "    type route hook output priority {6}; policy drop;\n"
                                 "    fib daddr type local accept\n"
                                 "    oifname \"lo\" fib daddr type {{ broadcast, multicast, anycast }} accept\n"
                                 "    {0}\n"
                                 "    drop\n"
                                 "  }}\n"
                                 "  chain postrouting {{\n"
                                 "    type filter hook postrouting priority mangle; policy accept;\n"
                                 "    meta mark {1:#010x} oifname != \"{2}\" drop\n"
                                 "    meta mark {3:#010x} oifname != \"{4}\" drop\n"
                                 "  }}\n"
                                 "}}\n",
                                 neighbour_discovery, options.tunnel_mark, options.tun_name, options.routed_mark,
                                 options.routed_tun_name, closed_mark, after_other_tables);
}

// Added first, so that its deletion cannot fail; all of one buffer is one transaction.
std::string ruleset_removed() { return "add table inet adit\ndelete table inet adit\n"; }

}  // namespace adit::stack
