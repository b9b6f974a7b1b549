#include "stack/nftables_ruleset.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "stack/nftables_match.h"

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

/// Rule names reach the kernel's log: only characters that need no quoting there.
std::string loggable(std::string_view name) {
  std::string text;
  for (const char c : name.substr(0, 48)) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    text += plain ? c : '_';
  }
  return text;
}

std::string log_statement(const Filter& filter, std::string_view verdict) {
  return fmt::format("log prefix \"adit {} {}.{}: \" ", verdict, loggable(filter.rule), filter.extension);
}

bool logs_permit(const Filter& filter) {
  return filter.logging == FilterLogging::all || filter.logging == FilterLogging::permit;
}
bool logs_deny(const Filter& filter) {
  return filter.logging == FilterLogging::all || filter.logging == FilterLogging::deny;
}

std::string_view discard(policy::DiscardAction action) {
  return action == policy::DiscardAction::icmp ? "reject with icmpx admin-prohibited" : "drop";
}

class Ruleset {
 public:
  Ruleset(const policy::FilterPolicy& policy, const RulesetOptions& options) : policy_{policy}, options_{options} {}

  std::string text() {
    begin();
    for (std::size_t i = 0; i < policy_.filters.size(); ++i) line("counter f{} {{ }}", i);
    for (const Path& path : {local_in, local_out, routed_in, routed_out}) add_chain(path);
    add_steering();
    add_hooks();
    text_ += "}\n";
    return std::move(text_);
  }

 private:
  template <class... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    text_ += "  " + fmt::format(format, std::forward<Arguments>(arguments)...) + "\n";
  }

  void begin() { text_ = ruleset_removed() + "table inet adit {\n"; }

  /// The rules of one path, in order: the first that matches ends the search. Passing is `return` to the hook.
  void add_chain(const Path& path) {
    line("chain {} {{", path.chain);
    for (std::size_t i = 0; i < policy_.filters.size(); ++i) {
      const Filter& filter = policy_.filters[i];
      const auto match = match_expression(filter, options_);
      if (!match) continue;
      if (belongs(filter, path)) add_rule(path, filter, fmt::format("{}counter name f{} ", *match, i), *match);
      if (is_other_side_of(filter, path)) {
        const bool is_inbound = path.direction == Direction::inbound;
        line("  {}iifname {}\"{}\" return", *match, is_inbound ? "!= " : "", options_.tun_name);
      }
    }
    if (policy_.logging) line("  log prefix \"adit deny implicit: \"");
    line("  {}", discard(policy_.implicit_discard));
    line("}}");
  }

  void add_rule(const Path& path, const Filter& filter, const std::string& counted, const std::string& match) {
    const bool is_inbound = path.direction == Direction::inbound;
    const bool logged = policy_.logging;
    const std::string log_permit = logged && logs_permit(filter) ? log_statement(filter, "permit") : "";
    const std::string log_deny = logged && logs_deny(filter) ? log_statement(filter, "deny") : "";
    const std::string& tun = options_.tun_name;
    switch (filter.action) {
      case FilterAction::permit:
        // What an SA brought must meet the IpSec rule of that SA, not a permission for clear text.
        if (is_inbound) line("  {}iifname \"{}\" drop", match, tun);
        line("  {}{}return", counted, log_permit);
        return;
      case FilterAction::deny:
        line("  {}{}{}", counted, log_deny, discard(filter.discard));
        return;
      case FilterAction::ipsec:
        if (is_inbound) {
          line("  {}iifname \"{}\" counter name f{} {}return", match, tun, index_of(filter), log_permit);
          line("  {}{}{}", counted, log_deny, discard(filter.discard));
        } else if (path.routed) {
          line("  {}oifname \"{}\" counter name f{} {}return", match, tun, index_of(filter), log_permit);
          line("  {}{}{}", counted, log_deny, discard(filter.discard));
        } else {
          line("  {}{}meta mark set {:#010x} accept", counted, log_permit, options_.tunnel_mark);
        }
        return;
    }
  }

  std::size_t index_of(const Filter& filter) const {
    return static_cast<std::size_t>(&filter - policy_.filters.data());
  }

  /// Which forwarded packets are to be routed to the TUN device: asked before routing, so no interface is known yet.
  void add_steering() {
    std::size_t end = 0;
    for (std::size_t i = 0; i < policy_.filters.size(); ++i) {
      if (policy_.filters[i].action == FilterAction::ipsec && belongs(policy_.filters[i], routed_out)) end = i + 1;
    }
    line("chain steer {{");
    for (std::size_t i = 0; i < end; ++i) {
      const Filter& filter = policy_.filters[i];
      if (!belongs(filter, routed_out)) continue;
      const auto match = match_expression(filter, options_);
      if (!match) continue;
      if (filter.action == FilterAction::ipsec) {
        line("  {}meta mark set {:#010x} return", *match, options_.tunnel_mark);
      } else {
        line("  {}return", *match);
      }
    }
    line("}}");
  }

  void add_hooks() {
    const std::string& tun = options_.tun_name;
    line("chain prerouting {{");
    line("  type filter hook prerouting priority mangle; policy accept;");
    line("  {} return", protected_packet);  // the most frequent by far; what is in it comes by the TUN
    add_mss_clamp("iifname");
    line("  fib daddr type {{ local, broadcast, multicast, anycast }} return");
    line("  jump steer");
    line("}}");

    line("chain input {{");
    line("  type filter hook input priority filter; policy drop;");
    if (!policy_.pre_decap) {
      // ESP goes to the data plane, which knows its SAs; the rules see what comes out (reference: PreDecap Off).
      line("  {} accept", protected_packet);
      line("  udp dport 4500 @th,64,32 != 0 accept");
    }
    line("  iifname \"lo\" accept");
    line("  jump local_in");
    line("  accept");
    line("}}");

    line("chain forward {{");
    line("  type filter hook forward priority filter; policy drop;");
    line("  jump routed_in");
    line("  jump routed_out");
    line("  accept");
    line("}}");

    // Of type route: a packet that has got the mark is routed again.
    line("chain output {{");
    line("  type route hook output priority mangle; policy drop;");
    // Our own ESP; IKE from the same sockets is subject to the rules like all else.
    line("  meta mark {:#010x} {} accept", options_.own_mark, protected_packet);
    line("  meta mark {:#010x} udp sport 4500 @th,64,32 != 0 accept", options_.own_mark);
    line("  oifname \"lo\" accept");
    line("  jump local_out");
    line("  accept");
    line("}}");

    // Closed even when the routing rule or the device has gone: what must be protected leaves by the TUN or not at all.
    line("chain postrouting {{");
    line("  type filter hook postrouting priority mangle; policy accept;");
    line("  {} meta mark {:#010x} return", protected_packet, options_.own_mark);
    add_mss_clamp("oifname");
    line("  meta mark {:#010x} oifname != \"{}\" drop", options_.tunnel_mark, tun);
    line("}}");
  }

  void add_mss_clamp(std::string_view interface) {
    for (const auto& [family, headers] : {std::pair{"ipv4", 40u}, std::pair{"ipv6", 60u}}) {
      line("  {} \"{}\" meta nfproto {} tcp flags syn / syn,rst tcp option maxseg size set {}", interface,
           options_.tun_name, family, options_.mtu - headers);
    }
  }

  const policy::FilterPolicy& policy_;
  const RulesetOptions& options_;
  std::string text_;
};

}  // namespace

std::string ruleset_for(const policy::PolicySnapshot& policy, const RulesetOptions& options) {
  return Ruleset{policy.filter, options}.text();
}

std::string ruleset_until_policy(UntilPolicy choice, const RulesetOptions& options) {
  if (choice == UntilPolicy::permit) return ruleset_removed();
  constexpr std::string_view neighbour_discovery =
      "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept";
  return ruleset_removed() + fmt::format(
                                 "table inet adit {{\n"
                                 "  chain input {{\n"
                                 "    type filter hook input priority filter; policy drop;\n"
                                 "    iifname \"lo\" accept\n"
                                 "    {0}\n"
                                 "  }}\n"
                                 "  chain forward {{\n"
                                 "    type filter hook forward priority filter; policy drop;\n"
                                 "  }}\n"
                                 "  chain output {{\n"
                                 "    type route hook output priority mangle; policy drop;\n"
                                 "    oifname \"lo\" accept\n"
                                 "    {0}\n"
                                 "  }}\n"
                                 "  chain postrouting {{\n"
                                 "    type filter hook postrouting priority mangle; policy accept;\n"
                                 "    meta mark {1:#010x} oifname != \"{2}\" drop\n"
                                 "  }}\n"
                                 "}}\n",
                                 neighbour_discovery, options.tunnel_mark, options.tun_name);
}

// Added first, so that its deletion cannot fail; all of one buffer is one transaction.
std::string ruleset_removed() { return "add table inet adit\ndelete table inet adit\n"; }

namespace {

/// The number behind a word, wherever the word stands in the line.
std::optional<std::uint64_t> number_after(std::string_view line, std::string_view word) {
  const std::size_t at = line.find(word);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view digits = line.substr(at + word.size());
  std::uint64_t value = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc{}) return std::nullopt;
  return value;
}

}  // namespace

std::vector<FilterCount> parse_filter_counts(std::string_view listing) {
  std::vector<FilterCount> counts;
  std::optional<std::uint64_t> filter;
  while (!listing.empty()) {
    const std::size_t end = listing.find('\n');
    const std::string_view line = listing.substr(0, end);
    listing = end == std::string_view::npos ? std::string_view{} : listing.substr(end + 1);
    if (const auto named = number_after(line, "counter f")) filter = named;
    const auto packets = number_after(line, "packets "), octets = number_after(line, "bytes ");
    if (!filter || !packets || !octets) continue;
    counts.push_back({.filter = *filter, .packets = *packets, .octets = *octets});
    filter.reset();
  }
  return counts;
}

}  // namespace adit::stack
