#pragma once
// Where the kernel asks the searches: the base chains of table inet adit, and what they decide by themselves.

#include <string>
#include <string_view>

#include "stack/nftables_ruleset.h"

namespace adit::stack {

/// ICMP type 3 code 13, ICMPv6 type 1 code 1: communication administratively prohibited.
inline constexpr std::string_view rejection = "reject with icmpx admin-prohibited";

struct HookNeeds {
  bool pre_decap = false;     ///< ESP and AH for this host are subject to the rules (reference: PreDecap)
  bool answers = false;       ///< senders are told of what is dropped
  bool early_search = false;  ///< there is a chain early_routed_in for fragments
};

/// They jump to the chains local_in, local_out, routed_in, routed_out and steer.
std::string hook_chains(const RulesetOptions& options, const HookNeeds& needs);

}  // namespace adit::stack
