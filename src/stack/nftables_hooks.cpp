#include "stack/nftables_hooks.h"

#include <fmt/format.h>

#include <utility>

namespace adit::stack {
namespace {

constexpr std::string_view protected_packet = "meta l4proto { esp, ah }";
/// By where it goes now: when another table has translated the address, the interface is still that of before.
constexpr std::string_view to_this_host =
    "  fib daddr type local accept\n"
    "    oifname \"lo\" fib daddr type { broadcast, multicast, anycast } accept";
/// What the kernel takes for its own, by destination.
constexpr std::string_view own_types = "{ local, broadcast, multicast, anycast }";
/// The kernel puts fragments together at -400 (NF_IP_PRI_CONNTRACK_DEFRAG), where connections are tracked.
constexpr int before_defragmentation = -450;

class Hooks {
 public:
  Hooks(const RulesetOptions& options, const HookNeeds& needs) : options_{options}, needs_{needs} {}

  std::string text() {
    add_hooks();
    return std::move(text_);
  }

 private:
  template <class... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    text_ += "  " + fmt::format(format, std::forward<Arguments>(arguments)...) + "\n";
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
    line("  type filter hook prerouting priority {}; policy accept;", before_defragmentation);
    line("  iifname \"{}\" {}", options_.routed_tun_name, rejection);
    line("}}");
  }

  void add_early_hook() {
    line("chain early_forward {{");
    line("  type filter hook prerouting priority {}; policy accept;", before_defragmentation);
    for (const char* fragment : {"ip frag-off & 0x3fff != 0", "exthdr frag exists"}) {
      line("  {} fib daddr type != {} jump early_routed_in", fragment, own_types);
    }
    line("}}");
  }

  void add_hooks() {
    if (needs_.answers) add_answers();
    if (needs_.early_search) add_early_hook();
    line("chain prerouting {{");
    line("  type filter hook prerouting priority {}; policy accept;", after_address_translation);
    add_mss_clamp("iifname", options_.tun_name);
    // With ESP and AH for this host, of which the data plane gets what is in them; those of hosts behind it are
    // packets like others.
    line("  fib daddr type {} return", own_types);
    line("  jump steer");
    line("}}");

    line("chain input {{");
    line("  type filter hook input priority filter; policy drop;");
    if (!needs_.pre_decap) {
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

    // Of type route: a packet that has got the mark is routed again. Late: where another table leads a packet
    // elsewhere, or changes its mark, what it is then counts.
    line("chain output {{");
    line("  type route hook output priority {}; policy drop;", after_other_tables);
    line("  meta mark {:#010x} {}", options_.refused_mark, rejection);
    // Our own ESP; IKE from the same sockets is subject to the rules like all else.
    for (const std::string& own :
         {fmt::format("meta mark {:#010x}", options_.own_mark), fmt::format("meta skuid {}", options_.own_user)}) {
      line("  {} {} accept", own, protected_packet);
      line("  {} ip6 nexthdr ah accept", own);
      line("  {} udp sport 4500 @th,64,32 != 0 accept", own);
    }
    line("{}", to_this_host);
    if (needs_.answers) line("  meta l4proto {{ icmp, icmpv6 }} jump own_errors");
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

  const RulesetOptions& options_;
  const HookNeeds& needs_;
  std::string text_;
};

}  // namespace

std::string hook_chains(const RulesetOptions& options, const HookNeeds& needs) { return Hooks{options, needs}.text(); }

}  // namespace adit::stack
