// Perfect forward secrecy that this side asks for and would not grant.

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "policy/lint/subject.h"

namespace adit::policy::lint {

void check_pfs(const Subject& subject, Remarks& remarks) {
  std::set<const DynVpnAction*> seen;
  for (const Filter& filter : subject.policy.filter.filters) {
    if (filter.vpn == nullptr || !seen.insert(filter.vpn.get()).second) continue;
    const DynVpnAction& action = *filter.vpn;
    if (action.initiation == Initiation::remote_only) continue;
    if (std::ranges::find(action.acceptable_pfs, action.initiate_with_pfs) != action.acceptable_pfs.end()) continue;
    const Statement* statement = subject.origins.of(action.at);
    if (statement == nullptr) continue;
    const Entry* entry = entry_of(*statement, Attribute::initiate_with_pfs);
    const Entry* accepted = entry_of(*statement, Attribute::acceptable_pfs);
    const std::string group = action.initiate_with_pfs == GroupId::none
                                  ? "None"
                                  : fmt::format("Group{}", std::to_underlying(action.initiate_with_pfs));
    remarks.add(
        {.kind = Kind::pfs_not_acceptable,
         .at = entry == nullptr ? action.at : entry->at.range(),
         .other = accepted == nullptr ? std::nullopt : std::optional{accepted->at.range()},
         .problem = fmt::format("IpDynVpnAction {}: InitiateWithPfs {}{} is not among its AcceptablePfs: a peer of the "
                                "same policy refuses to rekey",
                                action.name, group, entry == nullptr ? ", the default," : ""),
         .advice = "AcceptablePfs with the same group"});
  }
}

}  // namespace adit::policy::lint
